package rewrite

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// FuzzRequest: whatever a client writes into a path and query, the backend reads what
// the route says, and nothing else.
func FuzzRequest(f *testing.F) {
	for _, path := range []string{"/shop/cart/7", "/shop/cart/..%2F..", "/shop/cart/%0d%0aHost:%20x", "/shop/x/../cart/%2500", "/shop/cart/a@b:80%23"} {
		f.Add(path, "a=1&debug=2;x&%64ebug")
	}
	r := rewriterOf(f, moved("it", "/shop/cart/{id}", route.SideRewrite{
		Path:    "/v2/{id}/x",
		Query:   route.Changes{Set: map[string]string{"id": "{id}"}, Remove: []string{"debug"}},
		Headers: route.Changes{Set: map[string]string{"X-Id": "id {id}", "Host": "{id}.cart.internal:80"}},
	}))
	f.Fuzz(func(t *testing.T, path, query string) {
		if u, err := url.ParseRequestURI(path + "?" + query); err != nil || strings.Contains(path, "?") || strings.Contains(query, " ") || !strings.HasPrefix(path, "/") || u.Path == "" {
			return // net/http answers such a request itself
		}
		canonical := routetable.Canonical(path)
		if r.table.Match(&routetable.Request{Method: "GET", Path: canonical}).ID != "it" {
			return
		}
		id := r.pattern.Params(canonical)["id"]
		got := received(t, r, path+"?"+query, nil)
		wirePath, wireQuery, _ := strings.Cut(got.RequestURI, "?")
		segments := strings.Split(wirePath, "/")
		if len(segments) != 4 || segments[1] != "v2" || segments[3] != "x" {
			t.Fatalf("the backend sees the path %q", wirePath)
		}
		if seen, err := url.PathUnescape(segments[2]); err != nil || seen != id || seen == "." || seen == ".." {
			t.Fatalf("the backend sees %q in place of %q: %v", seen, id, err)
		}
		pairs := strings.Split(wireQuery, "&")
		if last, err := url.QueryUnescape(pairs[len(pairs)-1]); err != nil || last != "id="+id {
			t.Fatalf("the backend sees the query %q: %v", wireQuery, err)
		}
		if values, _ := url.ParseQuery(wireQuery); values.Has("debug") || len(values["id"]) != 1 {
			t.Fatalf("the backend sees the query %q", wireQuery)
		}
		if seen, err := url.PathUnescape(got.Header.Get("X-Id")); err != nil || seen != "id "+id || len(got.Header) != 2 {
			t.Fatalf("the backend sees the header %q: %v", got.Header, err)
		}
		if name, ok := strings.CutSuffix(got.Host, ".cart.internal:80"); !ok || strings.ContainsAny(name, ":/@[]?#, ") {
			t.Fatalf("the backend sees the Host %q", got.Host)
		}
	})
}

// fuzzed are clients of routes of all kinds.
func fuzzed(t testing.TB) []client {
	rest := mapping(route.SideRewrite{Path: "/{rest...}"})
	return []client{
		ask(rewriterOf(t, moved("it", "/shop/cart/{id}", toCarts)), "/shop/cart/7"),
		ask(rewriterOf(t, moved("it", "/shop/", withoutIt)), "/shop/cart/7"),
		ask(rewriterOf(t, moved("it", "/", onlyAdded)), "/a//b"),
		ask(rewriterOf(t, moved("it", "/{a}/{b}", mapping(route.SideRewrite{Path: "/{b}/{a}"}))), "/x%2Fy/z"),
		ask(rewriterOf(t, moved("it", "/files/{rest...}", rest), moved("more", "/{a}", toCartsOf("a"))), "/files//x"),
		ask(rewriterOf(t, moved("it", "POST /cart", nothing), moved("more", "/{id}", toCartsOf("id"))), "/cart"),
	}
}

func toCartsOf(name string) route.SideRewrite {
	return route.SideRewrite{Path: "/v2/carts/{" + name + "}"}
}

// answers takes one header value through all of them, as far as a server can send it.
func answers(f *testing.F, header string, check func(t *testing.T, c client, value, got string)) {
	clients := fuzzed(f)
	f.Fuzz(func(t *testing.T, value string) {
		value = strings.Trim(value, " \t")
		if !httpguts.ValidHeaderFieldValue(value) {
			return
		}
		for _, c := range clients {
			got := c.answer(header, value)
			if !httpguts.ValidHeaderFieldValue(got) {
				t.Fatalf("%q becomes %q, which is no header", value, got)
			}
			if got != value {
				check(t, c, value, got)
			}
		}
	})
}

