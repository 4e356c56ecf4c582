package telemetry

import (
	dto "github.com/prometheus/client_model/go"
)

// ShadowTotals are what became of a route's requests at stage shadow since the first one.
type ShadowTotals struct {
	Results map[string]uint64 // of copies that were sent, by what the comparison came to
	Dropped map[string]uint64 // of which no copy was sent, by reason
}

// ReadShadow returns the totals of a route's copies; false where there were none.
func (m *Metrics) ReadShadow(id string) (t ShadowTotals, ok bool) {
	m.mu.Lock()
	r := m.routes[id]
	m.mu.Unlock()
	if r == nil {
		return t, false
	}
	var d dto.Metric
	for key, counter := range r.words.all() {
		if key.vec != m.shadows && key.vec != m.shadowDropped || counter.Write(&d) != nil {
			continue
		}
		if !ok {
			t, ok = ShadowTotals{Results: map[string]uint64{}, Dropped: map[string]uint64{}}, true
		}
		to := t.Results
		if key.vec == m.shadowDropped {
			to = t.Dropped
		}
		to[key.first] = uint64(d.GetCounter().GetValue())
	}
	return t, ok
}
