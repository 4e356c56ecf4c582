package routetable

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
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

func TestMatchAllocatesNothing(t *testing.T) {
	table := compile(t, "GET shop.example.com/api/cart/{id}", "/files/{p...}", "*.example.com/x/{y}/z")
	for _, target := range []string{"/api/cart/17", "/files/a/b/c", "/x/7/z", "/nothing/here"} {
		if n := testing.AllocsPerRun(100, func() { table.Match(&Request{Method: "GET", Host: "shop.example.com:8080", Path: target}) }); n != 0 {
			t.Errorf("Match(%s): %v allocations", target, n)
		}
	}
}

// naive is the reference: the most specific of all patterns that match, by
// comparing every two.
func naive(entries []*Entry, method, host, path string) *Entry {
	var best *Entry
	for _, e := range entries[:len(entries)-1] {
		if !naiveMatches(e.Pattern, method, normalHost(host), path) {
			continue
		}
		if best == nil || naiveWins(e.Pattern, best.Pattern) {
			best = e
		}
	}
	if best == nil {
		return entries[len(entries)-1]
	}
	return best
}

func naiveMatches(p Pattern, method, host, path string) bool {
	if p.method != "" && p.method != method && !(p.method == "GET" && method == "HEAD") {
		return false
	}
	if strings.HasPrefix(p.host, ".") && !(strings.HasSuffix(host, p.host) && host != p.host) {
		return false
	}
	if p.host != "" && p.host[0] != '.' && p.host != host {
		return false
	}
	if path == "" || path[0] != '/' {
		return false
	}
	parts := strings.Split(path[1:], "/")
	for i, s := range p.segments {
		if s.kind == rest {
			return i < len(parts)
		}
		if i >= len(parts) {
			return false
		}
		switch {
		case s.kind == literal && parts[i] != s.text,
			s.kind == wildcard && parts[i] == "",
			s.kind == slashEnd && (parts[i] != "" || i != len(parts)-1):
			return false
		}
	}
	return len(parts) == len(p.segments)
}

// naiveWins compares two patterns that match one request.
func naiveWins(p, q Pattern) bool {
	if p.host != q.host {
		rank := func(h string) int {
			if h == "" || h[0] == '.' {
				return len(h)
			}
			return 1 << 20
		}
		return rank(p.host) > rank(q.host)
	}
	r, _ := compareMethods(p.method, q.method)
	for i := range min(len(p.segments), len(q.segments)) {
		a, b := p.segments[i].kind, q.segments[i].kind
		if a == rest || b == rest {
			if a != b {
				r |= map[bool]relation{true: general, false: specific}[a == rest]
			}
			break
		}
		if a == wildcard && b == literal {
			r |= general
		}
		if a == literal && b == wildcard {
			r |= specific
		}
	}
	return r == specific
}

var (
	words   = []string{"a", "b", "c", "api"}
	methods = []string{"", "GET", "HEAD", "POST"}
	hosts   = []string{"", "", "h.io", "x.h.io", "*.h.io", "*.io"}
)

func randomPattern(r *rand.Rand) string {
	var b strings.Builder
	if m := methods[r.IntN(len(methods))]; m != "" {
		b.WriteString(m + " ")
	}
	b.WriteString(hosts[r.IntN(len(hosts))])
	for i := range r.IntN(4) {
		if r.IntN(3) == 0 {
			fmt.Fprintf(&b, "/{w%d}", i)
		} else {
			b.WriteString("/" + words[r.IntN(len(words))])
		}
	}
	ends := []string{"/", "/{$}", "/{rest...}", "/" + words[r.IntN(len(words))], "/{last}"}
	b.WriteString(ends[r.IntN(len(ends))])
	return b.String()
}

func randomRequest(r *rand.Rand) (method, host, path string) {
	method = []string{"GET", "HEAD", "POST", "PUT"}[r.IntN(4)]
	host = []string{"h.io", "x.h.io", "y.x.h.io:80", "q.io", "z"}[r.IntN(5)]
	for range 1 + r.IntN(4) {
		path += "/" + append(words, "", "z")[r.IntN(len(words)+2)]
	}
	return method, host, path
}

