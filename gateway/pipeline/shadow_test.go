package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/identity"
	"ficus/gateway/route"
	"ficus/gateway/shadow"
	"ficus/gateway/split"
	"ficus/gateway/traffic"
)

// shadowed is a gateway whose route /x is at stage shadow, and what its new side got.
type shadowed struct {
	*testGateway
	copies chan *http.Request
}

func newShadowed(t *testing.T, legacy, other http.HandlerFunc, change func(*route.Definition)) *shadowed {
	t.Helper()
	s := &shadowed{copies: make(chan *http.Request, 100)}
	newURL := newBackend(t, "new", func(w http.ResponseWriter, r *http.Request) {
		s.copies <- r.Clone(context.Background())
		if other != nil {
			other(w, r)
		}
	})
	d := route.Definition{ID: "x", Match: "/x", Settings: route.Settings{Backend: "other", Stage: route.StageShadow, Policy: route.PolicyPublic}}
	if change != nil {
		change(&d)
	}
	legacyURL := newBackend(t, "legacy", legacy)
	s.testGateway = newGateway(t, legacyURL, newURL)
	s.Shadow = shadow.New(shadow.Config{
		NewLeaf: newLeaf, Key: &split.Key{1}, Metrics: s.Metrics, Random: rand.Float64, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(s.Shadow.Close)
	s.publish(t, legacyURL, newURL, d)
	return s
}

// do sends a request and returns the answer's status and body.
func (s *shadowed) do(t *testing.T, method, path, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	response, err := s.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	<-s.last
	return response.StatusCode, string(text)
}

// copy returns the next copy that the new side got.
func (s *shadowed) copy(t *testing.T) *http.Request {
	t.Helper()
	select {
	case r := <-s.copies:
		return r
	case <-time.After(10 * time.Second):
		t.Fatal("no copy")
		return nil
	}
}

// outcomes ends all copies and returns what was counted, by result or reason.
func (s *shadowed) outcomes(t *testing.T) map[string]float64 {
	t.Helper()
	s.Shadow.Close()
	return countsOf(t, s.registry)
}

func countsOf(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "ficus_shadow_total" && f.GetName() != "ficus_shadow_dropped_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() != "route" {
					counts[l.GetValue()] += m.GetCounter().GetValue()
				}
			}
		}
	}
	return counts
}

// settled waits until a copy or drop has been counted.
func (s *shadowed) settled(t *testing.T) (counts map[string]float64) {
	t.Helper()
	s.await(t, func() bool { counts = countsOf(t, s.registry); return len(counts) > 0 })
	return counts
}

// await polls until a condition holds.
func (s *shadowed) await(t *testing.T, condition func() bool) {
	t.Helper()
	tick, late := time.NewTicker(time.Millisecond), time.After(10*time.Second)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("waited in vain for copies to be counted")
		}
	}
}