// leadsTo returns the host that a browser goes to from a page of the client's: it
// skips tabs, and takes a backslash for a slash.
func leadsTo(c client, text string) (host string, known bool) {
	text = strings.Trim(strings.ReplaceAll(text, "\t", ""), " ")
	before, after := text, ""
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		before, after = text[:i], text[i:]
	}
	reference, err := url.Parse(strings.ReplaceAll(before, `\`, "/") + strings.Map(func(r rune) rune {
		if r == '%' {
			return '_' // net/url is more particular than browsers
		}
		return r
	}, after))
	if err != nil {
		return "", false
	}
	base := &url.URL{Scheme: c.seen.Scheme, Host: c.seen.Authority, Path: "/a/b"}
	return base.ResolveReference(reference).Host, true
}

var references = []string{
	"/v2/carts/8?a#b", "http://10.0.0.5:9103/v2/carts/8", "//cart.internal/v2//evil.com", `/v2/\evil.com`, "../8", "/%2e%2e/x",
	"https://[fd00::5]:9443/", "http://shop.example/", "/v2/carts/%2F%2Fevil.com", "http://cart.internal@evil.com/", "/v2/\t/evil.com",
}

// FuzzLocation: what changes leads to the client's host, and what names another host
// does not change.
func FuzzLocation(f *testing.F) {
	for _, r := range references {
		f.Add(r)
	}
	answers(f, "Location", checkReference)
}

func checkReference(t *testing.T, c client, value, got string) {
	if host, known := leadsTo(c, got); known && host != c.seen.Authority {
		t.Fatalf("%q becomes %q, which leads to %q", value, got, host)
	}
	named, err := url.Parse(value)
	if err != nil || named.Host == "" {
		return
	}
	own := []string{"10.0.0.5:9103", "cart.internal", "cart.internal.", "cart.internal:80", "[fd00::5]:9443", "shop.example", "shop.example.", "shop.example:80", "shop.example:443", "cart.internal.:80", "shop.example.:80", "shop.example.:443"}
	host := strings.TrimSuffix(strings.ToLower(named.Host), ":")
	if !slices.Contains(own, host) && !slices.Contains(own, strings.Replace(host, ".:", ":", 1)) || named.User != nil {
		t.Fatalf("%q, which names another host, becomes %q", value, got)
	}
}

// FuzzRefresh: the reference in it changes as in a Location, and what stands around
// it stays.
func FuzzRefresh(f *testing.F) {
	for _, r := range references {
		f.Add("5; url=" + r)
		f.Add("0,URL = '" + r + "' x")
	}
	answers(f, "Refresh", func(t *testing.T, c client, value, got string) {
		before, after := refreshed(value), refreshed(got)
		if before == nil || after == nil || before[1] != after[1] || before[3] != after[3] {
			t.Fatalf("%q becomes %q: more than the reference changed", value, got)
		}
		checkReference(t, c, before[2], after[2])
	})
}

var refreshing = regexp.MustCompile(`(?is)^([^;,]*[;,][ \t]*(?:url[ \t]*=[ \t]*)?)(.*?)([ \t]*)$`)

// refreshed cuts the value of a Refresh into the reference and what is around it.
func refreshed(value string) []string {
	m := refreshing.FindStringSubmatch(value)
	if m == nil || m[2] == "" || m[2][0] != '"' && m[2][0] != '\'' {
		return m
	}
	quote := m[2][:1]
	reference, rest, closed := strings.Cut(m[2][1:], quote)
	if closed {
		rest = quote + rest
	}
	return []string{value, m[1] + quote, reference, rest + m[3]}
}

// FuzzLink: only what stands in angle brackets changes, and as in a Location.
func FuzzLink(f *testing.F) {
	for _, r := range references {
		f.Add("<" + r + `>; rel="next, <a>", <` + r + ">")
	}
	f.Add(`</v2/carts/8>; title="\", </v2/carts/9>", </v2/carts/9`)
	brackets := regexp.MustCompile(`<[^>]*>`)
	answers(f, "Link", func(t *testing.T, c client, value, got string) {
		if brackets.ReplaceAllString(value, "<>") != brackets.ReplaceAllString(got, "<>") {
			t.Fatalf("%q becomes %q: more than targets changed", value, got)
		}
		before, after := brackets.FindAllString(value, -1), brackets.FindAllString(got, -1)
		for i := range before {
			target := strings.Trim(before[i], "<>")
			if before[i] != after[i] && !strings.ContainsAny(target, `<"`) { // which may stand in a parameter
				checkReference(t, c, target, strings.Trim(after[i], "<>"))
			}
		}
	})
}

