package pipeline

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/identity"
	"ficus/gateway/route"
)

func limited(id, match string, l route.RateLimit) route.Definition {
	return route.Definition{ID: id, Match: match, Settings: route.Settings{Resilience: route.Resilience{RateLimit: l}}}
}

var oneAnHour = route.RateLimit{Rate: route.Rate{Events: 1, Per: time.Hour}}

func TestRateLimit(t *testing.T) {
	legacy := newBackend(t, "legacy", nil)
	told := oneAnHour
	told.Burst, told.Headers = 2, route.On
	routes := []route.Definition{limited("quiet", "/quiet", oneAnHour), limited("told", "/told", told)}
	g := newGateway(t, legacy, legacy, routes...)
	for i, want := range []struct {
		path                      string
		status                    int
		retryAfter, policy, limit string
	}{
		{"/quiet", 200, "", "", ""},
		{"/quiet", 429, "3600", "", ""},
		{"/told", 200, "", `"gateway";q=2;w=7200`, `"gateway";r=1;t=3600`},
		{"/told", 200, "", `"gateway";q=2;w=7200`, `"gateway";r=0;t=7200`},
		{"/told", 429, "3600", `"gateway";q=2;w=7200`, `"gateway";r=0;t=3600`},
		{"/free", 200, "", "", ""},
	} {
		answer := g.send(t, "GET", want.path, "")
		h := answer.Header
		if answer.StatusCode != want.status || h.Get("Retry-After") != want.retryAfter || h.Get("RateLimit-Policy") != want.policy || h.Get("RateLimit") != want.limit {
			t.Errorf("%d %s: %d, %v", i, want.path, answer.StatusCode, h)
		}
	}
	other := newBackend(t, "other", nil)
	g.publish(t, legacy, other, append(routes, limited("more", "/more", oneAnHour))...) // an edit beside it
	if status, _ := g.get(t, "/quiet"); status != 429 {
		t.Errorf("after an edit of the table: %d", status)
	}
	routes[0].RateLimit.Rate.Events = 2
	g.publish(t, legacy, other, routes...)
	if status, _ := g.get(t, "/quiet"); status != 200 {
		t.Errorf("after an edit of the rate: %d", status)
	}
	want := `# HELP ficus_rate_limited_total Requests refused with 429 because their client had asked too often, by route.
# TYPE ficus_rate_limited_total counter
ficus_rate_limited_total{route="quiet"} 2
ficus_rate_limited_total{route="told"} 1
`
	if err := testutil.GatherAndCompare(g.registry, strings.NewReader(want), "ficus_rate_limited_total"); err != nil {
		t.Error(err)
	}
}

// An answer that a backend announces by others tells once what is left, beside what the
// backend itself tells.
func TestRateLimitBehindEarlyHints(t *testing.T) {
	legacy := newBackend(t, "legacy", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("RateLimit", `"own";r=5;t=6`)
		w.WriteHeader(200)
	})
	told := oneAnHour
	told.Headers = route.On
	g := newGateway(t, legacy, legacy, limited("told", "/told", told))
	got := g.send(t, "GET", "/told", "").Header.Values("RateLimit")
	if fmt.Sprint(got) != `["own";r=5;t=6 "gateway";r=0;t=3600]` {
		t.Errorf("got %q", got)
	}
}

// Who asks counts, not from where; and a flood of whom the policy refuses is limited
// before the policy is asked again.
func TestRateLimitByPrincipal(t *testing.T) {
	definition := guarded("admin", "/admin", "admin")
	definition.RateLimit = oneAnHour
	free := limited("free", "/free", oneAnHour)
	g := newGuarded(t, definition, free)
	g.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "test", Source: byHeader{}}}})
	for i, want := range []struct {
		path, who string
		status    int
	}{
		{"/admin", "ann", 403}, {"/admin", "ann", 429}, {"/admin", "bob", 403}, {"/admin", "", 403}, {"/admin", "", 429},
		{"/free", "ann", 200}, {"/free", "ann", 429}, {"/free", "", 200}, {"/free", "bob", 200}, {"/free", "", 429},
	} {
		var header []string
		if want.who != "" {
			header = append(header, "X-Test: "+want.who+" customer")
		}
		if status := g.send(t, "GET", want.path, "", header...).StatusCode; status != want.status {
			t.Errorf("%d: %s by %q: %d, want %d", i, want.path, want.who, status, want.status)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.events) != 3 {
		t.Errorf("the policy was asked %d times, want 3", len(g.events))
	}
}

