package telemetry

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/change"
)

// All series are there before anything happens; what happens is counted by its kind, and a
// sum counts each.
func TestChangesAreCounted(t *testing.T) {
	m, registry := registered(t)
	n, err := testutil.GatherAndCount(registry, "ficus_changes_total", "ficus_changes_delivered_total")
	if want := len(change.Kinds) + len(sinks)*len(deliveries); n != want || err != nil {
		t.Errorf("%d series, want %d: %v", n, want, err)
	}
	m.Changed(change.Killed, 1)
	m.Changed(change.StageMoved, 40)
	m.ChangesDelivered(SinkGrafana, DroppedHere, 2)
	for kind, want := range map[change.Kind]float64{change.Killed: 1, change.StageMoved: 40, change.Unkilled: 0} {
		if got := testutil.ToFloat64(m.changes.WithLabelValues(string(kind))); got != want {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
	if got := testutil.ToFloat64(m.delivered.WithLabelValues(SinkGrafana, DroppedHere)); got != 2 {
		t.Errorf("dropped: %v", got)
	}
}