func answering(status int, media, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// The client has legacy's answer; the new side's is compared with it.
func TestShadowCompares(t *testing.T) {
	const js = "application/json"
	tests := map[string]struct {
		legacy, other http.HandlerFunc
		want          string
	}{
		"match":           {answering(200, js, `{"a":1,"b":2}`), answering(200, js, `{"b":2, "a":1.0}`), "match"},
		"json":            {answering(200, js, `{"a":1}`), answering(200, js, `{"a":2}`), "json"},
		"status":          {answering(200, js, `{}`), answering(503, js, `{}`), "status"},
		"header":          {answering(200, js, `{}`), answering(200, "text/plain", `{}`), "header"},
		"body":            {answering(200, "text/plain", `a`), answering(200, "text/plain", `b`), "body"},
		"too large":       {answering(200, js, strings.Repeat("1", 3000)), answering(200, js, `1`), "too_large"},
		"reset":           {answering(200, js, `{}`), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "error"},
		"a flood":         {answering(200, js, `{}`), flood, "too_large"},
		"legacy's events": {answering(200, "text/event-stream", "data: 1\n\n"), nil, "stream"},
		"legacy's 304":    {answering(304, js, ""), nil, "partial"},
		"legacy's error":  {answering(500, js, `{}`), answering(500, js, `{}`), "match"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := newShadowed(t, tc.legacy, tc.other, func(d *route.Definition) { d.Shadow.MaxBody = 1000 })
			s.do(t, "GET", "/x", "")
			if diff := cmp.Diff(map[string]float64{tc.want: 1}, s.settled(t)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func flood(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	piece := make([]byte, 32<<10)
	for {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

func TestShadowOfHEAD(t *testing.T) {
	sized := func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100000000") }
	s := newShadowed(t, sized, sized, nil)
	s.do(t, "HEAD", "/x", "")
	if got := s.copy(t).Method; got != "HEAD" {
		t.Errorf("the copy is a %s", got)
	}
	if counts := s.settled(t); counts["match"] != 1 {
		t.Error(counts)
	}
}

// What may change something, has a body or does not end is not copied; nothing of it
// reaches the new side.
func TestShadowCopiesOnlySafeRequests(t *testing.T) {
	tests := map[string]struct {
		method, body string
		header       []string
		want         string
	}{
		"POST":    {method: "POST", body: "x", want: "method"},
		"DELETE":  {method: "DELETE", want: "method"},
		"OPTIONS": {method: "OPTIONS", want: "method"},
		"BREW":    {method: "BREW", want: "method"},
		"a body":  {method: "GET", body: "x", want: "body"},
		"upgrade": {method: "GET", header: []string{"Connection", "upgrade", "Upgrade", "websocket"}, want: "upgrade"},
		"events":  {method: "GET", header: []string{"Accept", "text/event-stream"}, want: "stream"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := newShadowed(t, nil, nil, nil)
			if status, body := s.do(t, tc.method, "/x", tc.body, tc.header...); status != 200 || body != "legacy" {
				t.Errorf("%d %s", status, body)
			}
			if diff := cmp.Diff(map[string]float64{tc.want: 1}, s.outcomes(t)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(s.copies) != 0 {
				t.Error("there was a copy")
			}
		})
	}
}

func TestShadowShare(t *testing.T) {
	s := newShadowed(t, nil, nil, func(d *route.Definition) { d.Shadow.Share = 0.000001 })
	s.do(t, "GET", "/x", "")
	if counts := s.outcomes(t); len(counts) != 0 || len(s.copies) != 0 {
		t.Errorf("a request that was not chosen counts: %v", counts)
	}
}

// A route that is killed stands at stage legacy.
func TestShadowOfARouteThatIsKilled(t *testing.T) {
	s := newShadowed(t, nil, nil, nil)
	kills, err := traffic.New(traffic.KillsIn(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := kills.Kill(traffic.Kill{Route: "x"}); err != nil {
		t.Fatal(err)
	}
	s.Kills = kills
	s.do(t, "GET", "/x", "")
	if counts := s.outcomes(t); len(counts) != 0 || len(s.copies) != 0 {
		t.Errorf("a request of a killed route counts: %v", counts)
	}
}

// A copy is what the client sent, to its own host, but for conditions, and it asks for the
// whole.
func TestShadowSendsWhatTheClientSent(t *testing.T) {
	s := newShadowed(t, nil, nil, func(d *route.Definition) { d.Deadline = "X-Deadline" })
	raw := "GET /x?a=1;b=%zz HTTP/1.1\r\nHost: shop.example\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Custom: 1\r\nX-Custom: 2\r\nIf-None-Match: \"1\"\r\n" +
		"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\nRange: bytes=0-1\r\nX-Deadline: 100\r\nCookie: cart=1\r\nAccept-Encoding: br\r\n\r\n"
	s.exchange(t, raw)
	got := s.copy(t)
	if got.Host != "shop.example" || got.RequestURI != "/x?a=1;b=%zz" {
		t.Errorf("asked %s for %s", got.Host, got.RequestURI)
	}
	mark := got.Header.Get(shadow.MarkHeader)
	if s.Shadow.Marked(got.Header) == nil {
		t.Errorf("the mark is %q", mark)
	}
	got.Header.Del(shadow.MarkHeader)
	want := http.Header{"X-Custom": {"1", "2"}, "Cookie": {"cart=1"}, "Accept-Encoding": {"br"}}
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The copy comes from the same principal, by a token made for copies.
func TestShadowTellsWhoAsks(t *testing.T) {
	s := newShadowed(t, nil, nil, func(d *route.Definition) { d.Claims = []string{"role"} })
	asked := make(chan struct{}, 10)
	s.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "test", Source: bearerOf(asked)}}})
	s.do(t, "GET", "/x", "", "Authorization", "Bearer ada", "Cookie", "cart=1")
	got := s.copy(t)
	if token := got.Header.Get(identity.TokenHeader); token != "ada for other [role] map[shadow:true]" {
		t.Errorf("the token is %q", token)
	}
	if got.Header.Get("Authorization") != "" || got.Header.Get("Cookie") != "cart=1" {
		t.Errorf("sent %v", got.Header)
	}
	<-asked
	s.do(t, "GET", "/x", "", "Authorization", "Basic for the backend itself")
	if got := s.copy(t); got.Header.Get("Authorization") == "" || got.Header.Get(identity.TokenHeader) != "" {
		t.Errorf("for nobody: sent %v", got.Header)
	}
}

// bearerOf knows who says their name, and says when it was asked.
func bearerOf(asked chan struct{}) sourceFunc {
	return func(r *http.Request) (*identity.Principal, error) {
		asked <- struct{}{}
		name, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			return nil, nil
		}
		return &identity.Principal{ID: name}, nil
	}
}

type sourceFunc func(*http.Request) (*identity.Principal, error)

func (f sourceFunc) Identify(_ context.Context, r *http.Request) (*identity.Principal, error) {
	return f(r)
}

func setTo(name, value string) route.Changes {
	return route.Changes{Set: map[string]string{name: value}}
}

// A route's rewriting for the new side is that of its copies too, in both directions.
func TestShadowRewrites(t *testing.T) {
	s := newShadowed(t, answering(200, "text/plain", ""), answering(200, "text/html", ""), func(d *route.Definition) {
		d.Rewrite.New = route.SideRewrite{
			Path: "/v2/y", Headers: setTo("X-Side", "new"), ResponseHeaders: setTo("Content-Type", "text/plain"),
		}
	})
	s.do(t, "GET", "/x", "")
	if got := s.copy(t); got.URL.Path != "/v2/y" || got.Header.Get("X-Side") != "new" {
		t.Errorf("asked for %s with %v", got.URL, got.Header)
	}
	if counts := s.settled(t); counts["match"] != 1 {
		t.Error(counts)
	}
}

// A forged mark reaches nobody, and does not keep a request from being copied; a good one
// goes on, and does.
func TestShadowMarks(t *testing.T) {
	marks := make(chan []string, 10)
	s := newShadowed(t, func(_ http.ResponseWriter, r *http.Request) {
		var all []string
		for name, lines := range r.Header {
			if strings.Contains(strings.ToLower(name), "shadow") {
				all = append(all, lines...)
			}
		}
		marks <- all
	}, nil, nil)
	forged := fmt.Sprintf("%d.AAAAAAAAAAAAAAAAAAAAAA", time.Now().Add(time.Minute).Unix())
	s.do(t, "GET", "/x", "", shadow.MarkHeader, forged, "Ficus_Shadow", forged, "ficus.shadow", forged)
	if got := <-marks; len(got) != 0 {
		t.Errorf("legacy got %v", got)
	}
	good := s.copy(t).Header[shadow.MarkHeader]
	if len(good) != 1 || good[0] == forged {
		t.Fatalf("the copy is marked %v", good)
	}
	s.do(t, "GET", "/x", "", shadow.MarkHeader, good[0])
	if diff := cmp.Diff(good, <-marks); diff != "" {
		t.Errorf("of a copy, legacy got (-want +got)\n%s", diff)
	}
	if counts := s.outcomes(t); counts["loop"] != 1 || len(s.copies) != 0 {
		t.Errorf("counted %v, and %d more copies", counts, len(s.copies))
	}
}

// A new side that is the gateway itself gets one copy a request.
func TestShadowMakesNoLoop(t *testing.T) {
	s := newShadowed(t, nil, nil, nil)
	table := s.Table()
	legacy := table.Backend(route.LegacyBackend).Addresses[0]
	s.publish(t, legacy, s.server.URL, route.Definition{ID: "x", Match: "/x", Settings: route.Settings{Backend: "other", Stage: route.StageShadow, Policy: route.PolicyPublic}})
	for range 5 {
		s.do(t, "GET", "/x", "")
		<-s.last // the copy's exchange
	}
	s.await(t, func() bool { return countsOf(t, s.registry)["match"] == 5 })
	if diff := cmp.Diff(map[string]float64{"match": 5, "loop": 5}, s.outcomes(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A client that goes away, or a backend that breaks off, leaves nothing to compare.
func TestShadowOfHalfAnAnswer(t *testing.T) {
	s := newShadowed(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}, nil, nil)
	response, err := s.server.Client().Get(s.server.URL + "/x")
	if err == nil {
		_, err = io.ReadAll(response.Body)
		response.Body.Close()
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	<-s.last
	if diff := cmp.Diff(map[string]float64{"incomplete": 1}, s.outcomes(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Requests and copies at once, with a new side that writes to all it gets: for the race
// detector.
func TestShadowSharesNothing(t *testing.T) {
	s := newShadowed(t, answering(200, "application/json", `{"a":1}`), answering(200, "application/json", `{"a":1}`), func(d *route.Definition) {
		d.Rewrite = route.Rewrite{
			Legacy: route.SideRewrite{Headers: setTo("X-Side", "legacy")},
			New:    route.SideRewrite{Headers: route.Changes{Set: map[string]string{"X-Side": "new"}, Remove: []string{"X-Gone"}}},
		}
	})
	done := make(chan struct{})
	for range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 20 {
				r, _ := http.NewRequest("GET", s.server.URL+"/x", nil)
				r.Header.Set("X-Gone", "1")
				response, err := s.server.Client().Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}()
	}
	over := make(chan struct{})
	defer close(over)
	go func() {
		for {
			select {
			case <-s.copies:
			case <-over:
				return
			}
		}
	}()
	for range 8 {
		<-done
	}
	counts := s.outcomes(t)
	if sum := counts["match"] + counts["queue"] + counts["closed"]; sum != 160 || counts["match"] == 0 {
		t.Error(counts)
	}
}
