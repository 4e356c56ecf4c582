package routetable

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

// sizes are the tables that benchmarks run on, in routes.
var sizes = []int{10, 1_000, 10_000, 100_000}

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

func BenchmarkMatch(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			table := compile(b, shopPatterns(n)...)
			r := rand.New(rand.NewPCG(1, 1))
			paths := make([]string, 4096)
			for i := range paths {
				k := r.IntN(n)
				paths[i] = fmt.Sprintf("/api/area%d/resource%d/%d", k/400, k/4, r.IntN(1e6))
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				table.Match(&Request{Method: "GET", Host: "shop.example.com", Path: paths[i&4095]})
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			set := setOf(shopPatterns(n)...)
			var table *Table
			before := heap()
			for range b.N {
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
