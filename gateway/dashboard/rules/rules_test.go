package rules

import (
	"log/slog"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

var promql = parser.NewParser(parser.Options{})

// read returns the rules of all files, as Prometheus reads them.
func read(t *testing.T, table *routetable.Table, o Options) []rulefmt.Rule {
	t.Helper()
	files, err := Files(table, o)
	if err != nil {
		t.Fatal(err)
	}
	var rules []rulefmt.Rule
	groups := map[string]bool{}
	for _, f := range files {
		parsed, errs := rulefmt.Parse(f.Data, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
		if errs != nil {
			t.Fatalf("%s: %v\n%s", f.Name, errs, f.Data)
		}
		for _, g := range parsed.Groups {
			if groups[g.Name] {
				t.Errorf("two groups are called %s", g.Name)
			}
			groups[g.Name] = true
			rules = append(rules, g.Rules...)
		}
	}
	return rules
}

// tableOf compiles routes that all lead to one backend.
func tableOf(t *testing.T, routes ...route.Definition) *routetable.Table {
	t.Helper()
	set := route.Set{Backends: []route.Backend{{Name: "legacy", Addresses: []string{"http://localhost:1"}}}}
	for _, d := range routes {
		d.Match = "GET /" + d.ID
		set.Routes = append(set.Routes, d)
	}
	table, problems := routetable.Compile(set, routetable.Options{})
	if table == nil {
		t.Fatal(problems.Text())
	}
	return table
}

// Rules ask for nothing but what the catalogue has, or another rule records.
func TestRulesAskForWhatThereIs(t *testing.T) {
	rules := read(t, shipped(t), Options{Objectives: map[string]float64{"cart-read": 99}})
	known := known{recorded: map[string][]string{}, metrics: map[string]telemetry.Description{}}
	for _, d := range telemetry.New().Catalogue() {
		known.metrics[d.Name] = d
	}
	for _, r := range rules {
		if r.Record != "" {
			level, _, _ := strings.Cut(r.Record, ":")
			known.recorded[r.Record] = append(strings.Split(level, "_"), "owner")
		}
	}
	for _, r := range rules {
		expr, err := promql.ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		if expr.Type() != parser.ValueTypeVector {
			t.Errorf("%s%s: the value is a %s", r.Record, r.Alert, expr.Type())
		}
		parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
			if s, ok := n.(*parser.VectorSelector); ok {
				known.check(t, s)
			}
			return nil
		})
	}
}

type known struct {
	recorded map[string][]string // the labels of what is recorded
	metrics  map[string]telemetry.Description
}

func (k known) check(t *testing.T, s *parser.VectorSelector) {
	t.Helper()
	has, ok := k.recorded[s.Name]
	d := k.metrics[strings.TrimSuffix(s.Name, "_bucket")]
	switch {
	case ok || s.Name == "up":
	case d.Name == "":
		t.Errorf("%s: there is no such metric", s)
	default:
		has = append(slices.Clone(d.Labels), "job", "instance")
	}
	for _, m := range s.LabelMatchers {
		if m.Name == labels.MetricName {
			continue
		}
		if !slices.Contains(has, m.Name) {
			t.Errorf("%s: there is no label %s", s, m.Name)
		}
		words := d.Words[m.Name]
		if words == nil || strings.Contains(m.Value, ".") {
			continue
		}
		for word := range strings.SplitSeq(m.Value, "|") {
			if !slices.Contains(words, word) {
				t.Errorf("%s: there is no %s %s", s, m.Name, word)
			}
		}
	}
}

// What an alert says names what it is about, and where to read on.
func TestAlertsSayWhatToDo(t *testing.T) {
	for _, r := range read(t, shipped(t), Options{Runbook: "https://example.com/RUNBOOK.md", Board: "https://grafana.example.com/d/r?orgId=1"}) {
		if r.Alert == "" {
			continue
		}
		if severity := r.Labels["severity"]; severity != page && severity != ticket {
			t.Errorf("%s: severity %q", r.Alert, severity)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s says nothing", r.Alert)
		}
		if want := "https://example.com/RUNBOOK.md#" + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
			t.Errorf("%s: the runbook is at %s", r.Alert, r.Annotations["runbook_url"])
		}
		want := ""
		if strings.Contains(r.Annotations["description"], "route }}") {
			want = "https://grafana.example.com/d/r?orgId=1&var-route={{ $labels.route }}"
		}
		if got := r.Annotations["dashboard_url"]; got != want {
			t.Errorf("%s: the board is at %q, want %q", r.Alert, got, want)
		}
	}
}

// Each route has one owner and one objective, whatever it is called.
func TestOwnersAndObjectives(t *testing.T) {
	team := func(id, owner string) route.Definition {
		return route.Definition{ID: id, Settings: route.Settings{Owner: owner}}
	}
	table := tableOf(t, team("a.b", "team a"), team("c", `the "c" {{ team }}`), team("d", "team a"), team("e", ""))
	got := map[string]map[string]string{}
	for _, r := range read(t, table, Options{Objective: 99, Objectives: map[string]float64{"a.b": 99.95, "default": 99.95, "c": 95}}) {
		if strings.HasSuffix(r.Record, "_route:info") || strings.HasSuffix(r.Record, "_objective:ratio") {
			if got[r.Record] == nil {
				got[r.Record] = map[string]string{}
			}
			got[r.Record][r.Expr] = r.Labels["owner"]
		}
	}
	want := map[string]map[string]string{
		"job_route:ficus_route:info": {
			`group by (job, route) (ficus_route_stage{route=~"a\\.b|d"})`:   "team a",
			`group by (job, route) (ficus_route_stage{route=~"c"})`:         `the "c" {{ team }}`,
			`group by (job, route) (ficus_route_stage{route!~"a\\.b|d|c"})`: "",
		},
		"job_route:ficus_objective:ratio": {
			`group by (job, route) (ficus_route_stage{route=~"c"}) * 0.95
or group by (job, route) (ficus_route_stage{route=~"a\\.b|default"}) * 0.9995
or group by (job, route) (ficus_route_stage{route!~"a\\.b|c|default"}) * 0.99`: "",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestBadObjectives(t *testing.T) {
	table := tableOf(t, route.Definition{ID: "a"})
	for want, o := range map[string]Options{
		"an objective of 100 %":                      {Objective: 100},
		"an objective of -1 %":                       {Objective: -1},
		"an objective of NaN %":                      {Objective: math.NaN()},
		"route a: an objective of 50 %":              {Objectives: map[string]float64{"a": 50}},
		"an objective for b: there is no such route": {Objectives: map[string]float64{"b": 99}},
	} {
		if _, err := Files(table, o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Windows of a fast burn have to be reachable: even a route that fails whole burns no faster
// than its objective lets it.
func TestLeastObjective(t *testing.T) {
	fastest := 0.
	for _, a := range burnAlerts() {
		rate := regexp.MustCompile(`> ([0-9.]+)`).FindStringSubmatch(a.expr)
		if rate == nil {
			t.Fatal(a.expr)
		}
		v, err := strconv.ParseFloat(rate[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		fastest = max(fastest, v)
	}
	if most := 1 / (1 - leastObjective/100.); fastest >= most {
		t.Errorf("with an objective of %v %% nothing burns faster than %v, but an alert wants %v", leastObjective, most, fastest)
	}
}
