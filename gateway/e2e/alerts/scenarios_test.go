package alerts

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ficus/gateway/dashboard/dashboardtest"
)

// A scenario is one kind of trouble.
type scenario struct {
	name  string
	play  func(s *stage)
	fires []string // all that fires at its end, by key and in order
}

var scenarios = []scenario{
	{"all is well, for ten hours", func(s *stage) {
		s.pass(30*time.Minute, step, s.visit)
		s.pass(10*time.Hour, stride, s.visit)
	}, nil},

	// Objectives.
	{"6 % of a route's requests fail for 13 minutes", func(s *stage) {
		s.pass(13*time.Minute, step, s.mostly(16, 16))
	}, []string{"FicusErrorBudgetBurn page 1h"}},
	{"1 % of a route's requests fail for 75 minutes", func(s *stage) {
		s.pass(75*time.Minute, step, s.mostly(18, 100))
	}, []string{"FicusErrorBudgetBurn page 6h"}},
	{"0.4 % of a route's requests fail for four hours", func(s *stage) {
		s.pass(4*time.Hour, stride, s.mostly(70, 250))
	}, []string{"FicusErrorBudgetBurn ticket 1d"}},
	{"0.2 % of a route's requests fail for nine hours", func(s *stage) {
		s.pass(9*time.Hour, stride, s.mostly(70, 500))
	}, []string{"FicusErrorBudgetBurn ticket 3d"}},
	{"five of five requests of a route fail in an hour", func(s *stage) {
		s.pass(5*time.Minute, step, s.mostly(1, 1))
		s.Legacy.Recover()
		s.pass(time.Hour, step, s.visit)
	}, nil},

	// New sides.
	{"a new side answers 503", func(s *stage) {
		s.change("orders.yaml", "stage: new", "stage: new\n  retry: { attempts: 1 }")
		s.Orders.Fail(http.StatusServiceUnavailable)
		s.pass(20*time.Minute, step, s.Repeat(2, "GET", "/api/orders"))
	}, []string{"FicusFallbacks ticket"}},
	{"a new side answers 503, and legacy may answer once an hour", func(s *stage) {
		s.change("orders.yaml", "stage: new", "stage: new\n  retry: { attempts: 1 }")
		s.change("legacy.yaml", "{ max_inflight: 4 }", "{ rate: 1/h }")
		s.Orders.Fail(http.StatusServiceUnavailable)
		s.pass(12*time.Minute, step, s.Repeat(2, "GET", "/api/orders"))
	}, []string{"FicusErrorBudgetBurn page 1h", "FicusFallbacksRefused ticket"}},
	{"copies are answered otherwise", func(s *stage) {
		s.Catalog.Say(`{"ok":false}`)
		s.pass(25*time.Minute, step, s.Repeat(1, "GET", "/api/products/7"))
	}, []string{"FicusShadowDiffers ticket"}},
	{"copies are not answered", func(s *stage) {
		s.Catalog.Break()
		s.pass(48*time.Minute, stride, s.failCopy)
	}, []string{"FicusShadowFails ticket"}},
	{"a new side takes three times as long", func(s *stage) {
		s.other(sides("0.01", "0.025")...)
		s.pass(45*time.Minute, step)
	}, []string{"FicusNewSideSlower ticket"}},
	{"a new side takes as long", func(s *stage) {
		s.other(sides("0.025", "0.025")...)
		s.pass(45*time.Minute, step)
	}, nil},

	// Routes.
	{"a policy says neither yes nor no", func(s *stage) {
		s.write("policies/cart.rego", "package shop.cart\n\nallow := input.headers[\"x-client\"]\n")
		s.pass(15*time.Minute, step, s.visit)
	}, []string{"FicusErrorBudgetBurn page 1h", "FicusPolicyFails page"}},
	{"a policy that is observed says neither yes nor no", func(s *stage) {
		s.write("policies/browse.rego", "package shop.browse\n\nallow := input.params.id\n")
		s.pass(25*time.Minute, step, s.visit)
	}, []string{"FicusPolicyFails ticket"}},
	{"a route's day has come", func(s *stage) {
		s.change("cart.yaml", "2099-12-31", "2020-12-31")
		s.pass(70*time.Minute, step, s.visit)
	}, []string{"FicusRouteExpired ticket"}},
	{"a route is killed and forgotten", func(s *stage) {
		s.Kill(true, "cart-read")
		s.pass(9*time.Hour, stride, s.visit)
	}, []string{"FicusRouteKilled ticket"}},
	{"all routes are killed and forgotten", func(s *stage) {
		s.Kill(true, "*")
		s.pass(9*time.Hour, stride, s.visit)
	}, []string{"FicusRouteKilled ticket"}},
	{"a route is killed for an hour", func(s *stage) {
		s.Kill(true, "cart-read")
		s.pass(time.Hour, stride, s.visit)
	}, nil},

	// Backends.
	{"the breaker of a new side is open", func(s *stage) {
		s.change("orders.yaml", "min_requests: 1000000", "min_requests: 5")
		s.Orders.Fail(http.StatusServiceUnavailable)
		s.pass(8*time.Minute, step, s.Repeat(10, "GET", "/api/orders"))
	}, []string{"FicusBreakerOpen ticket"}},
	{"the monolith's breaker is open", func(s *stage) {
		s.change("legacy.yaml", "    fallback_limit", "    breaker: { enabled: on, min_requests: 5, open_for: 1h }\n    fallback_limit")
		s.Legacy.Fail(http.StatusServiceUnavailable)
		s.pass(6*time.Minute, step, s.Repeat(30, "GET", "/"))
	}, []string{"FicusBreakerOpen page", "FicusErrorBudgetBurn page 1h"}},
	{"a breaker was set by hand and forgotten", func(s *stage) {
		s.setBreaker("cart", "closed")
		s.pass(5*time.Hour, stride, s.visit)
	}, []string{"FicusBreakerOverridden ticket"}},
	{"a new side fails its health checks", func(s *stage) {
		s.Cart.Sick()
		s.SecondCart.Sick()
		s.awaitDown("cart", 2)
		s.pass(5*time.Minute, step)
	}, []string{"FicusBackendDown ticket"}},
	{"the monolith fails its health checks", func(s *stage) {
		s.change("legacy.yaml", "    fallback_limit", "    health: { path: /healthz, every: 100ms }\n    fallback_limit")
		s.Legacy.Sick()
		s.awaitDown("legacy", 1)
		s.pass(5*time.Minute, step)
	}, []string{"FicusBackendDown page"}},
	{"one of two addresses fails its health checks", func(s *stage) {
		s.SecondCart.Sick()
		s.awaitDown("cart", 1)
		s.pass(8*time.Minute, step, s.visit)
	}, []string{"FicusAddressDown ticket"}},
	{"a backend ends connections, and its retries are used up", func(s *stage) {
		s.change("orders.yaml", "    breaker:", "    retry_budget: { ratio: 0.01, floor: 0 }\n    breaker:")
		s.Orders.Break()
		s.pass(18*time.Minute, step, s.Repeat(3, "GET", "/api/orders"))
	}, []string{"FicusFallbacks ticket", "FicusRetryBudgetExhausted ticket"}},

	// The table and the policies.
	{"an edit is rejected", func(s *stage) {
		s.Edit("cart.yaml", "routes: [")
		s.pass(7*time.Minute, step, s.visit)
	}, []string{"FicusTableRejected ticket"}},
	{"a gateway starts with a broken folder", func(s *stage) {
		s.awaitKept()
		s.Gateway.Restart(func() { s.Gateway.Write("cart.yaml", "routes: [") })
		s.pass(8*time.Minute, step, s.visit)
	}, []string{"FicusTableNotFromFolder ticket", "FicusTableRejected ticket"}},
	{"a gateway starts with a broken folder, and without state", func(s *stage) {
		s.awaitKept()
		s.Gateway.Restart(func() {
			s.Gateway.Write("cart.yaml", "routes: [")
			s.loseState()
		})
		s.pass(4*time.Minute, step, s.visit)
	}, []string{"FicusTableNotFromFolder page"}},
	{"a gateway starts with broken policies, and without state", func(s *stage) {
		s.awaitKept()
		s.Gateway.Restart(func() {
			s.Gateway.Write("policies/cart.rego", "package shop.cart\n\nallow iff true\n")
			s.loseState()
		})
		s.pass(4*time.Minute, step)
	}, []string{"FicusTableNotFromFolder page"}},
	{"new policies are refused", func(s *stage) {
		s.Edit("policies/cart.rego", "package shop.cart\n\nallow iff true\n")
		s.pass(7*time.Minute, step, s.visit)
	}, []string{"FicusPoliciesRejected ticket", "FicusTableRejected ticket"}},
	{"a decision log is full", func(s *stage) {
		s.other(`ficus_policy_log_dropped_total 0+5x600`)
		s.pass(10*time.Minute, step)
	}, []string{"FicusDecisionLogDrops ticket"}},
	{"two gateways have different tables", func(s *stage) {
		s.other(`ficus_table_info{revision="0123456789ab"} 1`)
		s.pass(12*time.Minute, step, s.visit)
	}, []string{"FicusTablesDiffer ticket"}},
	{"the state folder can't be written", func(s *stage) {
		s.awaitKept()
		s.blockState()
		s.change("cart.yaml", "weight: 50", "weight: 40")
		s.Gateway.Await("the snapshot not to be kept", func() bool {
			kept, known := s.Gateway.Metric("ficus_table_snapshot_kept")
			return known && kept == "0"
		})
		s.pass(20*time.Minute, step, s.visit)
	}, []string{"FicusSnapshotNotKept ticket"}},

	// The gateway.
	{"the gateway is gone", func(s *stage) {
		s.gone(12 * time.Minute)
	}, []string{"FicusAbsent page", "FicusGatewayDown ticket"}},
	{"one of two gateways is gone", func(s *stage) {
		s.other(`up 0`)
		s.pass(7*time.Minute, step, s.visit)
	}, []string{"FicusGatewayDown ticket"}},
	{"the gateway is out of capacity", func(s *stage) {
		s.fill(dashboardtest.Capacity*85/100, func() { s.pass(8*time.Minute, step, s.Repeat(2, "GET", "/api/cart")) })
	}, []string{"FicusErrorBudgetBurn page 1h", "FicusLoadShed page"}},
	{"the gateway is short of capacity", func(s *stage) {
		s.fill(dashboardtest.Capacity*75/100, func() { s.pass(20*time.Minute, step, s.Repeat(2, "GET", "/reports/")) })
	}, []string{"FicusErrorBudgetBurn page 1h", "FicusLoadShed ticket"}},
	{"the gateway adds 60 ms to some requests", func(s *stage) {
		s.other(append(moved(), answered("new"))...)
		s.other(histogram("ficus_gateway_overhead_seconds", `route="moved"`, map[string]int{"0.001": 58, "0.05": 58, "0.25": 60})...)
		s.pass(25*time.Minute, step)
	}, []string{"FicusOverhead ticket"}},
	{"the gateway adds 1 ms to requests", func(s *stage) {
		s.other(append(moved(), answered("new"))...)
		s.other(histogram("ficus_gateway_overhead_seconds", `route="moved"`, map[string]int{"0.001": 60, "0.05": 60, "0.25": 60})...)
		s.pass(25*time.Minute, step)
	}, nil},
	{"a rehearsal was forgotten", func(s *stage) {
		s.change("orders.yaml", "match: GET /api/orders\n", "match: GET /api/orders\n    faults: [ { header: { X-Rehearsal: \"*\" }, abort: 503 } ]\n")
		s.pass(70*time.Minute, step, s.visit)
	}, []string{"FicusFaultsActive ticket"}},
}

