package docs

import (
	"fmt"
	"net/http"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// asked are patterns with requests, of which some match.
var asked = []struct {
	pattern  string
	requests []string
}{
	{"GET /api/cart", []string{"GET /api/cart", "HEAD /api/cart", "POST /api/cart", "GET /api/cart/"}},
	{"/api/cart/{id}", []string{"GET /api/cart/7", "DELETE /api/cart/a%2Fb", "GET /api/cart/", "GET /api/cart/7/items"}},
	{"/files/{path...}", []string{"GET /files/", "GET /files/a/b", "GET /files"}},
	{"/files/", []string{"GET /files/", "GET /files/a/b", "GET /files"}},
	{"/files/{$}", []string{"GET /files/", "GET /files/a", "GET /files"}},
	{"shop.example/cart", []string{"GET shop.example/cart", "GET SHOP.example:8443/cart", "GET www.shop.example/cart"}},
	{"*.shop.example/cart", []string{"GET www.shop.example/cart", "GET a.b.shop.example/cart", "GET shop.example/cart"}},
}

// patterns is a table of patterns, and which requests they match.
func (w *writer) patterns() string {
	t := table{"pattern", "matches", "does not match"}.head()
	for _, a := range asked {
		set := route.Set{Routes: []route.Definition{{ID: "a", Match: a.pattern}}}
		var yes, no []string
		for _, text := range a.requests {
			e, err := owner(set, text)
			if err != nil {
				return w.failed(err)
			}
			if e.ID == "a" {
				yes = append(yes, code(text))
			} else {
				no = append(no, code(text))
			}
		}
		t.row(code(a.pattern), strings.Join(yes, ", "), strings.Join(no, ", "))
	}
	return t.String()
}

// rivals are pairs of patterns that both match a request.
var rivals = []struct{ a, b, request string }{
	{"GET /api/cart/{id}", "/api/cart/{id}", "GET /api/cart/7"},
	{"/api/cart/new", "/api/cart/{id}", "GET /api/cart/new"},
	{"/api/{rest...}", "/api/cart/{id}", "GET /api/cart/7"},
	{"GET /api/cart/{id}", "/{rest...}", "GET /api/cart/7"},
	{"www.shop.example/cart", "*.shop.example/cart", "GET www.shop.example/cart"},
	{"shop.example/{rest...}", "GET /cart", "GET shop.example/cart"},
}

// winners is a table of which of two patterns gets a request, and why.
func (w *writer) winners() string {
	t := table{"request", "goes to", "and not to", "why not the latter"}.head()
	for _, r := range rivals {
		set := route.Set{Routes: []route.Definition{{ID: "a", Match: r.a}, {ID: "b", Match: r.b}}}
		winner, err := owner(set, r.request)
		if err != nil {
			return w.failed(err)
		}
		loser, err := owner(route.Set{Routes: []route.Definition{set.Routes[1-winner.Index]}}, r.request)
		if err != nil {
			return w.failed(err)
		}
		t.row(code(r.request), code(winner.Pattern.String()), code(loser.Pattern.String()), routetable.Why(winner, loser))
	}
	return t.String()
}

// owner is the entry that owns a request such as "GET shop.example/cart".
func owner(set route.Set, request string) (*routetable.Entry, error) {
	set.Backends = []route.Backend{{Name: route.LegacyBackend, Addresses: []string{"http://127.0.0.1:9101"}}}
	table, problems := routetable.Compile(set, routetable.Options{})
	if table == nil {
		return nil, problems
	}
	method, target, ok := strings.Cut(request, " ")
	slash := strings.IndexByte(target, '/')
	if !ok || slash < 0 {
		return nil, fmt.Errorf("%q is no request", request)
	}
	return table.Match(&routetable.Request{
		Method: method, Host: target[:slash], Path: routetable.Canonical(target[slash:]), Header: http.Header{},
	}), nil
}
