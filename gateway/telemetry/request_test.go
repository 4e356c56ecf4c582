package telemetry

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/route"
)

// histogram is one series as it is scraped.
type histogram struct {
	count     uint64
	buckets   []uint64
	native    int // spans
	schema    int32
	exemplars []string
}

func histograms(t *testing.T, registry prometheus.Gatherer, name string) (all []histogram) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			from := m.GetHistogram()
			h := histogram{count: from.GetSampleCount(), native: len(from.GetPositiveSpan()), schema: from.GetSchema()}
			for _, bucket := range from.GetBucket() {
				h.buckets = append(h.buckets, bucket.GetCumulativeCount())
				for _, label := range bucket.GetExemplar().GetLabel() {
					h.exemplars = append(h.exemplars, label.GetName()+"="+label.GetValue())
				}
			}
			all = append(all, h)
		}
	}
	return all
}

func TestRequestMetrics(t *testing.T) {
	m, registry := registered(t)
	r := m.Route("cart")
	r.Received(route.New, 3)
	r.Sent(route.Legacy, 5)
	r.Observe(Request{Side: route.New, Method: "GET", Status: 200, Took: 20 * time.Millisecond, Overhead: 75 * time.Microsecond})
	r.Observe(Request{Side: route.Legacy, Method: "GET", Status: 200, Took: time.Second, Overhead: 2 * time.Millisecond})
	want := `# HELP ficus_request_body_bytes_total Bytes of requests' bodies that were read for a backend, by route and the side that was chosen; not what passes through upgrades.
# TYPE ficus_request_body_bytes_total counter
ficus_request_body_bytes_total{route="cart",side="legacy"} 0
ficus_request_body_bytes_total{route="cart",side="new"} 3
# HELP ficus_response_body_bytes_total Bytes of answers' bodies sent to clients, by route and the side that served; not what passes through upgrades.
# TYPE ficus_response_body_bytes_total counter
ficus_response_body_bytes_total{route="cart",side="legacy"} 5
ficus_response_body_bytes_total{route="cart",side="new"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "ficus_request_body_bytes_total", "ficus_response_body_bytes_total"); err != nil {
		t.Error(err)
	}
	if h := histograms(t, registry, "ficus_gateway_overhead_seconds"); len(h) != 1 || h[0].count != 2 || h[0].buckets[2] != 1 {
		t.Errorf("overhead of both sides: %+v", h)
	}
	durations := histograms(t, registry, "ficus_request_duration_seconds")
	for _, h := range durations {
		if len(h.buckets) < len(durationBuckets) || h.native == 0 || h.schema != 3 {
			t.Errorf("not both a classic and a native histogram: %+v", h)
		}
	}
	if len(durations) != 2 {
		t.Errorf("%d sides", len(durations))
	}
	m.Retain(func(string) bool { return false })
	r.Sent(route.New, 1)
	for _, c := range m.requestMetrics.collectors() {
		if n := testutil.CollectAndCount(c); n != 0 {
			t.Errorf("%d series of a route that is gone", n)
		}
	}
}

// Only a trace that is kept is pointed at.
func TestExemplars(t *testing.T) {
	m, registry := registered(t)
	r := m.Route("cart")
	r.Observe(Request{Took: 20 * time.Millisecond})
	r.Observe(Request{Took: 20 * time.Millisecond, Trace: "0af7651916cd43dd8448eb211c80319c"})
	r.Observe(Request{Took: 3 * time.Second})
	got := histograms(t, registry, "ficus_request_duration_seconds")[0].exemplars
	if want := []string{"trace_id=0af7651916cd43dd8448eb211c80319c"}; !slices.Equal(got, want) {
		t.Errorf("exemplars %q, want %q", got, want)
	}
}

func TestStands(t *testing.T) {
	m, registry := registered(t)
	m.Route("cart").Stands(route.StageShadow, 0)
	m.Route("gone").Stands(route.StageNew, 1)
	m.Route("gone").Is(RouteInfo{Group: "past"})
	m.Retain(func(id string) bool { return id == "cart" })
	m.Route("cart").Stands(route.StageCanary, .25)
	m.Route("cart").Stands(route.StageCanary, .5)
	m.Route("cart").Is(RouteInfo{Group: "cart", Owner: "shop"})
	m.Route("cart").Is(RouteInfo{Group: "cart", Backend: "carts", Owner: "shop"})
	want := `# HELP ficus_route_info 1 for each route in the table that serves: its group, its owner and the backend of its new side, for boards and rules to tell them apart by; empty where it has none.
# TYPE ficus_route_info gauge
ficus_route_info{backend="carts",group="cart",owner="shop",route="cart"} 1
# HELP ficus_route_stage 1 for the stage of each route in the table that serves, the default route included.
# TYPE ficus_route_stage gauge
ficus_route_stage{route="cart",stage="canary"} 1
# HELP ficus_route_weight_ratio Share of the cohorts that the new side serves by the table, 0 to 1: the weight at stage canary, 0 before it and 1 after. A route that is killed keeps it.
# TYPE ficus_route_weight_ratio gauge
ficus_route_weight_ratio{route="cart"} 0.5
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "ficus_route_info", "ficus_route_stage", "ficus_route_weight_ratio"); err != nil {
		t.Error(err)
	}
}

