package rewrite

import (
	"testing"

	"ficus/gateway/route"
)

func TestLink(t *testing.T) {
	c := ask(rewriterOf(t, moved("it", "/shop/cart/{id}", toCarts)), "/shop/cart/7")
	for value, want := range map[string]string{
		`</v2/carts/8>; rel="next"`:                                     `</shop/cart/8>; rel="next"`,
		`<http://10.0.0.5:9103/v2/carts/8?a>`:                           `<https://shop.example/shop/cart/8?a>`,
		`</v2/carts/8>;rel=next ,	</v2/carts/9> ; rel=last`:             `</shop/cart/8>;rel=next ,	</shop/cart/9> ; rel=last`,
		`</v2/carts/8>; title="a, </v2/carts/9>"; rel=x, </v2/carts/9>`: `</shop/cart/8>; title="a, </v2/carts/9>"; rel=x, </shop/cart/9>`,
		`</v2/carts/8>; title="\", </v2/carts/9>", </v2/carts/9>`:       `</shop/cart/8>; title="\", </v2/carts/9>", </shop/cart/9>`,
		`</v2/carts/8>; anchor="/v2/carts/8"`:                           `</shop/cart/8>; anchor="/v2/carts/8"`,
		`</v2/carts/a,b>; rel=x, , </v2/carts/9>`:                       `</shop/cart/a,b>; rel=x, , </shop/cart/9>`,
		`, </v2/carts/8>`: `, </shop/cart/8>`,
		`</v2/carts/8>; title="open, </v2/carts/9>`:       `</shop/cart/8>; title="open, </v2/carts/9>`,
		`</v2/carts/8>, /v2/carts/9>, </v2/carts/9>`:      `</shop/cart/8>, /v2/carts/9>, </v2/carts/9>`,
		`</v2/carts/8>, </v2/carts/9`:                     `</shop/cart/8>, </v2/carts/9`,
		`</v2/carts/8>x, </v2/carts/9>`:                   `</shop/cart/8>x, </v2/carts/9>`,
		`</v2/carts/8`:                                    same,
		`/v2/carts/8; rel=next`:                           same,
		`<https://cdn.example/s.css>; rel=preload, <s;x>`: same,
		`<>; rel=self`:                                    same,
		``:                                                same,
		`,`:                                               same,
		`<`:                                               same,
	} {
		if want == same {
			want = value
		}
		if got := c.answer("Link", value); got != want {
			t.Errorf("%s\nbecomes %s\nwant    %s", value, got, want)
		}
	}
}

func TestRefresh(t *testing.T) {
	c := ask(rewriterOf(t, moved("it", "/shop/cart/{id}", toCarts)), "/shop/cart/7")
	for value, want := range map[string]string{
		"5; url=/v2/carts/8":                      "5; url=/shop/cart/8",
		"5;URL = http://10.0.0.5:9103/v2/carts/8": "5;URL = https://shop.example/shop/cart/8",
		"0, url=/v2/carts/8":                      "0, url=/shop/cart/8",
		`5; url="/v2/carts/8?a;b"`:                `5; url="/shop/cart/8?a;b"`,
		`5; url='/v2/carts/8' x`:                  `5; url='/shop/cart/8' x`,
		`5; url="/v2/carts/8`:                     `5; url="/shop/cart/8`,
		"5; /v2/carts/8":                          "5; /shop/cart/8",
		"5; url=http://pay.example/v2/carts/8":    same,
		"5; url=":                                 same,
		`5; url="`:                                same,
		"5; url":                                  same,
		"5;":                                      same,
		"5":                                       same,
		"":                                        same,
		"5; url=javascript:alert('/v2/carts/8')":  same,
		"5; url=data:text/html,http://10.0.0.5/v2": same,
	} {
		if want == same {
			want = value
		}
		if got := c.answer("Refresh", value); got != want {
			t.Errorf("%q becomes %q, want %q", value, got, want)
		}
	}
}