// FuzzSetCookie: nothing but Domain goes and nothing but the value of Path changes.
func FuzzSetCookie(f *testing.F) {
	for _, attributes := range []string{"Path=/v2/carts/8", "path = / ; Domain=cart.internal", "Domain=.internal; Secure;;", "Path=/v2//x; Path=", "=; Domain==", "Path=/a%3Bb%0d"} {
		f.Add("a=b; " + attributes)
		f.Add("__host-a=b;" + attributes)
	}
	answers(f, "Set-Cookie", func(t *testing.T, _ client, value, got string) {
		kept := strings.Split(got, ";")
		for i, attribute := range strings.Split(value, ";") {
			name, _, _ := strings.Cut(attribute, "=")
			switch {
			case len(kept) > 0 && kept[0] == attribute:
			case i > 0 && strings.EqualFold(strings.Trim(name, " \t"), "domain"):
				continue
			case i > 0 && strings.EqualFold(strings.Trim(name, " \t"), "path") && len(kept) > 0 && strings.HasPrefix(kept[0], name+"=/"):
			default:
				t.Fatalf("%q becomes %q", value, got)
			}
			kept = kept[1:]
		}
		if len(kept) > 0 {
			t.Fatalf("%q becomes %q", value, got)
		}
		if strings.HasPrefix(strings.ToLower(value), "__host-") && (&http.Response{Header: http.Header{"Set-Cookie": {value}}}).Cookies() != nil {
			if before, after := cookiePathOf(value), cookiePathOf(got); before != after {
				t.Fatalf("%q becomes %q: the path of such a cookie stays", value, got)
			}
		}
	})
}

func cookiePathOf(value string) string {
	for _, c := range (&http.Response{Header: http.Header{"Set-Cookie": {value}}}).Cookies() {
		return c.Path
	}
	return ""
}

// FuzzCompile: a rewrite that passes the check compiles, and its requests and answers
// can be changed.
func FuzzCompile(f *testing.F) {
	f.Add("GET /shop/cart/{id}", "/v2/carts/{id}", "", "", "{id}")
	f.Add("shop.example/shop/{rest...}", "", "/shop", "/v2", "{{{rest}}}")
	f.Add("/shop/", "", "/shop", "", "a")
	f.Add("/caf%C3%A9/{$}", "", "/caf\xc3\xa9", "/%2F", "{}")
	f.Fuzz(func(t *testing.T, match, path, strip, add, text string) {
		rule := mapping(route.SideRewrite{
			Path: path, StripPrefix: strip, AddPrefix: add,
			Query:           route.Changes{Set: map[string]string{text: text}},
			Headers:         route.Changes{Set: map[string]string{"Host": text, "X-A": text}},
			ResponseHeaders: route.Changes{Set: map[string]string{"X-A": text}},
		})
		table, problems := routetable.Compile(route.Set{
			Backends: []route.Backend{{Name: "legacy", Addresses: []string{"http://a:1"}}, {Name: "cart", Addresses: []string{"http://b:1"}}},
			Routes:   []route.Definition{moved("it", match, rule)},
		}, routetable.Options{})
		if problems.HasErrors() {
			return
		}
		r := Compile(table).Of(table.Entry("it"), route.New)
		for _, raw := range []string{"/", "/shop/cart/7", "/a/b/c/", match[max(0, strings.IndexByte(match, '/')):]} {
			canonical := routetable.Canonical(raw)
			method, _, _ := strings.Cut(match, " ")
			if table.Match(&routetable.Request{Method: method, Path: canonical, Host: "shop.example"}).ID != "it" {
				continue
			}
			c := ask(r, raw)
			c.answer("Location", "/v2/carts/8")
			if p := r.Preview(&routetable.Request{Path: canonical, Header: http.Header{}}).Path; !strings.HasPrefix(p, "/") {
				t.Fatalf("%s: the backend sees the path %q", raw, p)
			}
		}
	})
}
