package telemetry

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/backend"
	"ficus/gateway/backend/breaker"
)

func TestBackendMetrics(t *testing.T) {
	m, registry := registered(t)
	now := []backend.Status{{
		Name: "cart", Breaker: &breaker.Snapshot{State: breaker.Open, Override: breaker.ForceOpen},
		InFlight: 3, Limit: 4, Queued: 1, Ejections: 2,
		Refused: map[string]uint64{"open": 5, "full": 6}, Transitions: map[string]uint64{"open": 7}, Checks: map[string]uint64{"passed": 8},
		Addresses: []backend.AddressStatus{
			{Address: "http://a:1", State: "up", InFlight: 2, Latency: 250 * time.Millisecond},
			{Address: "http://b:1", State: "ejected"},
		},
	}, {Name: "legacy"}}
	m.ReadBackends(func() []backend.Status { return now })
	want := `# HELP ficus_backend_address_up 1 for an address that may get requests, 0 for one that fails its health check, was not asked yet or is ejected.
# TYPE ficus_backend_address_up gauge
ficus_backend_address_up{address="http://a:1",backend="cart"} 1
ficus_backend_address_up{address="http://b:1",backend="cart"} 0
# HELP ficus_backend_breaker_overridden 1 where an operator has set the breaker, so that it doesn't move by itself.
# TYPE ficus_backend_breaker_overridden gauge
ficus_backend_breaker_overridden{backend="cart"} 1
# HELP ficus_backend_breaker_state State of the backend's breaker: 0 closed, 1 half-open, 2 open; no series for a backend without one.
# TYPE ficus_backend_breaker_state gauge
ficus_backend_breaker_state{backend="cart"} 2
# HELP ficus_backend_in_flight Requests under way to the backend, streams and upgrades included.
# TYPE ficus_backend_in_flight gauge
ficus_backend_in_flight{backend="cart"} 3
ficus_backend_in_flight{backend="legacy"} 0
# HELP ficus_backend_limit Requests that may be under way now, adaptive or not; no series for a backend without a limit.
# TYPE ficus_backend_limit gauge
ficus_backend_limit{backend="cart"} 4
# HELP ficus_backend_rejected_total Requests that the backend did not take, by reason: open, ramp, full or queue_timeout.
# TYPE ficus_backend_rejected_total counter
ficus_backend_rejected_total{backend="cart",reason="full"} 6
ficus_backend_rejected_total{backend="cart",reason="open"} 5
`
	names := []string{"ficus_backend_address_up", "ficus_backend_breaker_overridden", "ficus_backend_breaker_state", "ficus_backend_in_flight", "ficus_backend_limit", "ficus_backend_rejected_total"}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) != 0 {
		t.Errorf("%v, %v", problems, err)
	}
	now = nil // the backends leave the table
	for _, c := range m.backendMetrics.collectors() {
		if n := testutil.CollectAndCount(c); n != 0 {
			t.Errorf("%v has %d series of backends that are gone", c.(*read).description, n)
		}
	}
}
