package authz

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// BenchmarkDecide asks the shop's policies, with kept decisions (warm) and without
// (cold). It also reports the median, which a loaded machine disturbs less than the mean.
func BenchmarkDecide(b *testing.B) {
	customer := Principal{ID: "7", Source: "session", Claims: map[string]any{
		"sub": "7", "role": "customer", "email": "alice@example.com", "name": "Alice Berger", "auth_time": float64(time.Now().Unix()),
	}}
	admin := customer
	admin.Claims = map[string]any{"sub": "1", "role": "admin", "email": "erin@example.com", "name": "Erin", "auth_time": float64(time.Now().Unix())}
	for _, tc := range []struct {
		policy string
		in     Input
		allow  bool
	}{
		{"shop.browse", Input{Method: "GET", Path: "/api/products/17", Segments: []string{"api", "products", "17"}, Params: map[string]string{"id": "17"}, Principal: Principal{Anonymous: true}}, true},
		{"shop.cart", Input{Method: "POST", Path: "/api/cart/items", Segments: []string{"api", "cart", "items"}, Principal: customer}, true},
		{"shop.orders", Input{Method: "GET", Path: "/api/orders/1009", Segments: []string{"api", "orders", "1009"}, Params: map[string]string{"id": "1009"}, Principal: customer}, true},
		{"shop.orders", Input{Method: "GET", Path: "/orders/1009", Segments: []string{"orders", "1009"}, Params: map[string]string{"id": "1009"}, Principal: Principal{Anonymous: true}}, false},
		{"shop.admin", Input{Method: "GET", Path: "/admin/export.csv", Segments: []string{"admin", "export.csv"}, Principal: admin}, true},
		{"shop.checkout", Input{Method: "POST", Path: "/api/orders", Segments: []string{"api", "orders"}, Principal: customer}, true},
	} {
		in := tc.in
		in.Host, in.Route, in.Group, in.Stage, in.Side, in.ClientIP = "shop.example", "r", "g", "canary", "new", "192.0.2.1"
		name := tc.policy
		if !tc.allow {
			name += "-refused"
		}
		b.Run("warm/"+name, func(b *testing.B) { benchmarkDecide(b, true, tc.policy, &in, tc.allow) })
		b.Run("cold/"+name, func(b *testing.B) { benchmarkDecide(b, false, tc.policy, &in, tc.allow) })
	}
}

func benchmarkDecide(b *testing.B, keep bool, policy string, in *Input, allow bool) {
	set, problems := Load(b.Context(), os.DirFS("../../routes/policies"), "policies")
	if problems.HasErrors() {
		b.Fatal(problems.Text())
	}
	set.budget = time.Minute // a loaded machine makes nobody late here
	if !keep {
		set.kept = nil
	}
	took := make([]time.Duration, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		d := set.Decide(context.Background(), policy, in)
		if d.Allow != allow {
			b.Fatal(d)
		}
		if len(took) < cap(took) {
			took = append(took, d.Took)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "median-ns")
}

// BenchmarkDecideNew asks the policy of the speed tests, which reads the path and three
// claims, for inputs that are all new: what a kept decision does not help.
func BenchmarkDecideNew(b *testing.B) {
	text, err := os.ReadFile("../e2e/bench/peers/orders.rego")
	if err != nil {
		b.Fatal(err)
	}
	set, problems := Compile(b.Context(), []File{{"orders.rego", text}})
	if problems.HasErrors() {
		b.Fatal(problems.Text())
	}
	set = set.Within(time.Minute)
	in := Input{Method: "GET", Host: "shop.example", Route: "r", Stage: "new", Side: "new", ClientIP: "192.0.2.1", Principal: Principal{
		ID: "customer-7", Source: "bearer", Claims: map[string]any{
			"iss": "https://id.example.com", "aud": "shop", "sub": "customer-7", "role": "customer", "blocked": "none",
			"email": "customer-7@example.com", "iat": json.Number("1700000000"), "exp": json.Number("1800000000"),
		},
	}}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		last := strconv.Itoa(n)
		in.Path, in.Segments = "/api/area7/resource/"+last, []string{"api", "area7", "resource", last}
		if d := set.Decide(context.Background(), "bench.orders", &in); !d.Allow {
			b.Fatal(d)
		}
	}
}
