package overview

import (
	"encoding/json"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/backend"
	"ficus/gateway/backend/breaker"
	"ficus/gateway/change"
	"ficus/gateway/control"
	"ficus/gateway/history"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
	"ficus/gateway/traffic"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func live() []backend.Status {
	return []backend.Status{{
		Name: "cart", Breaker: &breaker.Snapshot{State: breaker.HalfOpen},
		Addresses: []backend.AddressStatus{{Address: "http://127.0.0.1:2", State: "down"}},
	}}
}

// newSource is a gateway with a canary that legacy and new serve, and one that is killed.
func newSource(t *testing.T) Source {
	t.Helper()
	define := func(id, match string, stage route.Stage, weight float64) route.Definition {
		d := route.Definition{ID: id, Match: match}
		d.Backend, d.Stage, d.Weight, d.Owner = "cart", stage, weight, "ann"
		return d
	}
	table, problems := routetable.Compile(route.Set{
		Backends: []route.Backend{{Name: "legacy", Addresses: []string{"http://127.0.0.1:1"}}, {Name: "cart", Addresses: []string{"http://127.0.0.1:2"}}},
		Routes:   []route.Definition{define("cart", "GET /cart", route.StageCanary, 12.5), define("list", "GET /list", route.StageNew, 0)},
	}, routetable.Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	now := noon
	clock := func() time.Time { return now }
	metrics := telemetry.New()
	kills, err := traffic.New(traffic.JSONFile(""))
	if err != nil {
		t.Fatal(err)
	}
	if err := kills.Kill(traffic.Kill{Route: "list", Reason: "slow\u202e", By: "ann", Since: noon}); err != nil {
		t.Fatal(err)
	}
	changes := change.NewRecorder(change.Config{Now: clock})
	changes.Record(change.Event{Kind: change.Killed, Route: "list", Text: "legacy serves: \x1b[31mslow"})
	s := Source{
		Status: func() control.Status {
			return control.Status{Source: control.SourceFolder, Table: table, LastReloadOK: true}
		},
		Kills: kills, Changes: changes, Live: live, Now: clock,
		History: history.New(history.Config{Metrics: metrics, Table: func() *routetable.Table { return table }, Now: clock, Logger: slog.New(slog.DiscardHandler)}),
	}
	for range 10 {
		metrics.Route("cart").Observe(telemetry.Request{Side: route.New, Method: "GET", Status: 500, Took: time.Millisecond})
		metrics.Route("cart").Observe(telemetry.Request{Side: route.Legacy, Method: "GET", Status: 200, Took: time.Millisecond})
		metrics.Route("default").Observe(telemetry.Request{Side: route.Legacy, Method: "GET", Status: 200, Took: time.Millisecond})
	}
	metrics.Route("cart").FellBack(telemetry.ReasonOpen)
	now = now.Add(history.Interval)
	s.History.Sample()
	return s
}

func TestOf(t *testing.T) {
	o := newSource(t).Of(10, 10)
	if o.Routes != 2 || o.Traffic.Legacy.Total != 20 || o.Traffic.New.Errors != 1 || o.Traffic.Legacy.Errors != 0 || len(o.Changes) != 1 {
		t.Errorf("%+v", o)
	}
	if c := o.Stages[route.StageCanary]; c.Routes != 1 || c.Rate != 4 {
		t.Errorf("canary: %+v", c)
	}
	want := []Backend{
		{Name: "cart", Balance: "least_requests", Breaker: "half_open", Addresses: []Address{{URL: "http://127.0.0.1:2", State: "down"}}, Routes: 2, Rate: 2, Errors: 1},
		{Name: "legacy", Balance: "least_requests", Addresses: []Address{{URL: "http://127.0.0.1:1"}}, Routes: 2, Rate: 4},
	}
	if diff := cmp.Diff(want, o.Backends); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if o.Top[0].Fallback < .19 || o.Top[0].Fallback > .21 || o.Top[0].Breaker != "half_open" || o.Top[1].Fallback.Known() {
		t.Errorf("top: %+v", o.Top)
	}
	if len(o.Top) != 3 || o.Top[0].ID != "cart" || o.Top[2].Killed == nil || o.Top[2].Serves != "legacy" || o.Top[0].Serves != "both" {
		t.Errorf("top: %+v", o.Top)
	}
}

// What programs read comes back as it was.
func TestJSON(t *testing.T) {
	o := newSource(t).Of(10, 10)
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var again Overview
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	same := cmp.Comparer(func(a, b Number) bool {
		return a == b || !a.Known() && !b.Known() || math.Abs(float64(a-b)) < 1e-3*float64(a)
	})
	if diff := cmp.Diff(o, again, same, cmp.AllowUnexported(Route{}), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".stage" }, cmp.Ignore())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !strings.Contains(string(text), `"weight":12.5`) || !strings.Contains(string(text), `"weight":null`) {
		t.Errorf("%s", text)
	}
}

func TestPrint(t *testing.T) {
	o := newSource(t).Of(10, 10)
	var b strings.Builder
	if err := o.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ready: the route folder", "canary 1, new 1", "list, since 5s, by ann: slow", "cart: 1 addresses, 2.0/s, 1 not up, breaker half open", "killed list: legacy serves: \uFFFD[31mslow"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := o.PrintTop(&b, 6, 40); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 6 || !strings.HasPrefix(lines[5], "cart ") || !strings.Contains(lines[5], "12.5 %") {
		t.Errorf("%q", lines)
	}
	for _, line := range lines {
		if len([]rune(line)) > 40 {
			t.Errorf("%q is too long", line)
		}
	}
}

func TestFilter(t *testing.T) {
	s := newSource(t)
	for _, tc := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "cart list default"}, {Filter{Text: "CART"}, "cart list"}, {Filter{Text: "/list"}, "list"}, {Filter{Stage: "canary"}, "cart"},
		{Filter{Stage: "killed"}, "list"}, {Filter{Owner: "none"}, "default"}, {Filter{Owner: "ann", Text: "get /c"}, "cart"}, {Filter{Owner: "bob"}, ""},
	} {
		var ids []string
		for _, r := range s.Routes(tc.filter) {
			ids = append(ids, r.ID)
		}
		if got := strings.Join(ids, " "); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.filter, got, tc.want)
		}
	}
}

func TestWithoutATable(t *testing.T) {
	s := newSource(t)
	s.Status = func() control.Status { return control.Status{Source: control.SourceNone} }
	o := s.Of(10, 10)
	if _, err := json.Marshal(o); err != nil || o.Readiness.Status != "not_ready" || o.Routes != 0 || s.Routes(Filter{}) != nil || s.Owners() != nil {
		t.Errorf("%v, %+v", err, o)
	}
}
