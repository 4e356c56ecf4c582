package history

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newHistory(t testing.TB, file ProgressFile) (*History, *clock) {
	t.Helper()
	d := route.Definition{ID: "cart", Match: "GET /cart"}
	d.Backend, d.Stage, d.Weight = "cart", route.StageCanary, 10
	table, problems := routetable.Compile(route.Set{
		Backends: []route.Backend{{Name: "legacy", Addresses: []string{"http://127.0.0.1:1"}}, {Name: "cart", Addresses: []string{"http://127.0.0.1:2"}}},
		Routes:   []route.Definition{d},
	}, routetable.Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	c := &clock{time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)}
	return New(Config{
		Metrics: telemetry.New(), Table: func() *routetable.Table { return table }, File: file, Now: c.now, Logger: slog.New(slog.DiscardHandler),
	}), c
}

func (c *clock) sample(h *History) {
	c.t = c.t.Add(Interval)
	h.Sample()
}

func near(a, b float32) bool { return math.Abs(float64(a-b)) < .01*math.Abs(float64(b))+1e-6 }

func TestPoints(t *testing.T) {
	h, c := newHistory(t, "")
	cart := h.Metrics.Route("cart")
	c.sample(h)
	for range 95 {
		cart.Observe(telemetry.Request{Side: route.New, Method: "GET", Status: 200, Took: 20 * time.Millisecond})
	}
	for range 5 {
		cart.Observe(telemetry.Request{Side: route.New, Method: "GET", Status: 500, Took: 2 * time.Second})
	}
	changed := h.Changed()
	c.sample(h)
	<-changed
	c.sample(h)
	got := h.Points("cart", route.New, 10)
	if len(got) != 3 || got[0].Rate != 0 || got[2].Rate != 0 || !math.IsNaN(float64(got[2].P99)) {
		t.Fatalf("points: %+v", got)
	}
	if p := got[1]; !near(p.Rate, 20) || !near(p.Errors, .05) || p.P50 < .01 || p.P50 > .025 || p.P99 < 1 || p.P99 > 2.5 {
		t.Errorf("point: %+v", p)
	}
	if n := h.Lately("cart", route.New); n.Total != 100 || !near(n.Errors, .05) || n.Rate <= 0 || n.Rate >= 20 {
		t.Errorf("now: %+v", n)
	}
	if h.Points("cart", route.Legacy, 10) != nil || h.Lately("nobody", route.New).Total != 0 {
		t.Error("points of a side without requests")
	}
	if times := h.Times(2); len(times) != 2 || !times[1].Equal(c.t) {
		t.Errorf("times: %v", times)
	}
}

// What is a whole ring old is gone, and a side without traffic lately has no points; when
// it has traffic again, what came before does not count.
func TestRingAndIdle(t *testing.T) {
	h, c := newHistory(t, "")
	cart := h.Metrics.Route("cart")
	cart.Observe(telemetry.Request{Side: route.New, Method: "GET", Status: 200, Took: time.Millisecond})
	c.sample(h)
	for range maxPoints - 1 {
		c.sample(h)
	}
	if got := h.Points("cart", route.New, maxPoints); len(got) != maxPoints || got[0].Rate == 0 || got[1].Rate != 0 {
		t.Fatalf("%d points, the first %+v", len(got), got[0])
	}
	c.sample(h)
	if got := h.Points("cart", route.New, maxPoints); len(got) != maxPoints || got[0].Rate != 0 {
		t.Errorf("the oldest point is still there: %+v", got[0])
	}
	c.sample(h)
	if h.Points("cart", route.New, 1) != nil {
		t.Error("an idle side has points")
	}
	for range 5 {
		cart.Observe(telemetry.Request{Side: route.New, Method: "GET", Status: 200, Took: time.Millisecond})
	}
	c.sample(h)
	if got := h.Points("cart", route.New, 1); len(got) != 1 || !near(got[0].Rate, 1) {
		t.Errorf("after a pause: %+v", got)
	}
	h.Metrics.Retain(func(string) bool { return false })
	c.sample(h)
	if len(h.series) != 0 {
		t.Error("a route that is gone is still there")
	}
}

// Ten thousand routes with traffic on both sides stay below 32 MiB.
func TestMemoryIsBounded(t *testing.T) {
	h, c := newHistory(t, "")
	recorders := make([]*telemetry.Route, 10_000)
	for i := range recorders {
		recorders[i] = h.Metrics.Route(fmt.Sprint(i))
		for _, side := range route.Sides {
			recorders[i].Observe(telemetry.Request{Side: side, Method: "GET", Status: 200, Took: time.Millisecond})
		}
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range 8 { // the rings halve one by one
		recorders[77].Observe(telemetry.Request{Side: route.New, Method: "GET", Status: 200, Took: time.Millisecond})
		c.sample(h)
	}
	used := int64(heap()) - int64(before)
	back, active := h.Reach()
	t.Logf("%d sides, %.1f MiB, %v back", active, float64(used)/(1<<20), back)
	if used > 32<<20 || active != 20_000 || back < 3*time.Minute-time.Second {
		t.Errorf("%d sides, %d bytes, %v back", active, used, back)
	}
	if got := h.Points("77", route.New, 8); len(got) != 8 || got[0].Rate == 0 {
		t.Errorf("points were lost when the rings became shorter: %+v", got)
	}
	runtime.KeepAlive(h)
}

func TestProgress(t *testing.T) {
	file := ProgressIn(filepath.Join(t.TempDir(), "state"))
	h, c := newHistory(t, file)
	cart, rest := h.Metrics.Route("cart"), h.Metrics.Route(route.DefaultID)
	for range 13 { // a minute, and more
		cart.Observe(telemetry.Request{Side: route.New, Method: "GET", Status: 200, Took: time.Millisecond})
		cart.Observe(telemetry.Request{Side: route.Legacy, Method: "GET", Status: 200, Took: time.Millisecond})
		rest.Observe(telemetry.Request{Side: route.Legacy, Method: "GET", Status: 200, Took: time.Millisecond})
		c.sample(h)
	}
	got := h.Progress()
	if len(got) != 2 {
		t.Fatalf("%d points", len(got))
	}
	if p := got[0]; p.Routes[route.StageCanary] != 1 || p.Requests[route.StageCanary] != 24 || p.NoRoute != 12 || p.New != 12 || p.Total() != 36 {
		t.Errorf("first: %+v", p)
	}
	h.keep()
	again, _ := newHistory(t, file)
	if kept := again.Progress(); len(kept) != 2 || kept[0] != got[0] {
		t.Errorf("after a restart: %+v", kept)
	}
	if err := os.WriteFile(string(file), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if broken, _ := newHistory(t, file); len(broken.Progress()) != 1 {
		t.Error("something was read of nonsense")
	}
}

func TestThin(t *testing.T) {
	var points []Progress
	for i := range maxProgress + 1 {
		points = append(points, Progress{Time: time.Unix(int64(i), 0), NoRoute: 1})
	}
	got := thin(points)
	total := int64(0)
	for i := range got {
		total += got[i].NoRoute
	}
	if len(got) > maxProgress*3/4+1 || total != maxProgress+1 || !got[0].Time.Equal(time.Unix(0, 0)) || !got[len(got)-1].Time.Equal(time.Unix(maxProgress, 0)) {
		t.Errorf("%d points with %d requests", len(got), total)
	}
}

func TestRunEnds(t *testing.T) {
	h, _ := newHistory(t, "")
	h.Now, h.begun = time.Now, time.Now().Add(-time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	changed := h.Changed()
	go func() { h.Run(ctx); close(done) }()
	<-changed
	cancel()
	<-done
}
