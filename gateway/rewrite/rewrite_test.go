package rewrite

import (
	"bufio"
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// moved is a route whose new side is the backend cart, which sees what the rule
// makes of its requests.
func moved(id, match string, rule route.SideRewrite) route.Definition {
	return route.Definition{ID: id, Match: match, Settings: route.Settings{
		Backend: "cart", Stage: route.StageNew, Policy: route.PolicyPublic, Rewrite: route.Rewrite{New: rule},
	}}
}

func compileTable(t testing.TB, routes ...route.Definition) *routetable.Table {
	t.Helper()
	table, problems := routetable.Compile(route.Set{
		Backends: []route.Backend{
			{Name: "legacy", Addresses: []string{"http://legacy.internal:9101"}},
			{Name: "cart", Addresses: []string{"http://10.0.0.5:9103", "http://cart.internal", "https://[fd00::5]:9443"}},
		},
		Routes: routes,
	}, routetable.Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return table
}

// rewriterOf returns the rewriter of the first route's new side.
func rewriterOf(t testing.TB, routes ...route.Definition) *Rewriter {
	t.Helper()
	table := compileTable(t, routes...)
	return Compile(table).Of(table.Entry(routes[0].ID), route.New)
}

// received writes the request as net/http would send it, and reads it as a backend
// would.
func received(t testing.TB, r *Rewriter, target string, header http.Header) *http.Request {
	t.Helper()
	path, query, _ := strings.Cut(target, "?")
	out := &http.Request{
		Method: "GET", URL: &url.URL{Scheme: "http", Host: "10.0.0.5:9103", Opaque: path, RawQuery: query},
		Host: "shop.example", Header: http.Header{"User-Agent": {"test"}}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	for name, values := range header {
		out.Header[name] = values
	}
	r.Request(out, Seen{Path: routetable.Canonical(path), RawPath: path, Host: "shop.example", Scheme: "http", Authority: "shop.example"})
	var wire bytes.Buffer
	if err := out.Write(&wire); err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return got
}

func TestPath(t *testing.T) {
	for _, tc := range []struct {
		match string
		rule  route.SideRewrite
		sent  map[string]string // path to path
	}{
		{"/shop/cart/{id}", route.SideRewrite{Path: "/v2/carts/{id}"}, map[string]string{
			"/shop/cart/7":               "/v2/carts/7",
			"/shop/cart/a%2Fb":           "/v2/carts/a%2Fb",
			"/shop/cart/..%2F..%2Fadmin": "/v2/carts/..%2F..%2Fadmin",
			"/shop/cart/%252e%252e":      "/v2/carts/%252e%252e",
			"/shop/x/../cart/./7":        "/v2/carts/7",
			"/shop/cart/7%3Fadmin=1%23":  "/v2/carts/7%3Fadmin=1%23",
			"/shop/cart/a%0d%0aX:%20y":   "/v2/carts/a%0D%0AX:%20y",
			"/sh%6Fp/cart/caf%C3%A9":     "/v2/carts/caf%C3%A9",
			"/shop/cart/a|b\\c":          "/v2/carts/a%7Cb%5Cc",
		}},
		{"/files/{path...}", route.SideRewrite{Path: "/{path...}"}, map[string]string{
			"/files/":            "/",
			"/files/a/b/":        "/a/b/",
			"/files/a%2Fb/c":     "/a%2Fb/c",
			"/files/../files//x": "//x",
			"/files//evil.com/x": "//evil.com/x", // a path all the same, no host
		}},
		{"/{a}/{b}", route.SideRewrite{Path: "/{b}/of/{a}/"}, map[string]string{"/1/2": "/2/of/1/"}},
		{"/exact/{$}", route.SideRewrite{Path: "/"}, map[string]string{"/exact/": "/"}},
		{"/shop/", route.SideRewrite{StripPrefix: "/shop"}, map[string]string{
			"/shop/":           "/",
			"/shop/a/b":        "/a/b",
			"/shop/a%2F..%2Fb": "/a%2F..%2Fb",
			"/shop/./%73hop/":  "/shop/",
			"/shop//x":         "//x",
		}},
		{"/shop", route.SideRewrite{StripPrefix: "/shop"}, map[string]string{"/shop": "/"}},
		{"/shop", route.SideRewrite{StripPrefix: "/shop", AddPrefix: "/v2"}, map[string]string{"/shop": "/v2"}},
		{"/shop/{rest...}", route.SideRewrite{StripPrefix: "/shop", AddPrefix: "/v2/x"}, map[string]string{
			"/shop/": "/v2/x/", "/shop/a": "/v2/x/a",
		}},
		{"/", route.SideRewrite{AddPrefix: "/caf%C3%A9"}, map[string]string{"/": "/caf%C3%A9/", "/a": "/caf%C3%A9/a"}},
		{"/caf%C3%A9/{id}", route.SideRewrite{StripPrefix: "/caf%C3%A9"}, map[string]string{"/caf\xc3\xa9/7": "/7"}},
	} {
		r := rewriterOf(t, moved("it", tc.match, tc.rule))
		for sent, want := range tc.sent {
			got := received(t, r, sent+"?q=%zz;&", nil)
			if got.RequestURI != want+"?q=%zz;&" || got.Host != "shop.example" {
				t.Errorf("%s with %+v: %s arrives as %s at %s, want %s", tc.match, tc.rule, sent, got.RequestURI, got.Host, want)
			}
		}
	}
}

// Without a path rewrite the raw path stays.
func TestPathStays(t *testing.T) {
	r := rewriterOf(t, moved("it", "/", route.SideRewrite{Headers: route.Changes{Remove: []string{"X-A"}}}))
	const target = "/a%2Fb/c|d/../e/;p=1//x?a=1;b=2&c=%zz"
	if got := received(t, r, target, nil).RequestURI; got != target {
		t.Errorf("got %s", got)
	}
}

func TestQuery(t *testing.T) {
	for _, tc := range []struct {
		changes    route.Changes
		sent, want string
	}{
		{route.Changes{Remove: []string{"debug"}}, "?a=1&debug=1&b=%zz;&&+c&de%62ug&debug", "?a=1&b=%zz;&&+c"},
		{route.Changes{Remove: []string{"debug"}}, "?debug", ""},
		{route.Changes{Remove: []string{"debug"}}, "?Debug=1&debugger=2&x=debug", "?Debug=1&debugger=2&x=debug"},
		{route.Changes{Remove: []string{"a b"}}, "?a+b=1&a%20b=2&a%2Bb=3", "?a%2Bb=3"},
		{route.Changes{Remove: []string{"%zz"}}, "?%zz=1&a", "?a"},
		{route.Changes{Set: map[string]string{"lang": "de"}}, "?lang=en&a=1&lang", "?a=1&lang=de"},
		{route.Changes{Set: map[string]string{"lang": "de"}}, "", "?lang=de"},
		{route.Changes{Set: map[string]string{"b": "2", "a": "1"}}, "?z&", "?z&&a=1&b=2"},
		{route.Changes{Set: map[string]string{"a&b": "{{{id}}}"}}, "", "?a%26b=%7B7%261%3D%23+%7D"},
		{route.Changes{Set: map[string]string{"a": "x"}, Remove: []string{"b"}}, "?b=1&c=2", "?c=2&a=x"},
	} {
		r := rewriterOf(t, moved("it", "/{id}", route.SideRewrite{Query: tc.changes}))
		const path = "/7%261=%23%20"
		if got := received(t, r, path+tc.sent, nil).RequestURI; got != path+tc.want {
			t.Errorf("%+v: %s arrives as %s, want %s", tc.changes, tc.sent, got, tc.want)
		}
	}
}

func TestHeaders(t *testing.T) {
	r := rewriterOf(t, moved("it", "/{id}/{path...}", route.SideRewrite{Headers: route.Changes{
		Set:    map[string]string{"x-cart": "cart {id}", "X-Path": "{path}", "Host": "{id}.cart.internal:8080", "X-None": ""},
		Remove: []string{"x-debug", "User-Agent"},
	}}))
	for sent, want := range map[string]http.Header{
		"/7/a/b":                   {"X-Cart": {"cart 7"}, "X-Path": {"a/b"}, "X-None": {""}, "X-Other": {"1", "2"}},
		"/7/a%2Fb/c/":              {"X-Cart": {"cart 7"}, "X-Path": {"a%2Fb/c/"}, "X-None": {""}, "X-Other": {"1", "2"}},
		"/a%0d%0aX-Admin:%201/":    {"X-Cart": {"cart a%0D%0AX-Admin:%201"}, "X-Path": {""}, "X-None": {""}, "X-Other": {"1", "2"}},
		"/%00,%22%3b%20%c3%a9%7f/": {"X-Cart": {"cart %00%2C%22%3B%20%C3%A9%7F"}, "X-Path": {""}, "X-None": {""}, "X-Other": {"1", "2"}},
	} {
		got := received(t, r, sent, http.Header{"X-Cart": {"forged", "twice"}, "X-Debug": {"1"}, "X-Other": {"1", "2"}})
		if diff := cmp.Diff(want, got.Header); diff != "" {
			t.Errorf("%s (-want +got)\n%s", sent, diff)
		}
	}
}

// What a client writes into a Host can't make it another host.
func TestHost(t *testing.T) {
	r := rewriterOf(t, moved("it", "/{id}", route.SideRewrite{Headers: route.Changes{Set: map[string]string{"host": "{id}.cart.internal:8080"}}}))
	for sent, want := range map[string]string{
		"/acme":                 "acme.cart.internal:8080",
		"/a-b_c.D":              "a-b_c.D.cart.internal:8080",
		"/evil.com:80%2F":       "evil.com%3A80%2F.cart.internal:8080",
		"/evil.com%23@x":        "evil.com%23%40x.cart.internal:8080",
		"/a%0d%0aX-Admin:%201":  "a%0D%0AX-Admin%3A%201.cart.internal:8080",
		"/%5B::1%5D":            "%5B%3A%3A1%5D.cart.internal:8080",
		"/b%C3%BCcher%20%00%7F": "b%C3%BCcher%20%00%7F.cart.internal:8080",
	} {
		got := received(t, r, sent, nil)
		if got.Host != want || len(got.Header) != 1 {
			t.Errorf("%s: Host %q and %v, want %q and nothing else", sent, got.Host, got.Header, want)
		}
	}
}

func TestResponseHeaders(t *testing.T) {
	rule := route.SideRewrite{
		ResponseHeaders: route.Changes{
			Set:    map[string]string{"x-cart": "{id}", "Location": "http://10.0.0.5:9103/"},
			Remove: []string{"server", "Set-Cookie"},
		},
		MapBack: []route.MapBack{route.MapLocation},
	}
	r := rewriterOf(t, moved("it", "/{id}", rule))
	answer := func(status int) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{
			"Server": {"shopd"}, "Set-Cookie": {"a=1", "b=2"}, "X-Cart": {"0", "1"}, "Etag": {"x"},
		}}
	}
	sent := &http.Request{URL: &url.URL{Scheme: "http", Host: "10.0.0.5:9103", Opaque: "/"}, Host: "shop.example"}
	seen := Seen{Path: "/a\r\nb", Scheme: "http", Host: "shop.example", Authority: "shop.example"}
	a := answer(200)
	r.Response(a, sent, seen)
	want := http.Header{"X-Cart": {"a%0D%0Ab"}, "Location": {"http://10.0.0.5:9103/"}, "Etag": {"x"}} // what is set, is set
	if diff := cmp.Diff(want, a.Header); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	a = answer(101)
	r.Response(a, sent, seen)
	if diff := cmp.Diff(answer(101).Header, a.Header); diff != "" {
		t.Errorf("a switch of protocols (-want +got)\n%s", diff)
	}
}

// What changes nothing has no rewriter, and no side has the other's.
func TestOf(t *testing.T) {
	table := compileTable(t,
		moved("a", "/a", route.SideRewrite{AddPrefix: "/v2"}),
		moved("b", "/b", route.SideRewrite{}),
	)
	all := Compile(table)
	for _, tc := range []struct {
		id   string
		side route.Side
		want bool
	}{{"a", route.New, true}, {"a", route.Legacy, false}, {"b", route.New, false}, {"default", route.Legacy, false}} {
		if got := all.Of(table.Entry(tc.id), tc.side) != nil; got != tc.want {
			t.Errorf("route %s, side %s: rewrites %v", tc.id, tc.side, got)
		}
	}
}

func TestPreview(t *testing.T) {
	r := rewriterOf(t, moved("it", "GET /shop/cart/{id}", route.SideRewrite{
		Path:            "/v2/carts/{id}",
		Query:           route.Changes{Set: map[string]string{"lang": "de"}, Remove: []string{"debug"}},
		Headers:         route.Changes{Set: map[string]string{"X-Cart": "{id}", "Host": "cart.internal"}, Remove: []string{"Cookie", "User-Agent", "X-None"}},
		ResponseHeaders: route.Changes{Remove: []string{"Server"}},
		MapBack:         []route.MapBack{route.MapLocation, route.MapSetCookie},
	}))
	asked := &routetable.Request{
		Method: "GET", Host: "shop.example", Path: "/shop/cart/é", RawQuery: "debug=1&a",
		Header: http.Header{"Cookie": {"a=b"}, "User-Agent": {"curl"}, "Accept": {"*/*"}},
	}
	want := Preview{
		Path: "/v2/carts/%C3%A9", RawQuery: "a&lang=de", Host: "cart.internal",
		Headers: []HeaderChange{{Name: "Cookie", Removed: true}, {Name: "User-Agent", Removed: true}, {Name: "X-Cart", Value: "%C3%A9"}},
	}
	if diff := cmp.Diff(want, r.Preview(asked)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(http.Header{"Cookie": {"a=b"}, "User-Agent": {"curl"}, "Accept": {"*/*"}}, asked.Header); diff != "" {
		t.Errorf("the request that was asked about changed (-want +got)\n%s", diff)
	}
	described := []string{
		"path: /v2/carts/{id}", "query.set: lang: de", "query.remove: debug",
		"headers.set: Host: cart.internal", "headers.set: X-Cart: {id}",
		"headers.remove: Cookie", "headers.remove: User-Agent", "headers.remove: X-None",
		"response_headers.remove: Server", "map_back: location", "map_back: set_cookie",
	}
	if diff := cmp.Diff(described, r.Describe()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPreviewWithoutRewrites(t *testing.T) {
	var r *Rewriter
	got := r.Preview(&routetable.Request{Host: "a", Path: "/a b/%2F", RawQuery: "%zz"})
	if diff := cmp.Diff(Preview{Path: "/a%20b/%2F", RawQuery: "%zz", Host: "a"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if r.Describe() != nil {
		t.Errorf("described %q", r.Describe())
	}
}
