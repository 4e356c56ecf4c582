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
