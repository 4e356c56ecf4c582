package telemetry

import (
	"slices"

	dto "github.com/prometheus/client_model/go"

	"ficus/gateway/route"
)

// Buckets is how many buckets a duration may fall into, that of all longer ones included.
const Buckets = 15

// BucketBounds returns the upper bounds of the buckets, in seconds; the last has none.
func BucketBounds() []float64 { return slices.Clone(durationBuckets) }

// Totals are what was counted of one side of a route since its first request.
type Totals struct {
	Requests  uint64
	Errors    uint64 // answered with 500 to 599
	Fallbacks uint64 // that legacy answered in its place; of the new side only
	InFlight  int
	Duration  [Buckets]uint64 // requests by how long they took
}

// ReadRoutes calls visit with the totals of each side of a route that has had a request.
// It costs a few microseconds a side, and holds up nobody who records.
func (m *Metrics) ReadRoutes(visit func(id string, side route.Side, t *Totals)) {
	m.mu.Lock()
	routes := make([]*Route, 0, len(m.routes))
	for _, r := range m.routes {
		routes = append(routes, r)
	}
	m.mu.Unlock()
	var t Totals
	var d dto.Metric
	for _, r := range routes {
		for _, side := range route.Sides {
			if s := r.sides[side].Load(); s != nil {
				s.read(&t, &d)
				t.Errors = r.failed(side, &d)
				if side == route.New {
					t.Fallbacks = r.resilience.fallenBack(&d)
				}
				visit(r.id, side, &t)
			}
		}
	}
}

// fallenBack adds the fallbacks of a route up, whatever their reason.
func (s *resilienceSeries) fallenBack(d *dto.Metric) (total uint64) {
	for i := range s.fallbacks {
		if made := s.fallbacks[i].made.Load(); made != nil && (*made).Write(d) == nil {
			total += uint64(d.GetCounter().GetValue())
		}
	}
	return total
}

// failed adds up the answers of a side with 500 to 599.
func (r *Route) failed(side route.Side, d *dto.Metric) (total uint64) {
	for key, counter := range r.requests.all() {
		if key.side == side && key.code[0] == '5' && counter.Write(d) == nil {
			total += uint64(d.GetCounter().GetValue())
		}
	}
	return total
}

// read sets t to the totals of one side, but for what failed. To read the histogram itself would cost a lot more:
// a native one copies its buckets.
func (s *sideSeries) read(t *Totals, d *dto.Metric) {
	*t = Totals{}
	for i := range s.durations {
		t.Duration[i] = s.durations[i].Load()
		t.Requests += t.Duration[i]
	}
	if s.inFlight.Write(d) == nil {
		t.InFlight = int(d.GetGauge().GetValue())
	}
}
