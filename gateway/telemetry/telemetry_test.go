package telemetry

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/route"
)

func registered(t testing.TB) (*Metrics, *prometheus.Registry) {
	t.Helper()
	m, registry := New(), prometheus.NewPedanticRegistry()
	if err := m.Register(registry); err != nil {
		t.Fatal(err)
	}
	return m, registry
}

func TestCatalogue(t *testing.T) {
	m, registry := registered(t)
	if err := m.Register(registry); err != nil {
		t.Errorf("registering twice: %v", err)
	}
	second := prometheus.NewPedanticRegistry() // as after a reload
	if err := m.Register(second); err != nil {
		t.Fatal(err)
	}
	m.Route("cart").Observe(Request{Side: route.New, Method: "GET", Status: 200, Took: time.Second})
	m.TableServes(ServingTable{Source: "folder", Revision: "abc", Stages: map[route.Stage]int{route.StageNew: 1}})
	m.FolderApplied(time.Unix(1, 0), nil)
	m.SnapshotKept(true)
	for _, r := range []*prometheus.Registry{registry, second} {
		problems, err := testutil.GatherAndLint(r)
		if err != nil || len(problems) != 0 {
			t.Errorf("%v, %v", problems, err)
		}
	}
}

func TestTableMetrics(t *testing.T) {
	m, registry := registered(t)
	m.TableServes(ServingTable{
		Source: "snapshot", Revision: "one", Stages: map[route.Stage]int{route.StageCanary: 2},
		Expiries: map[string]time.Time{"a": time.Unix(30, 0), "b": time.Unix(40, 0)},
	})
	m.FolderRejected(route.Problems{{Code: route.CodeSyntax}})
	m.FolderApplied(time.Unix(20, 0), route.Problems{{Code: route.CodeRead, Severity: route.Warning}})
	m.TableServes(ServingTable{
		Source: "folder", Revision: "two", Stages: map[route.Stage]int{route.StageNew: 1},
		Expiries: map[string]time.Time{"b": time.Unix(50, 0)},
	})
	m.SnapshotKept(true)
	m.FolderRejected(route.Problems{{Code: route.CodeValue}, {Code: route.CodeValue}})
	want := `# HELP ficus_route_expires_timestamp_seconds When a route should be gone from the table; no series for a route that never expires.
# TYPE ficus_route_expires_timestamp_seconds gauge
ficus_route_expires_timestamp_seconds{route="b"} 50
# HELP ficus_shadow_captured_bytes Memory that copies and the answers to be compared take.
# TYPE ficus_shadow_captured_bytes gauge
ficus_shadow_captured_bytes 0
# HELP ficus_table_info 1 for the revision of the table that serves.
# TYPE ficus_table_info gauge
ficus_table_info{revision="two"} 1
# HELP ficus_table_last_reload_success_timestamp_seconds When the route folder was applied last.
# TYPE ficus_table_last_reload_success_timestamp_seconds gauge
ficus_table_last_reload_success_timestamp_seconds 20
# HELP ficus_table_last_reload_successful 1 if the last load of the route folder was applied, 0 if it was rejected and the table before serves on.
# TYPE ficus_table_last_reload_successful gauge
ficus_table_last_reload_successful 0
# HELP ficus_table_problems Problems found at the last load of the route folder, by severity and code.
# TYPE ficus_table_problems gauge
ficus_table_problems{code="value",severity="error"} 2
# HELP ficus_table_reloads_total Loads of the route folder, by result: applied or rejected.
# TYPE ficus_table_reloads_total counter
ficus_table_reloads_total{result="applied"} 1
ficus_table_reloads_total{result="rejected"} 2
# HELP ficus_table_routes Routes in the table that serves, by stage.
# TYPE ficus_table_routes gauge
ficus_table_routes{stage="canary"} 0
ficus_table_routes{stage="legacy"} 0
ficus_table_routes{stage="new"} 1
ficus_table_routes{stage="retired"} 0
ficus_table_routes{stage="shadow"} 0
# HELP ficus_table_snapshot_kept 1 if the folder applied last is kept in the state folder for a start with a broken folder.
# TYPE ficus_table_snapshot_kept gauge
ficus_table_snapshot_kept 1
# HELP ficus_table_source 1 for where the table that serves came from: folder, snapshot (the last good one of the state folder), unguarded (the folder's policies are broken: routes that have one answer 503) or legacy_only (no route is known, all goes to legacy).
# TYPE ficus_table_source gauge
ficus_table_source{source="folder"} 1
ficus_table_source{source="legacy_only"} 0
ficus_table_source{source="snapshot"} 0
ficus_table_source{source="unguarded"} 0
`
	var names []string
	for _, d := range m.Catalogue() {
		if strings.HasPrefix(d.Name, "ficus_table_") || strings.HasPrefix(d.Name, "ficus_route_") {
			names = append(names, d.Name)
		}
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

// A request in flight when its route is removed leaves no series behind.
func TestRemovedRouteStaysRemoved(t *testing.T) {
	m, registry := registered(t)
	r := m.Route("gone")
	r.Begin(route.Legacy)
	r.Observe(Request{Side: route.Legacy, Method: "GET", Status: 200, Took: time.Second})
	m.Retain(func(string) bool { return false })
	r.End(route.Legacy)
	r.Observe(Request{Side: route.Legacy, Method: "GET", Status: 200, Took: time.Second})
	r.Observe(Request{Side: route.Legacy, Method: "POST", Status: 500, Took: time.Second}) // a series that did not exist
	r.Begin(route.New)                                                                     // and a side that did not
	r.End(route.New)
	r.Observe(Request{Side: route.New, Method: "GET", Status: 200, Took: time.Second})
	if n, err := testutil.GatherAndCount(registry, "ficus_requests_total", "ficus_request_duration_seconds", "ficus_requests_in_flight"); n != 0 || err != nil {
		t.Errorf("%d series are left, %v", n, err)
	}
	if m.Route("gone") == r {
		t.Error("the removed recorder was handed out again")
	}
}

func TestConcurrentRecording(t *testing.T) {
	m, registry := registered(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 1000 {
				m.Route("a").Observe(Request{Side: route.New, Method: []string{"GET", "POST", "X"}[i%3], Status: 200 + i%4, Took: time.Millisecond})
			}
		})
	}
	all.Wait()
	sum := 0.0
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "ficus_requests_total" {
			for _, metric := range f.GetMetric() {
				sum += metric.GetCounter().GetValue()
			}
		}
	}
	if sum != 8000 {
		t.Errorf("%v of 8000 requests were counted", sum)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	for status, want := range map[int]string{200: "200", 499: "499", 299: "other", 0: "other", -1: "other", 1000: "other", 418: "418"} {
		if got := codeLabel(status); got != want {
			t.Errorf("status %d: %s, want %s", status, got, want)
		}
	}
	for method, want := range map[string]string{"GET": "GET", "get": "other", "": "other", "BREW": "other"} {
		if got := methodLabel(method); got != want {
			t.Errorf("method %q: %s, want %s", method, got, want)
		}
	}
}
