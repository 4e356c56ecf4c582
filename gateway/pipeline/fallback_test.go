package pipeline

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/route"
)

// What of DESIGN.md's table in section 4 a request is.
type asked struct {
	name   string
	method string
	length int
	header []string
}

var (
	get      = asked{"GET", "GET", -1, nil}
	postTiny = asked{"POST", "POST", 0, nil}
	post     = asked{"POST 5 KB", "POST", 5 << 10, nil}
	postBig  = asked{"POST 500 KB", "POST", 500 << 10, nil}
	put      = asked{"PUT 5 KB", "PUT", 5 << 10, nil}
	putBig   = asked{"PUT 500 KB", "PUT", 500 << 10, nil}
	postKey  = asked{"POST with a key", "POST", 5 << 10, []string{"Idempotency-Key: 7"}}
	postX    = asked{"POST with net/http's other key", "POST", 0, []string{"X-Idempotency-Key: 7"}}
	all      = []asked{get, postTiny, post, postBig, put, putBig, postKey, postX}
)

// The table of DESIGN.md, section 4: who answers, and how often each side was asked.
func TestWhatFallsBackToLegacy(t *testing.T) {
	const fromLegacy, fromNew = "legacy", "other"
	once := route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Retry: route.Retry{Attempts: 1}}}
	with := func(change func(*route.Settings)) route.Settings {
		s := once
		change(&s)
		return s
	}
	type want struct {
		status int
		body   string // of the answer; "" for one of the gateway's own
	}
	legacy := want{200, fromLegacy}
	for _, tt := range []struct {
		name     string
		other    string // what the new side does; "" for nobody there
		settings route.Settings
		want     map[string]want // by name of what is asked; "" for all others
	}{
		{"connection refused", "", once, map[string]want{"": legacy}},
		{"connection refused at stage retired", "", with(func(s *route.Settings) { s.Stage = route.StageRetired }), map[string]want{"": {502, ""}}},
		{"connection refused, no fallback", "", with(func(s *route.Settings) { s.Fallback.Enabled = route.Off }), map[string]want{"": {502, ""}}},
		{"reset when all is sent", resetAtEnd, once, map[string]want{
			"": {502, ""}, get.name: legacy, put.name: legacy, postKey.name: legacy,
		}},
		{"reset midway", resetMidway, once, map[string]want{
			"": {502, ""}, get.name: legacy, put.name: legacy, postKey.name: legacy,
		}},
		{"reset when all is sent, the route is idempotent", resetAtEnd, with(func(s *route.Settings) { s.Idempotent = route.On }), map[string]want{
			"": legacy, putBig.name: {502, ""}, postBig.name: {502, ""},
		}},
		{"503", "503", once, map[string]want{
			"": {503, fromNew}, get.name: legacy, put.name: legacy, postKey.name: legacy,
		}},
		{"500 is an answer", "500", once, map[string]want{"": {500, fromNew}}},
		{"500 where the route says so", "500", with(func(s *route.Settings) { s.Fallback.Status = []int{500} }), map[string]want{
			"": {500, fromNew}, get.name: legacy, put.name: legacy, postKey.name: legacy,
		}},
		{"503 where nothing changes then", "503", with(func(s *route.Settings) { s.Fallback.Unsafe = route.On }), map[string]want{
			"": legacy, putBig.name: {503, fromNew}, postBig.name: {503, fromNew},
		}},
		{"503 at stage retired", "503", with(func(s *route.Settings) { s.Stage = route.StageRetired }), map[string]want{"": {503, fromNew}}},
		{"too late", silent, with(func(s *route.Settings) { s.TryTimeout = 50 * time.Millisecond }), map[string]want{
			"": {504, ""}, get.name: legacy, put.name: legacy, postKey.name: legacy,
		}},
		{"fine", "200", once, map[string]want{"": {200, fromNew}}},
	} {
		for _, a := range all {
			t.Run(tt.name+"/"+a.name, func(t *testing.T) {
				monolith := newTroubled(t, "200")
				other := newTroubled(t, tt.other)
				address := other.url
				if tt.other == "" {
					address = deadAddress(t)
				}
				g := newGateway(t, newBackend(t, fromLegacy, func(w http.ResponseWriter, r *http.Request) {
					n, err := io.Copy(io.Discard, r.Body)
					monolith.mu.Lock()
					monolith.whole = append(monolith.whole, fmt.Sprintf("%s %s %d %v", r.Method, r.URL.Path, n, err))
					monolith.mu.Unlock()
					_, _ = io.WriteString(w, fromLegacy)
				}), address)
				g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{address}}, tt.settings)
				expected, ok := tt.want[a.name]
				if !ok {
					expected = tt.want[""]
				}
				status, body := g.ask(t, a.method, a.length, a.header...)
				if status != expected.status || body != expected.body {
					t.Errorf("got %d %q, want %d %q", status, body, expected.status, expected.body)
				}
				begun, _ := other.got()
				_, atLegacy := monolith.got()
				if want := btoi(tt.other != ""); len(begun) != want {
					t.Errorf("the new side got %q", begun)
				}
				if want := btoi(expected.body == fromLegacy); len(atLegacy) != want {
					t.Errorf("legacy got %q", atLegacy)
				} else if want == 1 && atLegacy[0] != fmt.Sprintf("%s /it %d <nil>", a.method, max(a.length, 0)) {
					t.Errorf("legacy got %q", atLegacy[0])
				}
			})
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A breaker that is open and a backend that is full send all to legacy, of any size, and
// without a fallback the answer is 503 at once.
func TestRefusedRequestsFallBack(t *testing.T) {
	for _, refuses := range []string{"open", "full"} {
		t.Run(refuses, func(t *testing.T) {
			other := newTroubled(t, "503")
			legacy := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body)
				fmt.Fprintf(w, "legacy %d", n)
			})
			g := newGateway(t, legacy, other.url)
			definition := route.Backend{Addresses: []string{other.url}, Breaker: route.Breaker{MinRequests: 1, OpenFor: time.Hour}}
			settings := route.Settings{Stage: route.StageNew}
			if refuses == "full" {
				other.does(func(*http.Request) string { return silent })
				definition = route.Backend{Addresses: []string{other.url}, MaxInflight: 1, Queue: route.Queue{Timeout: time.Millisecond}}
			}
			g.serve(t, g.Table().Backends[0], definition, settings)
			if refuses == "open" {
				g.ask(t, "GET", -1) // opens it
			} else {
				hold := startGet(t, g)
				defer hold()
				await(t, "the request that fills it", func() bool { begun, _ := other.got(); return len(begun) == 1 })
			}
			before, _ := other.got()
			for _, a := range all {
				status, body := g.ask(t, a.method, a.length, a.header...)
				if want := fmt.Sprintf("legacy %d", max(a.length, 0)); status != 200 || body != want {
					t.Errorf("%s: got %d %q, want %q", a.name, status, body, want)
				}
			}
			if x := g.lastExchange(t); x.Fallback() != refuses || x.Served() != route.Legacy || x.Side != route.New {
				t.Errorf("the exchange says %q, %v", x.Fallback(), x.Served())
			}
			if after, _ := other.got(); len(after) != len(before) {
				t.Errorf("the new side got %q", after[len(before):])
			}
			settings.Fallback.Enabled = route.Off
			g.serve(t, g.Table().Backends[0], definition, settings)
			r, err := g.server.Client().Get(g.server.URL + "/it")
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			if r.StatusCode != 503 || r.Header.Get("Retry-After") == "" {
				t.Errorf("without fallback: %v", r)
			}
			r, err = g.server.Client().Post(g.server.URL+"/it", "application/grpc+proto", strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			if r.StatusCode != 200 || r.Header.Get("Grpc-Status") != "14" || r.Header.Get("Content-Type") != "application/grpc" {
				t.Errorf("to gRPC, without fallback: %v", r)
			}
		})
	}
}

