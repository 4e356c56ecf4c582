package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

// A dead backend opens its breaker, and what an operator says of one stays in force over
// a reload of Caddy and an edit; tools and metrics show it all.
func TestBreakersAreShownAndSet(t *testing.T) {
	legacy, cart := named(t, "legacy", nil), named(t, "new", nil)
	dead := gatewaytest.FreeAddress(t)
	file := func(extra string) string {
		return fmt.Sprintf(`backends:
  cart: { addresses: [%q], max_inflight: 7%s }
  dead: { addresses: ["http://%s"], breaker: { open_for: 1h } }
routes:
  - { id: cart, match: /cart, backend: cart, stage: retired, owner: shop }
  - { id: dead, match: /dead, backend: dead, stage: retired, owner: shop }
`, cart, extra, dead)
	}
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy), "cart.yaml": file("")})
	for range 25 {
		if status, _ := g.Get("/dead"); status < 500 {
			t.Fatalf("a dead backend: %d", status)
		}
	}
	expect := func(series, want string) {
		t.Helper()
		if got, ok := g.Metric(series); !ok || got != want {
			t.Errorf("%s is %q, want %s", series, got, want)
		}
	}
	expect(`ficus_backend_breaker_state{backend="dead"}`, "2")
	expect(`ficus_backend_breaker_transitions_total{backend="dead",to="open"}`, "1")
	expect(`ficus_backend_rejected_total{backend="dead",reason="open"}`, "5")
	expect(`ficus_backend_limit{backend="cart"}`, "7")
	expect(fmt.Sprintf(`ficus_backend_address_up{address=%q,backend="cart"}`, cart), "1")

	shows := func(pattern string, args ...string) {
		t.Helper()
		out, err := verb(t, g, args...)
		if err != nil || !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("ficus %s: %v\n%s\nwant %s", strings.Join(args, " "), err, out, pattern)
		}
	}
	shows(`(?m)^BACKEND +STATE +UNDER WAY +LATENCY +FAILED$(.*\n)*cart +closed +0 of 7 +-\n  http\S+ +up +0 +- +0 in a row\ndead +open +0 `, "backends")
	shows(`"state": "open"`, "backends", "--json")
	shows(`cart +open by \S+ since .*: it moves`, "breaker", "cart", "open", "--reason", "it moves")
	refused := func(when string) {
		t.Helper()
		if status, _ := g.Get("/cart"); status < 500 {
			t.Errorf("%s: %d although its breaker is set to open", when, status)
		}
	}
	refused("at once")
	g.Reload()
	refused("after a reload")
	g.WriteAndAwait("cart.yaml", file(", breaker: { min_requests: 5 }"))
	refused("after an edit")
	expect(`ficus_backend_breaker_overridden{backend="cart"}`, "1")
	expect(`ficus_backend_breaker_state{backend="dead"}`, "2")
	shows(`cart +closed, \d+ % pass`, "breaker", "cart", "auto")
	if status, body := g.Get("/cart"); status != 200 || body != "new" {
		t.Errorf("auto again: %d %s", status, body)
	}
	for _, args := range [][]string{{"breaker", "nobody", "open"}, {"breaker", "legacy", "open"}, {"breaker", "cart", "ajar"}, {"breaker", "cart"}} {
		if out, err := verb(t, g, args...); err == nil {
			t.Errorf("ficus %v: %s", args, out)
		}
	}
	g.WriteAndAwait("cart.yaml", "routes: []")
	g.Await("no series of backends that are gone", func() bool {
		metrics := g.Metrics()
		return !strings.Contains(metrics, `backend="cart"`) && !strings.Contains(metrics, `backend="dead"`)
	})
}
