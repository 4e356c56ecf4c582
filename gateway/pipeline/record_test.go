package pipeline

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/backend"
	"ficus/gateway/identity"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
	"ficus/gateway/telemetry"
)

// slowLeaf answers after a time, by status codes one after the other.
type slowLeaf struct {
	takes    time.Duration
	statuses *[]int
}

func (slowLeaf) Close() error { return nil }

func (l slowLeaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	time.Sleep(l.takes)
	status := 200
	if len(*l.statuses) > 0 {
		status, *l.statuses = (*l.statuses)[0], (*l.statuses)[1:]
	}
	return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("hello"))}, nil
}

// inBubble returns a pipeline of one route over leaves, for fake time.
func inBubble(t *testing.T, leaf backend.Leaf, d route.Definition) (*Pipeline, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	p := New(Config{
		Backends: backend.NewRegistry(backend.Config{
			NewLeaf: func(route.Backend) (backend.Leaf, error) { return leaf, nil },
			Random:  rand.IntN,
		}),
		Metrics: telemetry.New(), Key: &split.Key{1}, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Random: func() float64 { return .5 },
		Issue:  func(*identity.Principal, identity.Grant) (string, error) { return "", nil },
	})
	if err := p.Metrics.Register(registry); err != nil {
		t.Fatal(err)
	}
	table, problems := routetable.Compile(route.Set{
		Backends: []route.Backend{{Name: "legacy", Addresses: []string{"http://legacy:1"}}, {Name: "other", Addresses: []string{"http://other:1"}, Identity: route.Told{Token: route.Off}}},
		Routes:   []route.Definition{d},
	}, routetable.Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if problems := p.Publish(table, nil); problems.HasErrors() {
		t.Fatal(problems)
	}
	return p, registry
}

// lateBody comes after a time.
type lateBody struct {
	after time.Duration
	io.Reader
}

func (b *lateBody) Read(p []byte) (int, error) {
	time.Sleep(b.after)
	b.after = 0
	return b.Reader.Read(p)
}

// The gateway answers for the time that it takes itself, and for no other.
func TestOverhead(t *testing.T) {
	other := route.Settings{Backend: "other", Stage: route.StageNew}
	retried := other
	retried.Retry = route.Retry{Attempts: 2, Status: []int{503}, Wait: 100 * time.Millisecond}
	seen := func(s route.Settings) route.Definition {
		return route.Definition{ID: "r", Match: "POST /graphql", When: route.Conditions{GraphQL: route.GraphQL{Fields: []string{"me"}}}, Settings: s}
	}
	for name, tc := range map[string]struct {
		d        route.Definition
		statuses []int
		r        *http.Request
		backend  time.Duration
		overhead [2]time.Duration // at least, at most
	}{
		"backend":                    {d: route.Definition{ID: "r", Match: "/", Settings: other}, r: httptest.NewRequest("GET", "/", nil), backend: 2 * time.Second},
		"wait between tries":         {d: route.Definition{ID: "r", Match: "/", Settings: retried}, statuses: []int{503}, r: httptest.NewRequest("GET", "/", nil), backend: 4 * time.Second, overhead: [2]time.Duration{time.Millisecond, time.Second}},
		"body that a backend awaits": {d: route.Definition{ID: "r", Match: "/", Settings: other}, r: httptest.NewRequest("POST", "/", &lateBody{time.Minute, strings.NewReader("late")}), backend: time.Minute + 2*time.Second},
		"body that the match awaits": {d: seen(other), r: httptest.NewRequest("POST", "/graphql", &lateBody{time.Minute, strings.NewReader(`{"query":"{me}"}`)}), backend: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, registry := inBubble(t, slowLeaf{2 * time.Second, &tc.statuses}, tc.d)
				defer p.Close()
				x := &Exchange{}
				tc.r.Header.Set("Content-Type", "application/json")
				if err := p.Serve(httptest.NewRecorder(), tc.r, Client{}, x); err != nil {
					t.Fatal(err)
				}
				if x.Backend() != tc.backend || x.Overhead < tc.overhead[0] || x.Overhead > tc.overhead[1] {
					t.Errorf("backend %v, overhead %v; want %v and %v", x.Backend(), x.Overhead, tc.backend, tc.overhead)
				}
				if got := histogram(t, registry, "ficus_gateway_overhead_seconds"); got != x.Overhead.Seconds() {
					t.Errorf("%v seconds in the metric, %v in the exchange", got, x.Overhead)
				}
			})
		})
	}
}

func histogram(t *testing.T, registry *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	return values(t, registry, name)[""]
}

// values returns the values of a metric by side; of a histogram its sum.
func values(t *testing.T, registry *prometheus.Registry, name string) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			side := ""
			for _, l := range m.GetLabel() {
				if l.GetName() == "side" {
					side = l.GetValue()
				}
			}
			got[side] += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetHistogram().GetSampleSum()
		}
	}
	return got
}

// Bytes count once, on the side that they went to or came from, however often they are sent.
func TestBytesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		statuses := []int{503, 503} // of the new side, which is tried twice
		p, registry := inBubble(t, slowLeaf{0, &statuses}, route.Definition{ID: "r", Match: "/", Settings: route.Settings{Backend: "other", Stage: route.StageNew}})
		defer p.Close()
		x := &Exchange{}
		if err := p.Serve(httptest.NewRecorder(), httptest.NewRequest("PUT", "/", strings.NewReader("0123456789")), Client{}, x); err != nil {
			t.Fatal(err)
		}
		if x.Fallback() != "status" || x.Sent() != 5 || x.Received() != 10 {
			t.Errorf("fallback %q, %d bytes sent, %d received", x.Fallback(), x.Sent(), x.Received())
		}
		for name, want := range map[string]map[string]float64{
			"ficus_request_body_bytes_total":  {"new": 10, "legacy": 0},
			"ficus_response_body_bytes_total": {"new": 0, "legacy": 5},
		} {
			if diff := cmp.Diff(want, values(t, registry, name)); diff != "" {
				t.Errorf("%s (-want +got)\n%s", name, diff)
			}
		}
		if left := values(t, registry, "ficus_retry_budget_left")[""]; left < 19 || left > 19.5 { // of two backends, one of which spent one
			t.Errorf("%v retries are left", left)
		}
		if weight := values(t, registry, "ficus_route_weight_ratio")[""]; weight != 1 {
			t.Errorf("weights %v, want 1 of the route and 0 of the default", weight)
		}
	})
}