// setBreaker sets a breaker by hand.
func (s *stage) setBreaker(backend, to string) {
	s.t.Helper()
	answer, err := http.Post(s.Gateway.Admin+"/ficus/backends/"+backend+"/breaker", "application/json",
		strings.NewReader(`{"set":"`+to+`","reason":"a scenario"}`))
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Fatal(answer.Status)
	}
}

// awaitDown waits until so many addresses of a backend fail.
func (s *stage) awaitDown(backend string, addresses int) {
	s.t.Helper()
	s.Gateway.Await("addresses to fail", func() bool {
		return strings.Count(s.Gateway.Metrics(), `ficus_backend_address_up{address="`) >= addresses &&
			s.down(backend) == addresses
	})
}

func (s *stage) down(backend string) (n int) {
	for line := range strings.Lines(s.Gateway.Metrics()) {
		if strings.HasPrefix(line, "ficus_backend_address_up{") && strings.Contains(line, `backend="`+backend+`"`) && strings.HasSuffix(line, "} 0\n") {
			n++
		}
	}
	return n
}

func (s *stage) awaitKept() {
	s.t.Helper()
	s.Await("ficus_table_snapshot_kept", "", 1)
}

// snapshot returns where the last good table is kept.
func (s *stage) snapshot() string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(filepath.Dir(s.Gateway.Routes), "caddy", "ficus", "last-good-*"))
	if err != nil || len(found) != 1 {
		s.t.Fatalf("%q %v", found, err)
	}
	return found[0]
}