// TestAgainstReference adds random patterns one by one, leaving out those in
// conflict, and compares the trees with the naive reference and, where both
// understand the pattern, with net/http.ServeMux.
func TestAgainstReference(t *testing.T) {
	for seed := range uint64(300) {
		checkAgainstReference(t, seed)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { checkAgainstReference(t, seed) })
}

func checkAgainstReference(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	index := hostIndex{}
	var entries []*Entry
	mux := http.NewServeMux()
	for range 1 + r.IntN(25) {
		text := randomPattern(r)
		p, err := ParsePattern(text)
		if err != nil {
			t.Fatalf("ParsePattern(%q): %v", text, err)
		}
		e := &Entry{ID: text, Pattern: p}
		conflict := index.conflict(e)
		if !strings.Contains(text, "*") {
			if refused := muxRefuses(mux, text); refused != (conflict != nil) {
				t.Fatalf("seed %d: %q: conflict %v, ServeMux refuses: %v", seed, text, conflict, refused)
			}
		}
		if conflict != nil {
			checkExamples(t, e, conflict)
			continue
		}
		index.insert(e)
		entries = append(entries, e)
	}
	table := &Table{Entries: append(entries, &Entry{ID: "default"}), hosts: index}
	for range 60 {
		method, host, path := randomRequest(r)
		got, want := table.Match(&Request{Method: method, Host: host, Path: path}), naive(table.Entries, method, host, path)
		if got != want {
			t.Fatalf("seed %d: Match(%s %s%s) = %s, naively %s", seed, method, host, path, got.ID, want.ID)
		}
		checkMux(t, mux, entries, got, method, host, path)
	}
}

// muxRefuses registers a pattern and reports whether ServeMux finds a conflict.
func muxRefuses(mux *http.ServeMux, text string) (refused bool) {
	defer func() { refused = recover() != nil }()
	mux.Handle(text, http.NotFoundHandler())
	return false
}

// checkMux compares with ServeMux where no wildcard host is in play and it would
// not redirect.
func checkMux(t *testing.T, mux *http.ServeMux, entries []*Entry, got *Entry, method, host, path string) {
	for _, e := range entries {
		if strings.HasPrefix(e.Pattern.host, ".") {
			return
		}
	}
	if strings.Contains(path, "//") {
		return
	}
	request := httptest.NewRequest(method, path, nil)
	request.Host = host
	_, pattern := mux.Handler(request)
	if pattern == "" {
		pattern = "default"
	} else if p, err := ParsePattern(pattern); err != nil || !naiveMatches(p, method, normalHost(host), path) {
		return // it would redirect, to the path with a slash at its end
	}
	if got.ID != pattern {
		t.Fatalf("Match(%s %s%s) = %s, ServeMux says %s", method, host, path, got.ID, pattern)
	}
}

// checkExamples proves each example of a conflict.
func checkExamples(t *testing.T, a, b *Entry) {
	check := func(text string, inA, inB bool) {
		t.Helper()
		if text == "" {
			return
		}
		method, target, ok := strings.Cut(text, " ")
		if !ok {
			method, target = "PUT", text
		}
		slash := strings.IndexByte(target, '/')
		host, path := target[:slash], target[slash:]
		if gotA, gotB := naiveMatches(a.Pattern, method, host, path), naiveMatches(b.Pattern, method, host, path); gotA != inA || gotB != inB {
			t.Errorf("%q against %q: example %q matches %v and %v, want %v and %v", a.ID, b.ID, text, gotA, gotB, inA, inB)
		}
	}
	check(exampleBoth(a.Pattern, b.Pattern), true, true)
	check(exampleOnly(a.Pattern, b.Pattern), true, false)
	check(exampleOnly(b.Pattern, a.Pattern), false, true)
	onlyA, onlyB := exampleOnly(a.Pattern, b.Pattern), exampleOnly(b.Pattern, a.Pattern)
	if (onlyA == "") != (onlyB == "") {
		t.Errorf("%q against %q: only one side has an example of its own: %q, %q", a.ID, b.ID, onlyA, onlyB)
	}
}
