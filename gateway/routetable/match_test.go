package routetable

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"ficus/gateway/route"
)

// compile compiles patterns, each a route "r<i>" on the backend "new".
func compile(t testing.TB, patterns ...string) *Table {
	t.Helper()
	table, problems := Compile(setOf(patterns...), Options{})
	if problems.HasErrors() {
		t.Fatalf("Compile(%q): %v", patterns, problems)
	}
	return table
}

func setOf(patterns ...string) route.Set {
	set := route.Set{Backends: []route.Backend{
		{Name: "legacy", Addresses: []string{"http://127.0.0.1:1"}},
		{Name: "new", Addresses: []string{"http://127.0.0.1:2"}},
	}}
	for i, p := range patterns {
		set.Routes = append(set.Routes, route.Definition{
			ID: fmt.Sprintf("r%d", i), Match: p, Settings: route.Settings{Backend: "new", Stage: route.StageNew},
			Origin: route.Origin{File: "routes/test.yaml", Line: i + 1, Column: 5, Index: i},
		})
	}
	return set
}

func TestMatch(t *testing.T) {
	table := compile(t,
		"/",                        // r0
		"GET /api/products",        // r1
		"GET /api/products/{id}",   // r2
		"/api/products/{id}",       // r3
		"/files/{path...}",         // r4
		"/files/readme",            // r5
		"/exact/{$}",               // r6
		"admin.example.com/",       // r7
		"*.example.com/api/",       // r8
		"GET /a/{x}/c",             // r9
		"GET /a/b/d",               // r10
		"/caf%C3%A9/{name}",        // r11
		"/enc/a%2Fb",               // r12
		"POST example.org/api/{$}", // r13
	)
	for _, tc := range []struct{ method, host, path, want string }{
		{"GET", "x", "/", "r0"},
		{"GET", "x", "/other", "r0"},
		{"GET", "x", "/api/products", "r1"},
		{"HEAD", "x", "/api/products", "r1"},
		{"POST", "x", "/api/products", "r0"},
		{"GET", "x", "/api/products/", "r0"},
		{"GET", "x", "/api/products/7", "r2"},
		{"HEAD", "x", "/api/products/7", "r2"},
		{"DELETE", "x", "/api/products/7", "r3"},
		{"GET", "x", "/files/", "r4"},
		{"GET", "x", "/files", "r0"},
		{"GET", "x", "/files/a/b", "r4"},
		{"GET", "x", "/files/readme", "r5"},
		{"GET", "x", "/files/readme/", "r4"},
		{"GET", "x", "/exact/", "r6"},
		{"GET", "x", "/exact", "r0"},
		{"GET", "x", "/exact/a", "r0"},
		{"GET", "admin.example.com", "/files/readme", "r7"},
		{"GET", "ADMIN.example.com.:8080", "/files/readme", "r7"},
		{"GET", "admin.example.com", "/api/x", "r7"},
		{"GET", "shop.example.com:443", "/api/x", "r8"},
		{"GET", "a.b.example.com", "/api/x", "r8"},
		{"GET", "example.com", "/api/x", "r0"},
		{"GET", "shop.example.com", "/files/readme", "r5"},
		{"GET", "[::1]:80", "/a/b/c", "r9"},
		{"GET", "x", "/a/b/d", "r10"},
		{"GET", "x", "/a/b/e", "r0"},
		{"GET", "x", "/a//c", "r0"},
		{"GET", "x", Canonical("/caf%C3%A9/x"), "r11"},
		{"GET", "x", "/café/x", "r11"},
		{"GET", "x", Canonical("/enc/a%2fb"), "r12"},
		{"GET", "x", Canonical("/enc/a/b"), "r0"},
		{"POST", "example.org", "/api/", "r13"},
		{"POST", "example.net", "/api/", "r0"},
		{"OPTIONS", "x", "*", "default"},
	} {
		if got := table.Match(&Request{Method: tc.method, Host: tc.host, Path: tc.path}).ID; got != tc.want {
			t.Errorf("Match(%s %s%s) = %s, want %s", tc.method, tc.host, tc.path, got, tc.want)
		}
	}
}

func TestMatchWithoutRouteIsDefault(t *testing.T) {
	table := compile(t, "GET /api/cart")
	e := table.Match(&Request{Method: "GET", Host: "x", Path: "/"})
	if e != table.Default() || e.Stage != route.StageLegacy || e.BackendOf(route.Legacy) != "legacy" {
		t.Errorf("got %+v", e)
	}
}

func TestNormalHost(t *testing.T) {
	for host, want := range map[string]string{
		"":                        "",
		"h.io":                    "h.io",
		"H.IO":                    "h.io",
		"h.io.":                   "h.io",
		"h.io:80":                 "h.io",
		"h.io.:80":                "h.io",
		"h.io:":                   "h.io",
		"h.io..":                  "h.io.",
		":80":                     "",
		"127.0.0.1:8080":          "127.0.0.1",
		"[::1]":                   "[::1]",
		"[::1]:80":                "[::1]",
		"[FE80::1%25en0]:80":      "[fe80::1%25en0]",
		".h.io":                   "", // no label before the dot
		"\u212a.io":               "", // the Kelvin sign, a k to Unicode
		strings.Repeat("a.", 200): "", // longer than a name can be
	} {
		if got := normalHost(host); got != want {
			t.Errorf("normalHost(%q) = %q, want %q", host, got, want)
		}
	}
}