// The least important are refused first; what is refused costs neither side an answer.
func TestShedding(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	legacy := newBackend(t, "legacy", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			arrived <- struct{}{}
			<-release
		}
		_, _ = io.WriteString(w, "legacy")
	})
	withPriority := func(id string, p route.Priority) route.Definition {
		return route.Definition{ID: id, Match: "/" + id, Settings: route.Settings{Resilience: route.Resilience{Priority: p}}}
	}
	g := newGateway(t, legacy, legacy, withPriority("slow", route.CriticalPriority), withPriority("low", route.LowPriority),
		withPriority("normal", route.NormalPriority), withPriority("high", route.HighPriority), withPriority("critical", route.CriticalPriority))
	g.UseCapacity(20)
	var slow sync.WaitGroup
	held := 0
	for _, tc := range []struct{ held, low, normal, high, critical int }{
		{13, 200, 200, 200, 200},
		{14, 503, 200, 200, 200},
		{16, 503, 200, 200, 200},
		{17, 503, 503, 200, 200},
		{18, 503, 503, 200, 200},
		{19, 503, 503, 503, 200},
		{20, 503, 503, 503, 503},
	} {
		for ; held < tc.held; held++ {
			slow.Go(func() { g.get(t, "/slow") })
			<-arrived
		}
		for path, want := range map[string]int{"/low": tc.low, "/normal": tc.normal, "/high": tc.high, "/critical": tc.critical} {
			answer := g.send(t, "GET", path, "")
			<-g.last // so that its place is free again
			if answer.StatusCode != want || (answer.Header.Get("Retry-After") != "") != (want == 503) {
				t.Errorf("%d under way: %s: %d, %v, want %d", held, path, answer.StatusCode, answer.Header, want)
			}
		}
	}
	close(release)
	slow.Wait()
	want := `# HELP ficus_shed_total Requests refused with 503 because the gateway was out of capacity, by route and its priority; where nobody had a place any more, without route and with the priority any. They are not among ficus_requests_total.
# TYPE ficus_shed_total counter
ficus_shed_total{priority="any",route=""} 4
ficus_shed_total{priority="high",route="high"} 1
ficus_shed_total{priority="low",route="low"} 5
ficus_shed_total{priority="normal",route="normal"} 3
# HELP ficus_capacity_requests How many requests the gateway takes at a time; 0 for no limit.
# TYPE ficus_capacity_requests gauge
ficus_capacity_requests 20
`
	if err := testutil.GatherAndCompare(g.registry, strings.NewReader(want), "ficus_shed_total", "ficus_capacity_requests"); err != nil {
		t.Error(err)
	}
	families, err := g.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "ficus_requests_total" && l.GetValue() == "503" {
					t.Errorf("a side is charged with a refusal: %v", m)
				}
			}
		}
	}
	for range 20 {
		<-g.last
	}
	if n := g.capacity.Under(); n != 0 {
		t.Errorf("%d under way when all is over", n)
	}
}

// A panic in the middle of an answer gives the place back, too.
func TestPlaceComesBackAfterACut(t *testing.T) {
	legacy := newBackend(t, "legacy", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "short")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	g := newGateway(t, legacy, legacy)
	answer := g.send(t, "GET", "/", "")
	if _, err := io.ReadAll(answer.Body); err == nil {
		t.Error("the answer is whole")
	}
	<-g.last
	if n := g.capacity.Under(); n != 0 {
		t.Errorf("%d under way when all is over", n)
	}
}

// What it costs to refuse: the whole of Serve, without the server around it.
func BenchmarkRefusal(b *testing.B) {
	for _, what := range []string{"crowded", "full", "limited"} {
		b.Run(what, func(b *testing.B) {
			definition := limited("a", "/a", oneAnHour)
			definition.RateLimit.By = []route.Source{{Kind: route.FromClientIP}}
			definition.Priority = route.LowPriority
			g := newGateway(b, "http://127.0.0.1:1", "http://127.0.0.1:1", definition)
			switch what {
			case "crowded":
				g.UseCapacity(2)
				g.capacity.Begin()
			case "full":
				g.UseCapacity(1)
				g.capacity.Begin()
			case "limited":
				_ = g.Serve(&discardWriter{http.Header{}}, httptest.NewRequest("GET", "/a", nil), Client{IP: "192.0.2.1"}, new(Exchange))
			}
			r, w := httptest.NewRequest("GET", "/a", nil), &discardWriter{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				var x Exchange
				var refusal *Error
				if err := g.Serve(w, r, Client{IP: "192.0.2.1"}, &x); !errors.As(err, &refusal) || refusal.Header["Retry-After"] == "" {
					b.Fatalf("not refused: %v", err)
				}
			}
		})
	}
}
