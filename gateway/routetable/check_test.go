package routetable

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

func TestCheckWhen(t *testing.T) {
	one := func(name, value string) map[string]route.Wanted {
		return map[string]route.Wanted{name: route.Wanted(value)}
	}
	for _, tc := range []struct {
		name string
		when route.Conditions
		want []string // paths of problems
	}{
		{"none", route.Conditions{}, nil},
		{"good ones", route.Conditions{
			Header: one("X-Beta", "de-CH, *"), Cookie: one("a", "1"), Query: one("a[]", "ä b"), ContentType: "image/*",
			GraphQL: route.GraphQL{Operation: []string{"Cart"}, Fields: []string{"_f1"}, Persisted: []string{"sha256:1"}},
		}, nil},
		{"any content", route.Conditions{ContentType: "*"}, nil},
		{"header name", route.Conditions{Header: one("X Beta", "1")}, []string{"when.header.X Beta"}},
		{"header twice", route.Conditions{Header: map[string]route.Wanted{"X-Beta": "1", "x-beta": "2"}}, []string{"when.header.x-beta"}},
		{"host", route.Conditions{Header: one("host", "h.io")}, []string{"when.header.host"}},
		{"cookie header", route.Conditions{Header: one("cookie", "a=1")}, []string{"when.header.cookie"}},
		{"content type header", route.Conditions{Header: one("Content-type", "a/b")}, []string{"when.header.Content-type"}},
		{"framing", route.Conditions{Header: one("Transfer-Encoding", "chunked")}, []string{"when.header.Transfer-Encoding"}},
		{"header value", route.Conditions{Header: one("X", "a\nb")}, []string{"when.header.X"}},
		{"space before a value", route.Conditions{Header: one("X", " a")}, []string{"when.header.X"}},
		{"space after a value", route.Conditions{Header: one("X", "a ")}, []string{"when.header.X"}},
		{"empty value", route.Conditions{Header: one("X", "")}, []string{"when.header.X"}},
		{"cookie name", route.Conditions{Cookie: one("a=b", "1")}, []string{"when.cookie.a=b"}},
		{"cookie value", route.Conditions{Cookie: one("a", "1;2")}, []string{"when.cookie.a"}},
		{"quoted cookie", route.Conditions{Cookie: one("a", `"1"`)}, []string{"when.cookie.a"}},
		{"parameter name", route.Conditions{Query: one("", "1")}, []string{"when.query."}},
		{"parameter value", route.Conditions{Query: one("a", "")}, []string{"when.query.a"}},
		{"media type in upper case", route.Conditions{ContentType: "Text/Plain"}, []string{"when.content_type"}},
		{"media type with parameter", route.Conditions{ContentType: "text/plain;charset=utf-8"}, []string{"when.content_type"}},
		{"half a media type", route.Conditions{ContentType: "text*"}, []string{"when.content_type"}},
		{"three parts", route.Conditions{ContentType: "a/b/c"}, []string{"when.content_type"}},
		{"graphql names", route.Conditions{GraphQL: route.GraphQL{
			Operation: []string{"a-b"}, Fields: []string{"f", "1f", "f"}, Persisted: []string{""},
		}}, []string{"when.graphql.operation[0]", "when.graphql.fields[1]", "when.graphql.fields[2]", "when.graphql.persisted[0]"}},
	} {
		d := public("/a", route.StageNew)
		d.ID, d.When = "r0", tc.when
		var got []string
		for _, p := range CheckDefinition(&d) {
			got = append(got, p.Path)
		}
		var want []string
		for _, path := range tc.want {
			want = append(want, "routes[0]."+path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestCheckRewrites(t *testing.T) {
	set := func(pairs ...string) route.Changes {
		c := route.Changes{Set: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			c.Set[pairs[i]] = pairs[i+1]
		}
		return c
	}
	remove := func(names ...string) route.Changes { return route.Changes{Remove: names} }
	for _, tc := range []struct {
		name    string
		rewrite route.SideRewrite
		want    []string // paths of problems
	}{
		{"nothing", route.SideRewrite{}, nil},
		{"path", route.SideRewrite{Path: "/v2/{id}/{rest...}"}, nil},
		{"prefixes", route.SideRewrite{StripPrefix: "/shop/a", AddPrefix: "/v2"}, nil},
		{"path and prefix", route.SideRewrite{Path: "/v2", StripPrefix: "/shop"}, []string{"path"}},
		{"unknown wildcard", route.SideRewrite{Path: "/v2/{cart}"}, []string{"path"}},
		{"prefix with a slash at its end", route.SideRewrite{StripPrefix: "/shop/"}, []string{"strip_prefix"}},
		{"prefix without a slash", route.SideRewrite{AddPrefix: "v2"}, []string{"add_prefix"}},
		{"prefix with a wildcard", route.SideRewrite{StripPrefix: "/shop/a/{id}"}, []string{"strip_prefix"}},
		{"half a segment", route.SideRewrite{StripPrefix: "/sh"}, []string{"strip_prefix"}},
		{"another prefix", route.SideRewrite{StripPrefix: "/a"}, []string{"strip_prefix"}},
		{"values", route.SideRewrite{Query: set("cart", "{id}", "host", "{{}}"), Headers: set("Host", "h.io", "X-Cart", "cart {id}")}, nil},
		{"removals", route.SideRewrite{Query: remove("host", "a b"), ResponseHeaders: remove("Server")}, nil},
		{"value with an unknown wildcard", route.SideRewrite{Headers: set("X", "{cart}")}, []string{"headers.set.X"}},
		{"value with a line end", route.SideRewrite{Headers: set("X", "a\r\nb")}, []string{"headers.set.X"}},
		{"no name of a header", route.SideRewrite{Headers: set("X Y", "1")}, []string{"headers.set.X Y"}},
		{"framing", route.SideRewrite{Headers: set("content-length", "1"), ResponseHeaders: remove("connection")},
			[]string{"headers.set.content-length", "response_headers.remove[0]"}},
		{"no Host", route.SideRewrite{Headers: remove("host")}, []string{"headers.remove[0]"}},
		{"set and removed", route.SideRewrite{Headers: route.Changes{Set: map[string]string{"X-A": "1"}, Remove: []string{"x-a"}}},
			[]string{"headers.set.X-A"}},
		{"set twice", route.SideRewrite{Headers: set("X-A", "1", "x-a", "2")}, []string{"headers.set.x-a"}},
		{"parameters have a case", route.SideRewrite{Query: set("a", "1", "A", "2")}, nil},
	} {
		d := public("/shop/a/{id}/{rest...}", route.StageNew)
		d.ID, d.Rewrite.New = "r0", tc.rewrite
		var got, want []string
		for _, p := range CheckDefinition(&d) {
			got = append(got, p.Path)
			if strings.Contains(p.Message, "nil") || p.Code != route.CodeValue {
				t.Errorf("%s: %v", tc.name, p)
			}
		}
		for _, path := range tc.want {
			want = append(want, "routes[0].rewrite.new."+path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestHostsOfPatterns(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		"h.io":                   "h.io",
		"H.Io.":                  "h.io",
		"*.H.io":                 ".h.io",
		"127.0.0.1":              "127.0.0.1",
		"a_b.c-d":                "a_b.c-d",
		"bücher.example":         "xn--bcher-kva.example",
		"*.BÜCHER.example":       ".xn--bcher-kva.example",
		"*":                      "error",
		"*.":                     "error",
		"*.*.io":                 "error",
		"x.*.io":                 "error",
		".h.io":                  "error",
		"h..io":                  "error",
		"h.io:80":                "error",
		"[::1]":                  "error",
		"h%41.io":                "error",
		"h.io\x00":               "error",
		"user@h.io":              "error",
		strings.Repeat("a", 254): "error",
		"*.{x}.io":               "error",
		"xn--bcher-kva.example":  "xn--bcher-kva.example",
	} {
		got, err := parseHost(text)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("parseHost(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestCheckAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		"http://127.0.0.1:9103": true, "https://shop.internal": true, "http://[::1]:80/": true,
		"unix:///run/shop.sock": true, "unix:///run/a b.sock": false, "unix://run/shop.sock": false, "unix:/run/shop.sock": false,
		"unix:///": false, "unix:///run/a.sock?x": false, "unix:///run/a:80": false, "unix:///" + strings.Repeat("s", 107): false,
		"ftp://shop": false, "http://shop/path": false, "http://a:b@shop": false, "http://shop:": false, "http://shop:0": false, "": false,
	} {
		if problems := CheckBackend(&route.Backend{Name: "a", Addresses: []string{address}}); (len(problems) == 0) != good {
			t.Errorf("%q: %v, want good to be %v", address, problems, good)
		}
	}
}
