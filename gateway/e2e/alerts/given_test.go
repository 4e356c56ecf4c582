package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"ficus/gateway/dashboard/dashboardtest"
	"ficus/gateway/telemetry"
)

// given is a series of another gateway than that of the scene: for what one gateway can't
// show, and for times, which a busy machine could change.
type given struct {
	labels labels.Labels
	values []parser.SequenceValue // of one scrape after the other
}

// other has another gateway expose series from now on, each written as in a unit test of
// promtool. They are such as the catalogue says that there are.
func (s *stage) other(series ...string) {
	s.t.Helper()
	for _, text := range series {
		l, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(text)
		if err != nil {
			s.t.Fatalf("%s: %v", text, err)
		}
		checkCatalogued(s.t, l)
		b := labels.NewBuilder(l)
		b.Set("job", dashboardtest.Job)
		b.Set("instance", "other:2019")
		s.others = append(s.others, given{b.Labels(), values})
	}
}

// scrapeOthers stores what the other gateway exposes.
func (s *stage) scrapeOthers(at time.Time) {
	s.t.Helper()
	appender := s.Prometheus.DB.Appender(s.t.Context())
	for i := range s.others {
		g := &s.others[i]
		if _, err := appender.Append(0, g.labels, at.UnixMilli(), g.values[0].Value); err != nil {
			s.t.Fatal(err)
		}
		if len(g.values) > 1 {
			g.values = g.values[1:]
		}
	}
	if err := appender.Commit(); err != nil {
		s.t.Fatal(err)
	}
}

// checkCatalogued fails for a series that no gateway could expose.
func checkCatalogued(t testing.TB, l labels.Labels) {
	t.Helper()
	name := l.Get(labels.MetricName)
	if name == "up" {
		return
	}
	bucket := strings.TrimSuffix(name, "_bucket")
	for _, d := range telemetry.New().Catalogue() {
		want := slices.Clone(d.Labels)
		switch {
		case d.Type == "histogram" && d.Name == bucket && bucket != name:
			want = append(want, "le")
		case d.Type == "histogram" || d.Name != name:
			continue
		}
		var has []string
		l.Range(func(pair labels.Label) {
			if pair.Name == labels.MetricName {
				return
			}
			has = append(has, pair.Name)
			if words := d.Words[pair.Name]; words != nil && !slices.Contains(words, pair.Value) {
				t.Errorf("%s: the catalogue knows no %s %q", l, pair.Name, pair.Value)
			}
		})
		slices.Sort(want)
		slices.Sort(has)
		if !slices.Equal(want, has) {
			t.Errorf("%s: the catalogue has the labels %q", l, want)
		}
		return
	}
	t.Errorf("%s: the catalogue has no such metric", l)
}

// moved is a route at stage canary; answered are 60 requests of one of its sides between
// two scrapes.
const moved = `ficus_route_stage{route="moved",stage="canary"} 1`

func answered(side string) string {
	return fmt.Sprintf(`ficus_requests_total{route="moved",side=%q,method="GET",code="200"} 0+60x600`, side)
}

// histogram is a histogram whose buckets grow by so many requests between two scrapes.
func histogram(name, with string, buckets map[string]int) []string {
	var list []string
	most := 0
	for _, le := range slices.Sorted(maps.Keys(buckets)) {
		list = append(list, fmt.Sprintf(`%s_bucket{%s,le=%q} 0+%dx600`, name, with, le, buckets[le]))
		most = max(most, buckets[le])
	}
	return append(list, fmt.Sprintf(`%s_bucket{%s,le="+Inf"} 0+%dx600`, name, with, most))
}

// sides are those of a route all of whose requests take as long as a bucket is wide: one of
// 0.005, 0.01, 0.025 or 0.05.
func sides(legacy, new string) []string {
	bounds := []string{"0.005", "0.01", "0.025", "0.05"}
	list := []string{moved}
	for side, le := range map[string]string{"legacy": legacy, "new": new} {
		buckets := map[string]int{}
		for _, bound := range bounds {
			if buckets[bound] = 0; bound >= le {
				buckets[bound] = 60
			}
		}
		list = append(list, answered(side))
		list = append(list, histogram("ficus_request_duration_seconds", fmt.Sprintf(`route="moved",side=%q`, side), buckets)...)
	}
	return list
}
