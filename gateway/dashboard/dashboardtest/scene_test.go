package dashboardtest

import (
	"slices"
	"testing"

	"ficus/gateway/telemetry"
)

// never are metrics that no load makes: nobody logs decisions here.
var never = []string{"ficus_policy_log_dropped_total"}

// Everything leaves no metric of the catalogue at nothing.
func TestEverything(t *testing.T) {
	s := Start(t)
	s.Everything()
	for _, m := range telemetry.New().Catalogue() {
		name := m.Name
		if m.Type == "histogram" {
			name += "_count"
		}
		found, err := s.Prometheus.Range(name + " > 0")
		if err != nil {
			t.Fatal(err)
		}
		if some, want := len(found) > 0, !slices.Contains(never, m.Name); some != want {
			t.Errorf("%s was ever above 0: %v", m.Name, some)
		}
	}
	if len(s.Prometheus.Instant(`up == 1 and on(job) ficus_table_info`)) != 1 {
		t.Error("the last scrape has no table that serves")
	}
}