// startGet sends a request that nobody answers; what it returns ends it.
func startGet(t *testing.T, g *testGateway) (end func()) {
	t.Helper()
	r, err := http.NewRequest("GET", g.server.URL+"/held", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if response, err := g.server.Client().Do(r.WithContext(ctx)); err == nil {
			response.Body.Close()
		}
	}()
	return func() { cancel(); <-done }
}

// Legacy takes no more fallbacks than it says; who exceeds that gets the new side's answer.
func TestFallbackLimit(t *testing.T) {
	other := newTroubled(t, "503")
	release := make(chan struct{})
	legacy := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			<-release
		}
		_, _ = io.WriteString(w, "legacy")
	})
	defer close(release)
	g := newGateway(t, legacy, other.url)
	definition := route.Backend{Addresses: []string{other.url}, Breaker: route.Breaker{Enabled: route.Off}}
	settings := route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Retry: route.Retry{Attempts: 1}}}
	g.serve(t, route.Backend{Addresses: []string{legacy}, FallbackLimit: route.FallbackLimit{MaxInflight: 1}}, definition, settings)
	hold := startGet(t, g)
	defer hold()
	await(t, "the fallback that takes the only place", func() bool { return g.fallbacksUnderWay(t) == 1 })
	if status, body := g.ask(t, "GET", -1); status != 503 || body != "other" {
		t.Errorf("got %d %q, want the answer of the new side", status, body)
	}
	hold()
	await(t, "the place", func() bool { return g.fallbacksUnderWay(t) == 0 })
	if status, body := g.ask(t, "GET", -1); status != 200 || body != "legacy" {
		t.Errorf("got %d %q, want legacy's", status, body)
	}

	g.serve(t, route.Backend{Addresses: []string{legacy}, FallbackLimit: route.FallbackLimit{Rate: route.Rate{Events: 1, Per: time.Hour}}}, definition, settings)
	if status, body := g.ask(t, "GET", -1); status != 200 || body != "legacy" {
		t.Errorf("the first of an hour: %d %q", status, body)
	}
	if status, body := g.ask(t, "GET", -1); status != 503 || body != "other" {
		t.Errorf("the second: %d %q", status, body)
	}
	want := `
# HELP ficus_fallbacks_refused_total Failures of the new side that legacy did not answer for, by route and why: disabled, not_idempotent, body (too long to be sent again), limit, rate, legacy (open or full itself) or time.
# TYPE ficus_fallbacks_refused_total counter
ficus_fallbacks_refused_total{reason="limit",route="r"} 1
ficus_fallbacks_refused_total{reason="rate",route="r"} 1
`
	if err := testutil.GatherAndCompare(g.registry, strings.NewReader(want), "ficus_fallbacks_refused_total"); err != nil {
		t.Error(err)
	}
}
