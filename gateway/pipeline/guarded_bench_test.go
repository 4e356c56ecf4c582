package pipeline

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/backend"
	"ficus/gateway/identity"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
	"ficus/gateway/telemetry"
)

// customer is who asks in benchmarks.
type customer struct{ principal *identity.Principal }

func (c customer) Identify(context.Context, *http.Request) (*identity.Principal, error) {
	return c.principal, nil
}

type nobodyReads struct{}

func (nobodyReads) Enabled(authz.Decision) bool { return false }
func (nobodyReads) Decided(authz.Event)         {}

// benchmarkedPolicy is that of the speed tests, which reads the path and three claims.
func benchmarkedPolicy(b *testing.B) *authz.Set {
	text, err := os.ReadFile("../e2e/bench/peers/orders.rego")
	if err != nil {
		b.Fatal(err)
	}
	set, problems := authz.Compile(b.Context(), []authz.File{{Name: "orders.rego", Data: text}})
	if problems.HasErrors() {
		b.Fatal(problems.Text())
	}
	return set.Within(time.Minute)
}

// What one request costs the gateway where a policy guards it and each asks for another
// path, so that no decision is one that was kept. Server, transport and the check of a
// token are not in it.
func BenchmarkGuarded(b *testing.B) {
	p := New(Config{
		Backends: backend.NewRegistry(backend.Config{
			NewLeaf: func(route.Backend) (backend.Leaf, error) { return cannedLeaf{make([]byte, 1<<10)}, nil },
			Random:  rand.IntN,
		}),
		Metrics: telemetry.New(), Key: &split.Key{1}, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Decisions: nobodyReads{},
		Issue: func(*identity.Principal, identity.Grant) (string, error) { return "token", nil },
	})
	defer p.Close()
	p.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "bench", Source: customer{&identity.Principal{
		ID: "customer-7", Source: "bench", Claims: map[string]any{
			"iss": "https://id.example.com", "aud": "shop", "sub": "customer-7", "role": "customer", "blocked": "none",
			"email": "customer-7@example.com", "iat": json.Number("1700000000"), "exp": json.Number("1800000000"),
		},
	}}}}})
	set := benchmarkedPolicy(b)
	table, problems := routetable.Compile(route.Set{
		Backends: []route.Backend{{Name: "legacy", Addresses: []string{"http://legacy:1"}}, {Name: "other", Addresses: []string{"http://other:1"}}},
		Routes:   []route.Definition{guarded("r", "/api/orders/{id}", "bench.orders")},
	}, routetable.Options{Policies: set.Names()})
	if problems.HasErrors() {
		b.Fatal(problems)
	}
	if problems := p.Publish(table, set); problems.HasErrors() {
		b.Fatal(problems)
	}
	template := httptest.NewRequest("GET", "/api/orders/7", nil)
	template.Header = http.Header{"Accept": {"*/*"}, "User-Agent": {"bench"}}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		r := template.Clone(b.Context())
		r.RequestURI = "/api/orders/" + strconv.Itoa(n)
		r.URL.Path = r.RequestURI
		if err := p.Serve(&discardWriter{http.Header{}}, r, Client{IP: "192.0.2.1"}, &Exchange{}); err != nil {
			b.Fatal(err)
		}
	}
}
