package alerts

import (
	"math"
	"testing"
	"time"

	prometheus "github.com/prometheus/prometheus/rules"
)

// Every recording rule returns data, and what is recorded is what happened.
func TestRecordingRules(t *testing.T) {
	s := newStage(t)
	s.pass(10*time.Minute, step, s.visit)
	for name := range s.recorded() {
		if !s.hasData(name) {
			t.Errorf("%s has no data", name)
		}
	}
	s.holds(map[string]float64{
		`job_route_side:ficus_requests:rate5m{route="default",side="legacy"}`:       10. / 60,
		`job_route_side:ficus_errors:ratio_rate5m{route="default",side="legacy"}`:   0,
		`job_route:ficus_error_budget:burn_rate3d{route="default"}`:                 0,
		`job_route:ficus_fallbacks:ratio_rate5m{route="orders-list"}`:               0,
		`job_route:ficus_shadow_differences:ratio_rate15m{route="catalog-product"}`: 0,
		`job_route:ficus_objective:ratio{route="default"}`:                          0.999,
		`job_route:ficus_route:info{route="cart-read",owner="team-shop"}`:           1,
	})
	s.pass(10*time.Minute, step, s.mostly(16, 16))
	s.holds(map[string]float64{
		`job_route_side:ficus_errors:ratio_rate5m{route="default",side="legacy"}`: 1. / 16,
		`job_route:ficus_error_budget:burn_rate5m{route="default"}`:               1000. / 16,
	})
}

// recorded are the names of all that is recorded.
func (s *stage) recorded() map[string]bool {
	names := map[string]bool{}
	for _, g := range s.groups {
		for _, r := range g.Rules() {
			if r, ok := r.(*prometheus.RecordingRule); ok {
				names[r.Name()] = true
			}
		}
	}
	return names
}

func (s *stage) hasData(query string) bool {
	s.t.Helper()
	for _, sample := range s.now(query) {
		if !math.IsNaN(sample) {
			return true
		}
	}
	return false
}

// now returns the values of a query at the last evaluation, within the last step.
func (s *stage) now(query string) (values []float64) {
	s.t.Helper()
	for _, sample := range s.Prometheus.Instant("last_over_time(" + query + "[5m])") {
		values = append(values, sample.F)
	}
	return values
}

// holds fails where one series that is recorded is not about what is wanted.
func (s *stage) holds(want map[string]float64) {
	s.t.Helper()
	for query, v := range want {
		if got := s.now(query); len(got) != 1 || math.Abs(got[0]-v) > 0.01*v {
			s.t.Errorf("%s is %v, want %v", query, got, v)
		}
	}
}
