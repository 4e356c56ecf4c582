package telemetry

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

func TestReadRoutes(t *testing.T) {
	m := New()
	cart := m.Route("cart")
	cart.Begin(route.New)
	cart.Observe(Request{Side: route.New, Method: "GET", Status: 200, Took: 3 * time.Millisecond})
	cart.Observe(Request{Side: route.New, Method: "GET", Status: 503, Took: time.Minute})
	cart.Observe(Request{Side: route.New, Method: "POST", Status: 500, Took: time.Minute})
	cart.Observe(Request{Side: route.Legacy, Method: "GET", Status: 404, Took: time.Microsecond})
	m.Route("idle")
	got := map[string]Totals{}
	m.ReadRoutes(func(id string, side route.Side, totals *Totals) { got[id+" "+side.String()] = *totals })
	want := map[string]Totals{
		"cart new":    {Requests: 3, Errors: 2, InFlight: 1, Duration: [Buckets]uint64{3: 1, Buckets - 1: 2}},
		"cart legacy": {Requests: 1, Duration: [Buckets]uint64{0: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(BucketBounds()) != Buckets-1 {
		t.Errorf("%d bounds for %d buckets", len(BucketBounds()), Buckets)
	}
	m.Retain(func(string) bool { return false })
	cart.Observe(Request{Side: route.Legacy, Method: "GET", Status: 200, Took: time.Second})
	m.ReadRoutes(func(id string, _ route.Side, _ *Totals) { t.Errorf("%s is gone", id) })
}

func BenchmarkReadRoutes10000(b *testing.B) {
	m := New()
	for i := range 10_000 {
		for _, side := range route.Sides {
			m.Route(fmt.Sprint(i)).Observe(Request{Side: side, Method: "GET", Status: 200, Took: time.Millisecond})
		}
	}
	sides := 0
	for b.Loop() {
		m.ReadRoutes(func(string, route.Side, *Totals) { sides++ })
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(sides), "ns/side")
}
