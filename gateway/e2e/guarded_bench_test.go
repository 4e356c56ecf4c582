package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

// BenchmarkGuarded compares a running gateway whose route is public with the same gateway
// where it is guarded: each request's session is known by introspection, and a policy of
// the shop decides. As with the size of the table, the CPU time of the process counts.
//
//	go test ./gateway/e2e -run xxx -bench Guarded -benchtime 20x
func BenchmarkGuarded(b *testing.B) {
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/session" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, `{"id":7,"email":"a@example.com","name":"A","role":"customer","auth_time":1767225600}`)
			return
		}
		_, _ = w.Write([]byte(strings.Repeat("x", 1024)))
	}))
	b.Cleanup(shop.Close)
	b.Setenv("LEGACY_ADDRESS", shop.URL)
	g := startForLoad(b)
	g.client.Transport = withSession{g.client.Transport}
	if err := os.CopyFS(filepath.Join(g.routes, "policies"), os.DirFS(filepath.Join(gatewaytest.Root(b), "routes", "policies"))); err != nil {
		b.Fatal(err)
	}
	tables := map[string]string{}
	for i, policy := range []string{"public", "shop.orders"} { // the second has another size, so that it is known when it serves
		tables[policy] = fmt.Sprintf("routes:\n  - { id: orders, match: \"GET /api/orders/{id}\", policy: %s }\n", policy) +
			strings.Repeat("  - { id: other, match: GET /other, policy: public }\n", i)
	}
	paths := make([]string, 100)
	for i := range paths {
		paths[i] = fmt.Sprintf("/api/orders/%d", i)
	}
	cpu, wall := map[string][]float64{}, map[string][]float64{}
	for range b.N {
		for policy, text := range tables {
			g.apply(text, strings.Count(text, "id: "))
			g.load(paths, 2000) // warm
			c, w := g.load(paths, 20_000)
			cpu[policy], wall[policy] = append(cpu[policy], c), append(wall[policy], w)
		}
	}
	b.ReportMetric(0, "ns/op") // says nothing here
	b.ReportMetric(median(cpu["public"]), "cpu-µs/req@public")
	b.ReportMetric(median(cpu["shop.orders"]), "cpu-µs/req@guarded")
	b.ReportMetric(median(cpu["shop.orders"])/median(cpu["public"]), "cpu-ratio")
	b.ReportMetric(median(wall["shop.orders"])/median(wall["public"]), "ratio")
}

// withSession sends each request in one session.
type withSession struct{ http.RoundTripper }

func (s withSession) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Cookie", "shop_session=0123456789abcdef0123456789abcdef")
	return s.RoundTripper.RoundTrip(r)
}