// loseState deletes what is kept.
func (s *stage) loseState() {
	s.t.Helper()
	if err := os.Remove(s.snapshot()); err != nil {
		s.t.Fatal(err)
	}
}

// blockState has what is kept be in the way of what is to be kept.
func (s *stage) blockState() {
	s.t.Helper()
	path := s.snapshot()
	s.loseState()
	if err := os.MkdirAll(filepath.Join(path, "occupied"), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// gone lets time pass in which no gateway answers.
func (s *stage) gone(d time.Duration) {
	for end := s.Prometheus.Now().Add(d); s.Prometheus.Now().Before(end); {
		s.Prometheus.Scrape("")
		s.evaluate(step)
	}
}

// fill has so many requests open meanwhile.
func (s *stage) fill(requests int, meanwhile func()) {
	s.Keep(requests, "/slow", s.Legacy.Hang(), meanwhile)
}

// failCopy has one copy of a request fail: the new side is left alone for a moment after
// each.
func (s *stage) failCopy() {
	s.t.Helper()
	const failed = `ficus_shadow_total{result="error",route="catalog-product"}`
	before, _ := s.Gateway.Metric(failed)
	s.Gateway.Await("a copy to fail", func() bool {
		s.Ask("", "GET", "/api/products/7", "")
		now, _ := s.Gateway.Metric(failed)
		return now != before
	})
}
