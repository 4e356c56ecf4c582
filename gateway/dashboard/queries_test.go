package dashboard_test

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql"

	"ficus/gateway/dashboard"
	"ficus/gateway/dashboard/dashboardtest"
	"ficus/gateway/telemetry"
)

// chosen are Grafana's variables as somebody may have set them. A rate reaches over four
// scrapes, as Grafana has it.
var chosen = strings.NewReplacer(
	"$__rate_interval", "1m", "$__range", "30m",
	"$job", dashboardtest.Job, "$instance", ".*", "$route", ".*", "$backend", ".*", "$group", ".*",
)

// always0 are metrics that no load makes: nobody logs decisions here.
var always0 = regexp.MustCompile(`ficus_policy_log_dropped_total`)

// Every query of every board parses, and finds something else than zero at some moment of a
// load that exercises everything.
func TestQueriesReturnData(t *testing.T) {
	s := dashboardtest.Start(t)
	s.Everything()
	count, variables := 0, 0
	for _, b := range dashboard.Boards(telemetry.New().Catalogue()) {
		for _, query := range b.Queries {
			count++
			found, err := s.Prometheus.Range(chosen.Replace(query))
			if err != nil {
				t.Errorf("%s: %v\n%s", b.UID, err, query)
			} else if some := anything(found); some == always0.MatchString(query) {
				t.Errorf("%s: there was ever data: %v\n%s", b.UID, some, query)
			}
		}
		for _, v := range queriedVariables(t, b.JSON) {
			variables++
			found := s.Prometheus.Instant(chosen.Replace(v.selector))
			if !slices.ContainsFunc(found, func(s promql.Sample) bool { return s.Metric.Get(v.label) != "" }) {
				t.Errorf("%s: no %s by %s", b.UID, v.label, v.selector)
			}
		}
	}
	if count < 100 || variables < 8 {
		t.Errorf("%d queries and %d variables are fewer than there were", count, variables)
	}
	t.Logf("%d queries and %d variables returned data", count, variables)
}

// anything reports whether any sample is a number other than zero.
func anything(found promql.Matrix) bool {
	for _, series := range found {
		for _, point := range series.Floats {
			if point.F != 0 && !math.IsNaN(point.F) && !math.IsInf(point.F, 0) {
				return true
			}
		}
	}
	return false
}

type queried struct{ selector, label string }

var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

// queriedVariables are the variables of a board whose values Prometheus knows.
func queriedVariables(t *testing.T, text []byte) (list []queried) {
	t.Helper()
	var b struct {
		Templating struct {
			List []struct {
				Type  string
				Query json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	for _, v := range b.Templating.List {
		if v.Type != "query" {
			continue
		}
		var q struct{ Query string }
		if err := json.Unmarshal(v.Query, &q); err != nil {
			t.Fatal(err)
		}
		m := labelValues.FindStringSubmatch(q.Query)
		if m == nil {
			t.Fatalf("%q lists no values of a label", q.Query)
		}
		list = append(list, queried{m[1], m[2]})
	}
	return list
}