func TestCookieDomain(t *testing.T) {
	c := ask(rewriterOf(t, moved("it", "/shop/cart/{id}", toCarts)), "/shop/cart/7")
	for value, want := range map[string]string{
		"a=b; Domain=cart.internal; Secure":     "a=b; Secure",
		"a=b;domain = .CART.internal ;HttpOnly": "a=b;HttpOnly",
		"a=b; Domain=10.0.0.5":                  "a=b",
		"a=b; Domain=internal":                  "a=b", // the backend's, and not the client's
		"a=b; Domain=fd00::5":                   "a=b",
		"a=b; Domain=cart.internal; Domain=x.y": "a=b; Domain=x.y",
		"a=b; Domain=0.0.5":                     same, // no domain of an address
		"a=b; Domain=art.internal":              same,
		"a=b; Domain=www.cart.internal":         same,
		"a=b; Domain=shop.example":              same,
		"a=b; Domain=.example":                  same,
		"a=b; Domain=other.example":             same,
		"a=b; Domain=":                          same,
		"a=b; Domain":                           same,
		"a=b":                                   same,
		"a=b;":                                  same,
		"Domain=cart.internal":                  same, // a cookie of that name
		"":                                      same,
	} {
		if want == same {
			want = value
		}
		if got := c.answer("Set-Cookie", value); got != want {
			t.Errorf("%q becomes %q, want %q", value, got, want)
		}
	}
}

func TestCookiePath(t *testing.T) {
	for _, tc := range []struct {
		name, match, asked string
		rule               route.SideRewrite
		paths              map[string]string
	}{
		{"template", "/shop/cart/{id}", "/shop/cart/7", toCarts, map[string]string{
			"/v2/carts/7": "/shop/cart/7", "/v2/carts/7/": same, "/v2/carts": "/shop/cart", "/v2/carts/": "/shop/cart/",
			"/v2": "/shop/cart", "/v2/": "/shop/cart/", "/": same, "/other": same, "/v2/carts/7/items": same,
			"/v2/carts/./7": same, "v2": same, "": same, "/v2/carts/7?x": same, "http://cart.internal/v2": same,
		}},
		{"names of the request", "/{tenant}/cart/{id}", "/ac%3Bme/cart/7", toCarts, map[string]string{
			"/v2/carts/8": "/ac%3Bme/cart/8", "/v2/carts": "/ac%3Bme/cart",
		}},
		{"template at the root", "/{id}", "/7", toCarts, map[string]string{"/v2/carts": "/", "/v2/carts/8": "/8"}},
		{"strip", "/shop/{rest...}", "/shop/x", withoutIt, map[string]string{"/": "/shop", "/a": "/shop/a", "/a/": "/shop/a/"}},
		{"swap", "/shop/{rest...}", "/shop/x", swapped, map[string]string{"/": same, "/v2": "/shop", "/v2/": "/shop/", "/v2/a": "/shop/a", "/v2a": same}},
		{"add", "/", "/x", onlyAdded, map[string]string{"/": same, "/v2": "/", "/v2/a": "/a", "/a": same}},
		{"no path", "/a/{id}", "/a/7", nothing, map[string]string{"/": same, "/a": same, "/a/8": same}},
	} {
		c := ask(rewriterOf(t, moved("it", tc.match, tc.rule)), tc.asked)
		for path, want := range tc.paths {
			if want == same {
				want = path
			}
			for before, after := range map[string]string{
				"a=b; Path=" + path:                     "a=b; Path=" + want,
				"a=b;path=" + path + "; SameSite=Lax;x": "a=b;path=" + want + "; SameSite=Lax;x",
				"__Host-a=b; Path=" + path + "; Secure": "__Host-a=b; Path=" + path + "; Secure",
			} {
				if got := c.answer("Set-Cookie", before); got != after {
					t.Errorf("%s: %q becomes %q, want %q", tc.name, before, got, after)
				}
			}
		}
	}
}
