package routetable

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"ficus/gateway/route"
)

// sizes are the tables that benchmarks run on, in routes.
var sizes = []int{10, 1_000, 10_000, 100_000}

// A shape is a kind of table: its routes, and a request to the k-th of them.
type shape struct {
	name    string
	routes  func(n int) []route.Definition
	request func(k int) Request
}

// shopPatterns returns n patterns of the shape that large tables have: areas with
// resources, each with a list, an item, a nested list and a nested item.
func shopPatterns(n int) []string {
	patterns := make([]string, n)
	for i := range patterns {
		resource := fmt.Sprintf("/api/area%d/resource%d", i/400, i/4)
		patterns[i] = []string{
			"GET " + resource,
			"GET " + resource + "/{id}",
			"POST " + resource + "/{id}/items",
			resource + "/{id}/items/{item}",
		}[i%4]
	}
	return patterns
}

// areas is the shape of the goals: BenchmarkMatch and BenchmarkCompile.
var areas = shape{
	routes: func(n int) []route.Definition { return setOf(shopPatterns(n)...).Routes },
	request: func(k int) Request {
		return Request{Method: "GET", Host: "shop.example.com", Path: fmt.Sprintf("/api/area%d/resource%d/%d", k/400, k/4, k*7919)}
	},
}

var otherShapes = []shape{
	{ // all routes in one folder, and a wildcard beside them
		name: "folder",
		routes: func(n int) []route.Definition {
			return numbered(n-1, func(i int) string { return fmt.Sprintf("GET /api/resource%d", i) }, "/api/{id}")
		},
		request: func(k int) Request {
			return Request{Method: "GET", Host: "shop.example.com", Path: fmt.Sprintf("/api/resource%d", k)}
		},
	},
	{ // a wildcard host for each route
		name: "hosts",
		routes: func(n int) []route.Definition {
			return numbered(n-1, func(i int) string { return fmt.Sprintf("*.tenant%d.example.com/api/{path...}", i) }, "/")
		},
		request: func(k int) Request {
			return Request{Method: "GET", Host: fmt.Sprintf("www.shop.tenant%d.example.com:8443", k), Path: "/api/cart/17"}
		},
	},
	{ // the patterns of areas, each four times, set apart by conditions
		name:    "conditions",
		routes:  conditionRoutes,
		request: conditionRequest,
	},
	{ // one pattern, and a condition for each route
		name: "tenants",
		routes: func(n int) []route.Definition {
			routes := numbered(n, func(int) string { return "GET /api/cart/{id}" })
			for i := range routes[1:] {
				routes[i+1].When.Header = map[string]route.Wanted{"X-Tenant": route.Wanted(fmt.Sprintf("tenant%d", i+1))}
			}
			return routes
		},
		request: func(k int) Request {
			return Request{
				Method: "GET", Host: "shop.example.com", Path: "/api/cart/17",
				Header: http.Header{"X-Tenant": {fmt.Sprintf("tenant%d", k)}},
			}
		},
	},
	{ // the most backtracking that compiles: eight segments, each a literal or a wildcard
		name: "backtracking",
		routes: func(n int) []route.Definition {
			return numbered(n, backtrackingPattern)
		},
		request: func(k int) Request {
			return Request{Method: "GET", Host: "shop.example.com", Path: fmt.Sprintf("/area%d", k>>backtrackingDepth) + strings.Repeat("/a", backtrackingDepth) + "/none"}
		},
	},
}

// numbered makes n routes of patterns and one of each of the rest.
func numbered(n int, pattern func(i int) string, rest ...string) []route.Definition {
	patterns := make([]string, n, n+len(rest))
	for i := range patterns {
		patterns[i] = pattern(i)
	}
	return setOf(append(patterns, rest...)...).Routes
}

func conditionRoutes(n int) []route.Definition {
	patterns := shopPatterns(n)
	routes := numbered(n, func(i int) string { return patterns[i/4*4+1] })
	for i := range routes {
		when := &routes[i].When
		switch i % 4 {
		case 1:
			when.Header = map[string]route.Wanted{"X-Beta": "yes"}
		case 2:
			when.Cookie = map[string]route.Wanted{"beta": "yes"}
			when.Query = map[string]route.Wanted{"version": "2"}
		case 3:
			when.ContentType = "application/json"
			when.Header = map[string]route.Wanted{"Accept-Language": "de*", "X-Beta": "yes"}
		}
	}
	return routes
}

func conditionRequest(k int) Request {
	r := areas.request(k)
	r.RawQuery = "page=3&version=2"
	r.Header = conditionHeaders[k%2]
	return r
}

var conditionHeaders = [2]http.Header{
	{
		"Accept-Language": {"de-CH,de;q=0.9"}, "Content-Type": {"application/json; charset=utf-8"},
		"Cookie": {"session=d41d8cd98f00b204e9800998ecf8427e; beta=yes"},
	},
	{
		"Accept-Language": {"de-CH,de;q=0.9"}, "Content-Type": {"application/json; charset=utf-8"},
		"X-Beta": {"yes"},
	},
}

const backtrackingDepth = 7

// backtrackingPattern returns the i-th pattern of areas in which every segment is a
// literal or a wildcard, in all combinations, and the last one is its own.
func backtrackingPattern(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "/area%d", i>>backtrackingDepth)
	for level := range backtrackingDepth {
		if i>>level&1 == 0 {
			b.WriteString("/a")
		} else {
			fmt.Fprintf(&b, "/{w%d}", level)
		}
	}
	fmt.Fprintf(&b, "/end%d", i)
	return b.String()
}

func (s shape) set(n int) route.Set {
	set := setOf()
	set.Routes = s.routes(n)
	return set
}

func BenchmarkMatch(b *testing.B) { benchmarkMatch(b, areas) }

func BenchmarkCompile(b *testing.B) { benchmarkCompile(b, areas) }

func BenchmarkMatchOther(b *testing.B) {
	for _, s := range otherShapes {
		b.Run(s.name, func(b *testing.B) { benchmarkMatch(b, s) })
	}
}

func BenchmarkCompileOther(b *testing.B) {
	for _, s := range otherShapes {
		b.Run(s.name, func(b *testing.B) { benchmarkCompile(b, s) })
	}
}

func benchmarkMatch(b *testing.B, s shape) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			table, problems := Compile(s.set(n), Options{})
			if problems.HasErrors() {
				b.Fatal(problems[0])
			}
			random := rand.New(rand.NewPCG(1, 1))
			requests := make([]Request, 4096)
			for i := range requests {
				requests[i] = s.request(random.IntN(n))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r := requests[i&4095]
				table.Match(&r)
			}
		})
	}
}

func benchmarkCompile(b *testing.B, s shape) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			set := s.set(n)
			var table *Table
			before := heap()
			for b.Loop() {
				table, _ = Compile(set, Options{})
			}
			b.StopTimer()
			b.ReportMetric(float64(heap()-before)/float64(n), "B/route")
			runtime.KeepAlive(table)
			runtime.KeepAlive(set) // it was there before, and has to be there after
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools kept goes at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
