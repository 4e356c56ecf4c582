package routetable

import (
	"maps"
	"testing"

	"ficus/gateway/route"
)

func TestBack(t *testing.T) {
	params := map[string]string{"tenant": "acme%2F", "id": "7"}
	for _, tc := range []struct {
		match         string
		rule          route.SideRewrite
		exact, cookie map[string]string // "" is none
	}{
		{"/{tenant}/cart/{id}", route.SideRewrite{Path: "/v2/carts/{id}"},
			map[string]string{"/v2/carts/8": "/acme%2F/cart/8", "/v2/carts/a%2fb;c": "/acme%2F/cart/a%2fb;c", "/v2/carts/": "", "/v2/carts/8/": ""},
			map[string]string{"/v2/carts/8": "/acme%2F/cart/8", "/v2/carts": "/acme%2F/cart", "/v2": "/acme%2F/cart", "/": "", "//": "", "/v3": ""}},
		{"/{other}/{id}", route.SideRewrite{Path: "/v2/{id}"},
			map[string]string{"/v2/8": ""}, map[string]string{"/v2": ""}}, // nobody knows the other
		{"/a/b/{id}/log/{$}", route.SideRewrite{Path: "/v2/{id}/log/"},
			map[string]string{"/v2/8/log/": "/a/b/8/log/", "/v2/8/log": "", "/v2/8/log/x": ""},
			map[string]string{"/v2/8/log": "", "/v2/8": "/a/b/8", "/v2/": "/a/b/"}},
		{"/shop/{rest...}", route.SideRewrite{StripPrefix: "/shop"},
			map[string]string{"/": "/shop/", "/a//b": "/shop/a//b"}, map[string]string{"/": "/shop", "/a": "/shop/a"}},
		{"/shop/cart/", route.SideRewrite{StripPrefix: "/shop", AddPrefix: "/caf%c3%a9/x"},
			map[string]string{"/caf%C3%A9/x/cart/8": "/shop/cart/8", "/caf%C3%A9/x/cart": "", "/x/cart/8": ""},
			map[string]string{"/caf\xc3\xa9/x": "/shop", "/caf%C3%A9/": "", "/caf%C3%A9/x/": "/shop/"}},
		{"/shop", route.SideRewrite{StripPrefix: "/shop"},
			map[string]string{"/": "/shop", "/a": ""}, map[string]string{"/": "/shop"}},
		{"/a/{id}", route.SideRewrite{},
			map[string]string{"/%61/8": "/a/8", "/b/8": ""}, map[string]string{"/a": "/a", "/": ""}},
	} {
		p, err := ParsePattern(tc.match)
		if err != nil {
			t.Fatal(err)
		}
		b := BackOf(p, &tc.rule)
		for path, want := range tc.exact {
			if got, ok := b.Exact(path, params); got != want || ok != (want != "") {
				t.Errorf("%s: Exact(%q) = %q, %v, want %q", tc.match, path, got, ok, want)
			}
		}
		for path, want := range tc.cookie {
			if got, ok := b.Cookie(path, params); ok != (want != "") || ok && got != want {
				t.Errorf("%s: Cookie(%q) = %q, %v, want %q", tc.match, path, got, ok, want)
			}
		}
	}
}

func TestBacks(t *testing.T) {
	var none *Backs
	if _, ok := none.Exact("a", "/", nil); ok {
		t.Error("no ways back, and one found")
	}
	var bs Backs
	for _, way := range [][2]string{
		{"/any/{rest...}", "/v2/{rest...}"}, {"POST /cart/{id}", "/v2/carts/{id}"}, {"/cart/latest", "/v2/carts/latest"},
		{"*.example.com/own/{id}", "/v2/carts/{id}"},
	} {
		p, err := ParsePattern(way[0])
		if err != nil {
			t.Fatal(err)
		}
		bs.Add(BackOf(p, &route.SideRewrite{Path: way[1]}))
	}
	for _, tc := range [][3]string{
		{"a", "/v2/carts/7", "/cart/7"}, {"a", "/v2/carts/l%61test", "/cart/latest"}, {"a", "/v2/x/y", "/any/x/y"},
		{"a.example.com:81", "/v2/carts/7", "/own/7"}, {"a.example.com", "/v2/x", "/any/x"}, {"a", "/v3", ""},
	} {
		if got, _ := bs.Exact(tc[0], tc[1], nil); got != tc[2] {
			t.Errorf("%s%s: %q, want %q", tc[0], tc[1], got, tc[2])
		}
	}
}

func TestEscapedParams(t *testing.T) {
	p, _ := ParsePattern("/{a}/{$}")
	if got := p.EscapedParams("/x%2Fy%25;/"); !maps.Equal(got, map[string]string{"a": "x%2Fy%25%3B"}) {
		t.Errorf("got %q", got)
	}
	p, _ = ParsePattern("/{a}/{rest...}")
	if got := p.EscapedParams("/é/b%2F /c"); !maps.Equal(got, map[string]string{"a": "%C3%A9", "rest": "b%2F%20/c"}) {
		t.Errorf("got %q", got)
	}
}

// What no rewrite can be is a problem, and the problem says why.
func TestCheckRewrite(t *testing.T) {
	set := func(name, value string) route.SideRewrite {
		return route.SideRewrite{Headers: route.Changes{Set: map[string]string{name: value}}}
	}
	for _, tc := range []struct {
		rule route.SideRewrite
		want string // "" is none
	}{
		{set("Host", "{id}.cart.internal:8080"), ""},
		{set("host", "[::1]:80"), ""},
		{set("Host", "a b"), `value: "a b" is no host`},
		{set("Host", "a/b"), `value: "a/b" is no host`},
		{set("Host", "u@a"), `value: "u@a" is no host`},
		{set("Host", "a:0"), `value: "a:0" is no host`},
		{set("Host", ""), `value: "" is no host`},
		{set("X-A", "a\nb"), `value: "a\nb" can't be a value`},
		{set("X-A", "{no}"), `value: "{no}" is no value: the match has no wildcard {no}`},
		{set("X-A", "{}"), `value: "{}" is no value: the match has no wildcard {}`},
		{set("Upgrade", "x"), `value: "Upgrade" can't be set`},
		{route.SideRewrite{Headers: route.Changes{Set: map[string]string{"X-A": "1", "x-a": "2"}}}, `value: "x-a" is set as "X-A" too`},
		{route.SideRewrite{Headers: route.Changes{Set: map[string]string{"X-A": "1"}, Remove: []string{"x-a"}}}, `value: "X-A" is removed as well`},
		{route.SideRewrite{Headers: route.Changes{Remove: []string{"host"}}}, `value: "host" can't be removed`},
		{route.SideRewrite{Query: route.Changes{Set: map[string]string{"a": "1", "A": "2"}, Remove: []string{"host", "Upgrade"}}}, ""},
	} {
		d := route.Definition{ID: "it", Match: "/{id}/", Settings: route.Settings{Rewrite: route.Rewrite{New: tc.rule}}}
		found := CheckDefinition(&d)
		if tc.want == "" && len(found) > 0 || tc.want != "" && (len(found) != 1 || found[0].String() != tc.want) {
			t.Errorf("%+v: %v, want %s", tc.rule, found, tc.want)
		}
	}
}
