package rewrite

import (
	"net/http"
	"net/url"
	"testing"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// client asks for a path at https://shop.example, of which a route makes another for
// the backend cart.
type client struct {
	*Rewriter
	raw  string
	host string // sent to the backend
	seen Seen
}

func ask(r *Rewriter, raw string) client {
	return client{r, raw, "shop.example", Seen{
		Path: routetable.Canonical(raw), RawPath: raw,
		Host: "shop.example", Scheme: "https", Authority: "shop.example",
	}}
}

// answer returns a header of an answer as the client gets it.
func (c client) answer(name, value string) string {
	sent := &http.Request{
		URL:  &url.URL{Scheme: "http", Host: "10.0.0.5:9103", Opaque: c.raw, RawQuery: "q=1"},
		Host: c.host, Header: http.Header{},
	}
	c.Request(sent, c.seen)
	answer := &http.Response{StatusCode: 200, Header: http.Header{name: {value}}}
	c.Response(answer, sent, c.seen)
	return answer.Header.Get(name)
}

func mapping(rule route.SideRewrite) route.SideRewrite {
	rule.MapBack = []route.MapBack{route.MapLocation, route.MapLink, route.MapSetCookie}
	return rule
}

var (
	toCarts   = mapping(route.SideRewrite{Path: "/v2/carts/{id}"})
	withoutIt = mapping(route.SideRewrite{StripPrefix: "/shop"})
	swapped   = mapping(route.SideRewrite{StripPrefix: "/shop", AddPrefix: "/v2"})
	onlyAdded = mapping(route.SideRewrite{AddPrefix: "/v2"})
	nothing   = mapping(route.SideRewrite{})
)

// same says that a value stays byte for byte.
const same = "same"

func TestLocation(t *testing.T) {
	for _, tc := range []struct {
		name, match, asked string
		rule               route.SideRewrite
		answers            map[string]string
	}{
		{"template", "/shop/cart/{id}", "/shop/cart/7", toCarts, map[string]string{
			"/v2/carts/8":                            "/shop/cart/8",
			"/v2/carts/8?a=%zz&b#c?d":                "/shop/cart/8?a=%zz&b#c?d",
			"/v2/carts/a%2Fb;jsessionid=1,2|":        "/shop/cart/a%2Fb;jsessionid=1,2|",
			"/%76%32/carts/8":                        "/shop/cart/8",
			"/v2/x/../carts/./%2e/8":                 "/shop/cart/8",
			"/v2/carts":                              same,
			"/v2/carts/":                             same,
			"/v2/carts/8/items":                      same,
			"/V2/carts/8":                            same,
			"/v2%2Fcarts/8":                          same,
			"/login":                                 same,
			"http://10.0.0.5:9103/v2/carts/8?a#b":    "https://shop.example/shop/cart/8?a#b",
			"HTTP://10.0.0.5:9103/v2/carts/8":        "https://shop.example/shop/cart/8",
			"http://cart.internal/v2/carts/8":        "https://shop.example/shop/cart/8",
			"http://Cart.Internal.:80/login":         "https://shop.example/login",
			"https://[fd00::5]:9443/v2/carts/8":      "https://shop.example/shop/cart/8",
			"https://[FD00::5]:9443":                 "https://shop.example",
			"http://10.0.0.5:9103":                   "https://shop.example",
			"http://10.0.0.5:9103?a":                 "https://shop.example?a",
			"//cart.internal/v2/carts/8":             "//shop.example/shop/cart/8",
			"http://shop.example/v2/carts/8":         "https://shop.example/shop/cart/8", // as the Host said
			"http://shop.example/login":              "https://shop.example/login",
			"https://shop.example/v2/carts/8":        "https://shop.example/shop/cart/8",
			"https://shop.example/login":             same,
			"http://10.0.0.5:9104/v2/carts/8":        same,
			"http://10.0.0.5/v2/carts/8":             same,
			"https://cart.internal/v2/carts/8":       same, // port 443 is not the backend's
			"http://user@cart.internal/v2/carts/8":   same,
			"http://cart.internal.evil.com/v2/carts": same,
			`http://cart.internal\@evil.com/v2`:      same,
			"http://pay.example/v2/carts/8":          same,
			"http:///v2/carts/8":                     same,
			"http:/v2/carts/8":                       same,
			"http:8":                                 same,
			"//":                                     same,
			"///v2/carts/8":                          same,
			"javascript:alert(1)":                    same,
			"mailto:a@b":                             same,
			"":                                       same,
			"?page=2":                                same,
			"#top":                                   same,
			"8":                                      same, // leads the client to the same
			"./8?a":                                  same,
			"../carts/8":                             "/shop/cart/8",
			"../../v2/carts/8#x":                     "/shop/cart/8#x",
			"../orders/8":                            same,
			"8/":                                     same,
			"..":                                     same,
			"/v2/carts/\t8":                          same,
			"/v2/carts/caf\xc3\xa9":                  "/shop/cart/caf\xc3\xa9",
			"/v2/carts/8 9":                          same,
			"//fd00::5:9443/v2/carts/8":              same,
		}},
		{"strip", "/shop/{rest...}", "/shop/cart/7", withoutIt, map[string]string{
			"/":                           "/shop/",
			"/cart/8":                     "/shop/cart/8",
			"/a%2Fb;c/../d":               "/shop/d",
			"//evil.com/x":                same,
			`/\evil.com/x`:                `/shop/\evil.com/x`,
			"8":                           same,
			"../login":                    same,
			"../../../x":                  "/shop/x", // the client would leave the shop
			"http://10.0.0.5:9103":        "https://shop.example/shop/",
			"http://10.0.0.5:9103?a":      "https://shop.example/shop/?a",
			"http://10.0.0.5:9103//a//b/": "https://shop.example/shop//a//b/",
			"http://pay.example/":         same,
		}},
		{"strip all", "/shop", "/shop", withoutIt, map[string]string{
			"/": "/shop", "/a": "/shop/a", "a": "/shop/a", "?a": same, "http://10.0.0.5:9103/": "https://shop.example/shop",
		}},
		{"strip and add", "/shop/{rest...}", "/shop/cart", swapped, map[string]string{
			"/v2/cart": "/shop/cart", "/v2": "/shop", "/v2/": "/shop/", "/v2x": same, "/v3/cart": same, "/": same, "login": same,
			"http://cart.internal/v3": "https://shop.example/v3", "../x": same,
		}},
		{"add", "/", "/cart", onlyAdded, map[string]string{
			"/v2/cart":               "/cart",
			"/v2":                    "/",
			"/v2/":                   "/",
			"/v2//evil.com/x":        "/.//evil.com/x", // "//evil.com" would lead elsewhere
			`/v2/\evil.com/x`:        `/./\evil.com/x`,
			"//cart.internal/v2//x/": "//shop.example//x/",
			"/cart":                  same,
		}},
		{"no path", "/cart/{id}", "/cart/7", nothing, map[string]string{
			"/cart/8": same, "/x": same, "8": same, "http://10.0.0.5:9103/c%61rt/8;a": "https://shop.example/c%61rt/8;a",
		}},
		{"names of the request", "/{tenant}/cart/{id}", "/ac%2Fme/cart/7", toCarts, map[string]string{
			"/v2/carts/8": "/ac%2Fme/cart/8", "8": same,
		}},
		{"trailing slash", "/shop/cart/{id}/", "/shop/cart/7/x", toCarts, map[string]string{
			"/v2/carts/8": "/shop/cart/8/", "/v2/carts/8/": same,
		}},
		{"the end", "/shop/{$}", "/shop/", mapping(route.SideRewrite{Path: "/v2/"}), map[string]string{
			"/v2/": "/shop/", "/v2": same, "/v2/x": same,
		}},
		{"rest", "/files/{path...}", "/files/a/b", mapping(route.SideRewrite{Path: "/v2/blobs/{path...}"}), map[string]string{
			"/v2/blobs/": "/files/", "/v2/blobs/x%2Fy//z/": "/files/x%2Fy//z/", "/v2/blobs": same, "../c": same, "../../c": same, "../../blobs/c": "/files/c", "c": same,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := ask(rewriterOf(t, moved("it", tc.match, tc.rule)), tc.asked)
			for value, want := range tc.answers {
				if want == same {
					want = value
				}
				for _, header := range []string{"Location", "Content-Location"} {
					if got := c.answer(header, value); got != want {
						t.Errorf("%s: %q becomes %q, want %q", header, value, got, want)
					}
				}
			}
		})
	}
}

// A header that a route did not ask to map back stays.
func TestMapBackIsAsked(t *testing.T) {
	rule := route.SideRewrite{Path: "/v2/carts/{id}"}
	for header, value := range map[string]string{
		"Location": "/v2/carts/8", "Refresh": "1; url=/v2/carts/8", "Link": "</v2/carts/8>", "Set-Cookie": "a=b; Path=/v2/carts/8",
	} {
		if got := ask(rewriterOf(t, moved("it", "/shop/cart/{id}", rule)), "/shop/cart/7").answer(header, value); got != value {
			t.Errorf("%s: %q becomes %q", header, value, got)
		}
		if got := ask(rewriterOf(t, moved("it", "/shop/cart/{id}", mapping(rule))), "/shop/cart/7").answer(header, value); got == value {
			t.Errorf("%s: %q stays although it is asked for", header, value)
		}
	}
}

// An answer may name what another route of the table leads to.
func TestOtherRoutesLeadBack(t *testing.T) {
	r := rewriterOf(t,
		moved("create", "POST /shop/cart", mapping(route.SideRewrite{Path: "/v2/carts"})),
		moved("read", "GET /shop/cart/{id}", route.SideRewrite{Path: "/v2/carts/{id}"}),
		moved("latest", "GET /shop/latest", route.SideRewrite{Path: "/v2/carts/latest"}),
		moved("of-tenant", "GET /of/{tenant}/{id}", route.SideRewrite{Path: "/v2/of/{id}"}),
		moved("elsewhere", "GET admin.example/carts/{id}/log", route.SideRewrite{Path: "/v2/carts/{id}/log"}),
		moved("here", "GET shop.example/cart/{id}/log", route.SideRewrite{Path: "/v2/carts/{id}/log"}),
		moved("as-it-is", "GET /v2/help/{page}", route.SideRewrite{}),
		moved("all", "GET /everything/{rest...}", route.SideRewrite{StripPrefix: "/everything", AddPrefix: "/v2"}),
	)
	for value, want := range map[string]string{
		"/v2/carts":                       "/shop/cart",
		"/v2/carts/7":                     "/shop/cart/7",
		"/v2/carts/latest":                "/shop/latest",
		"/v2/carts/7/log":                 "/cart/7/log",
		"/v2/of/7":                        same, // whose, the answer does not say
		"/v2/help/faq":                    same, // leads there as it is
		"/v2/other":                       "/everything/other",
		"/v1/carts/7":                     same,
		"http://10.0.0.5:9103/v2/carts/7": "https://shop.example/shop/cart/7",
		"http://legacy.internal:9101/v2/": same,
	} {
		if want == same {
			want = value
		}
		if got := ask(r, "/shop/cart").answer("Location", value); got != want {
			t.Errorf("%q becomes %q, want %q", value, got, want)
		}
	}
}

// What a backend was told is its Host is its own too, by the scheme of its address.
func TestHostThatWasSent(t *testing.T) {
	rule := toCarts
	rule.Headers.Set = map[string]string{"Host": "carts.example:8080"}
	c := ask(rewriterOf(t, moved("it", "/shop/cart/{id}", rule)), "/shop/cart/7")
	c.seen.Scheme, c.seen.Authority = "http", "shop.example:81"
	for value, want := range map[string]string{
		"http://carts.example:8080/v2/carts/8":  "http://shop.example:81/shop/cart/8",
		"https://carts.example:8080/v2/carts/8": "https://shop.example:81/shop/cart/8", // to change over
		"//carts.example:8080/v2/carts/8":       "//shop.example:81/shop/cart/8",
		"http://carts.example/v2/carts/8":       same,
		"http://shop.example:81/v2/carts/8":     same, // the backend has not heard of it
	} {
		if want == same {
			want = value
		}
		if got := c.answer("Location", value); got != want {
			t.Errorf("%q becomes %q, want %q", value, got, want)
		}
	}
}

// A client's host that can't stand in a URL, or none, leaves absolute URLs as they
// are.
func TestClientHostThatIsNone(t *testing.T) {
	for _, host := range []string{"", "a>b", "a,b", "a'b", "a b", "a/b", "a@b", "a;b", "a\"b", "a\r\nb"} {
		c := ask(rewriterOf(t, moved("it", "/shop/cart/{id}", toCarts)), "/shop/cart/7")
		c.seen.Authority = host
		const absolute = "http://10.0.0.5:9103/v2/carts/8"
		if got := c.answer("Location", absolute); got != absolute {
			t.Errorf("host %q: %q", host, got)
		}
		if got := c.answer("Location", "/v2/carts/8"); got != "/shop/cart/8" {
			t.Errorf("host %q: %q", host, got)
		}
	}
}