func TestHosts(t *testing.T) {
	table := compile(t, "h.io/", "*.h.io/", "*.x.h.io/a", "x.h.io/", "/", "*.io/b")
	for _, tc := range []struct{ host, path, want string }{
		{"h.io", "/", "r0"},
		{"H.io.:443", "/", "r0"},
		{"y.h.io", "/", "r1"},
		{"z.y.h.io", "/", "r1"},
		{"x.h.io", "/a", "r3"},
		{"y.x.h.io", "/a", "r2"},
		{"y.x.h.io", "/b", "r1"},
		{"z.io", "/b", "r5"},
		{"h.io", "/b", "r0"},
		{".h.io", "/", "r4"},
		{"..h.io", "/", "r4"},
		{"", "/", "r4"},
		{"io", "/b", "r4"},
		{"[::1]:80", "/", "r4"},
		{strings.Repeat("a.", 200) + "h.io", "/", "r4"},
	} {
		if got := table.Match(&Request{Method: "GET", Host: tc.host, Path: tc.path}).ID; got != tc.want {
			t.Errorf("Match(%q, %s) = %s, want %s", tc.host, tc.path, got, tc.want)
		}
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	set := setOf("GET shop.example.com/api/cart/{id}", "/files/{p...}", "*.example.com/x/{y}/z", "/when", "/when", "/when", "/when")
	for i := range 20 { // as many as need an index
		d := set.Routes[3]
		d.ID = fmt.Sprintf("tenant%d", i)
		d.When.Header = map[string]route.Wanted{"X-Tenant": route.Wanted(d.ID)}
		set.Routes = append(set.Routes, d)
	}
	set.Routes[4].When = route.Conditions{Header: map[string]route.Wanted{"X-Beta": "y*"}, ContentType: "application/json"}
	set.Routes[5].When = route.Conditions{Cookie: map[string]route.Wanted{"beta": "yes", "b": "*"}, ContentType: "text/plain"}
	set.Routes[6].When = route.Conditions{
		Query: map[string]route.Wanted{"v": "2", "w": "3"}, Header: map[string]route.Wanted{"X-Beta": "1", "X-Tenant": "0"},
	}
	table, problems := Compile(set, Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	header := http.Header{
		"X-Beta": {"1"}, "X-Tenant": {"tenant7"}, "Content-Type": {"text/plain; charset=utf-8"}, "Cookie": {"a=1; b=2; beta=yes"},
	}
	for _, tc := range []struct{ path, query, want string }{
		{"/api/cart/17", "", "r0"},
		{"/files/a/b/c", "", "r1"},
		{"/x/7/z", "", "r2"},
		{"/when", "u=%20&v=2&w=4", "r5"},
		{"/nothing/here", "", "default"},
	} {
		r := Request{Method: "GET", Host: "shop.example.com:8080", Path: tc.path, RawQuery: tc.query, Header: header}
		if got := table.Match(&r).ID; got != tc.want {
			t.Errorf("Match(%s) = %s, want %s", tc.path, got, tc.want)
		}
		if n := testing.AllocsPerRun(100, func() { table.Match(&r) }); n != 0 {
			t.Errorf("Match(%s): %v allocations", tc.path, n)
		}
	}
}

// A folder, and the methods of a host, may hold few names or many.
func TestManyNames(t *testing.T) {
	for _, n := range []int{1, few, few + 1, 100} {
		patterns := []string{"/api/{x}/c"}
		for i := range n {
			patterns = append(patterns, fmt.Sprintf("M%d /api/a%d/b", i, i), fmt.Sprintf("/api/a%d/b", i))
		}
		table := compile(t, patterns...)
		for i := range n {
			for method, want := range map[string]string{
				fmt.Sprintf("M%d", i): fmt.Sprintf("r%d", 1+2*i), "GET": fmt.Sprintf("r%d", 2+2*i),
			} {
				if got := table.Match(&Request{Method: method, Path: fmt.Sprintf("/api/a%d/b", i)}).ID; got != want {
					t.Errorf("Match(%s /api/a%d/b) = %s, want %s", method, i, got, want)
				}
			}
		}
		if got := table.Match(&Request{Method: "GET", Path: fmt.Sprintf("/api/a%d/c", n-1)}).ID; got != "r0" {
			t.Errorf("beside %d literals: %s, want r0", n, got)
		}
		_, problems := Compile(setOf(append(patterns, "/api/{x}/b", "GET /api/{x}/b", "GET /api/{x...}")...), Options{})
		var codes []route.Code
		for _, p := range problems {
			if p.Severity == route.Error {
				codes = append(codes, p.Code)
			}
		}
		if !slices.Equal(codes, []route.Code{route.CodeConflict, route.CodeConflict}) {
			t.Errorf("beside %d literals: %v", n, problems)
		}
	}
}

// However deep a table branches, a match looks at no more than maxPlaces, or the
// table does not compile.
func TestBranching(t *testing.T) {
	for depth, ok := range map[int]bool{1: true, 4: true, 7: true, 8: false, 10: false} {
		var patterns []string
		for i := range 1 << depth {
			text := ""
			for level := range depth {
				if i>>level&1 == 0 {
					text += "/a"
				} else {
					text += fmt.Sprintf("/{w%d}", level)
				}
			}
			patterns = append(patterns, fmt.Sprintf("%s/end%d", text, i))
		}
		table, problems := Compile(setOf(patterns...), Options{})
		if ok != (table != nil) {
			t.Errorf("depth %d: %v", depth, problems)
		}
		for _, p := range problems {
			if p.Severity == route.Error && (p.Code != route.CodeBranching || p.Route != "r0") {
				t.Errorf("depth %d: %v", depth, p)
			}
		}
	}
	deep := strings.Repeat("/a", 200)
	table := compile(t, deep+"/b", "/{x}"+deep+"/c")
	if got := table.Match(&Request{Method: "GET", Path: "/a" + deep + "/c"}).ID; got != "r1" {
		t.Errorf("deep paths: %s", got)
	}
}
