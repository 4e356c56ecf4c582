package telemetry

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestShadowMetrics(t *testing.T) {
	m, registry := registered(t)
	r := m.Route("cart")
	r.Shadowed("match", time.Second)
	r.Shadowed("match", time.Second)
	r.Shadowed("json", time.Second)
	r.ShadowDropped("queue")
	m.Route("gone").ShadowDropped("queue")
	m.ShadowBackend("cart").Queued(1)
	m.ShadowBackend("cart").InFlight(1)
	m.ShadowBackend("old").Queued(1)
	m.ShadowGone("old")
	m.ShadowBytes(17)
	m.Retain(func(id string) bool { return id == "cart" })
	want := `# HELP ficus_shadow_captured_bytes Memory that copies and the answers to be compared take.
# TYPE ficus_shadow_captured_bytes gauge
ficus_shadow_captured_bytes 17
# HELP ficus_shadow_in_flight Copies under way, by backend.
# TYPE ficus_shadow_in_flight gauge
ficus_shadow_in_flight{backend="cart"} 1
# HELP ficus_shadow_queued Copies that wait, by backend.
# TYPE ficus_shadow_queued gauge
ficus_shadow_queued{backend="cart"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "ficus_shadow_captured_bytes", "ficus_shadow_in_flight", "ficus_shadow_queued"); err != nil {
		t.Error(err)
	}
	for series, want := range map[string]float64{"match": 2, "json": 1} {
		if got := testutil.ToFloat64(m.shadows.WithLabelValues("cart", series)); got != want {
			t.Errorf("%s: %v, want %v", series, got, want)
		}
	}
	if n := testutil.CollectAndCount(m.shadowDropped); n != 1 {
		t.Errorf("%d series of dropped copies, want 1", n)
	}
	m.Retain(func(string) bool { return false })
	r.Shadowed("match", time.Second) // as a copy that was under way
	r.ShadowDropped("late")
	if n := testutil.CollectAndCount(m.shadows) + testutil.CollectAndCount(m.shadowDropped) + testutil.CollectAndCount(m.shadowTime); n != 0 {
		t.Errorf("%d series of a route that is gone", n)
	}
}

func TestShadowRecordingAllocatesNothing(t *testing.T) {
	r := New().Route("cart")
	record := func() { r.Shadowed("match", time.Second); r.ShadowDropped("queue") }
	record()
	if n := testing.AllocsPerRun(100, record); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What was counted of copies can be read back, and what else was counted of the route is
// none of it.
func TestReadShadow(t *testing.T) {
	m := New()
	if _, ok := m.ReadShadow("a"); ok {
		t.Error("there is no route, and figures of it")
	}
	m.Route("a").Decided("enforce", "allowed", time.Second)
	if _, ok := m.ReadShadow("a"); ok {
		t.Error("there were no copies, and figures of them")
	}
	m.Route("a").ShadowDropped("queue")
	m.Route("a").Shadowed("match", time.Second)
	m.Route("a").Shadowed("match", time.Second)
	m.Route("b").Shadowed("json", time.Second)
	got, ok := m.ReadShadow("a")
	want := ShadowTotals{Results: map[string]uint64{"match": 2}, Dropped: map[string]uint64{"queue": 1}}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