func TestPoliciesServing(t *testing.T) {
	m, registry := registered(t)
	m.PoliciesServe("one")
	m.PoliciesLoaded(true, time.Unix(20, 0))
	m.PoliciesServe("two")
	m.PoliciesServe("two")
	m.PoliciesLoaded(false, time.Unix(30, 0))
	want := `# HELP ficus_policy_info 1 for the revision of the policies that decide; no series without any.
# TYPE ficus_policy_info gauge
ficus_policy_info{revision="two"} 1
# HELP ficus_policy_last_reload_success_timestamp_seconds When policies were loaded last and not refused.
# TYPE ficus_policy_last_reload_success_timestamp_seconds gauge
ficus_policy_last_reload_success_timestamp_seconds 20
# HELP ficus_policy_last_reload_successful 1 if the policies that were loaded last decide, 0 if they were refused and those before decide on.
# TYPE ficus_policy_last_reload_successful gauge
ficus_policy_last_reload_successful 0
`
	names := []string{"ficus_policy_info", "ficus_policy_last_reload_success_timestamp_seconds", "ficus_policy_last_reload_successful"}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	m.PoliciesServe("")
	if n := testutil.CollectAndCount(m.policyInfo); n != 0 {
		t.Errorf("%d revisions of no policies", n)
	}
}

// everything records all that can be recorded of one request.
func everything(m *Metrics, r *Route, i int) {
	r.Begin(route.New)
	m.Identified("sso")
	r.Decided("enforce", "allowed", 3*time.Microsecond)
	r.Parity(true, true)
	r.Received(route.New, 4<<10)
	r.Retried(ReasonStatus)
	r.FellBack(ReasonStatus)
	r.Sent(route.Legacy, 4<<10)
	r.Shadowed("match", time.Millisecond)
	r.Observe(Request{Side: route.Legacy, Method: "GET", Status: 200, Took: time.Duration(1+i%1000) * time.Millisecond, Overhead: time.Duration(i%500) * time.Microsecond})
	r.End(route.New)
}

func TestRecordingAllocatesNothing(t *testing.T) {
	m, _ := registered(t)
	r := m.Route("cart")
	for i := range 1000 {
		everything(m, r, i) // makes the series and all their buckets
	}
	i := 0
	if n := testing.AllocsPerRun(1000, func() { everything(m, r, i); i++ }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

// What a request costs that is only answered, and one of which all is recorded that can be.
func BenchmarkRecord(b *testing.B) {
	m, _ := registered(b)
	r := m.Route("cart")
	b.Run("usual", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Begin(route.New)
			r.Sent(route.New, 4<<10)
			r.Observe(Request{Side: route.New, Method: "GET", Status: 200, Took: 3 * time.Millisecond, Overhead: 60 * time.Microsecond})
			r.End(route.New)
		}
	})
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			everything(m, r, i)
		}
	})
	b.Run("all, parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				everything(m, r, i)
			}
		})
	})
}
