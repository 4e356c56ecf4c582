package pipeline

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"ficus/gateway/backend"
	"ficus/gateway/route"
)

// onePlace has room for one request, and no queue to speak of.
func onePlace(address string) route.Backend {
	return route.Backend{Addresses: []string{address}, MaxInflight: 1, Queue: route.Queue{Size: 1, Timeout: time.Millisecond}}
}

// underWay is how many requests a backend counts.
func (g *testGateway) underWay(name string) int {
	for _, s := range g.Backends.Status() {
		if s.Name == name {
			return s.InFlight
		}
	}
	return -1
}

// A backend that switches to a protocol nobody asked for keeps neither the place nor the
// connection.
func TestSwitchThatNobodyAskedFor(t *testing.T) {
	for _, asked := range []string{"", "other"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		hungUp := make(chan struct{}, 10)
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					readHead(conn)
					_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: surprise\r\n\r\n")
					_, _ = io.Copy(io.Discard, conn)
					hungUp <- struct{}{}
				}()
			}
		}()
		g := newGateway(t, newBackend(t, "legacy", nil), "http://"+listener.Addr().String())
		g.serve(t, g.Table().Backends[0], onePlace("http://"+listener.Addr().String()), route.Settings{Stage: route.StageRetired})
		for range 2 {
			var header []string
			if asked != "" {
				header = []string{"Connection: Upgrade", "Upgrade: " + asked}
			}
			if status, _ := g.ask(t, "GET", -1, header...); status != 502 {
				t.Errorf("asked for %q: %d", asked, status)
			}
		}
		for range 2 {
			select {
			case <-hungUp:
			case <-time.After(10 * time.Second):
				t.Fatal("the connection stays open")
			}
		}
		if n := g.underWay("other"); n != 0 {
			t.Errorf("%d requests are under way", n)
		}
		if n := g.value(t, "ficus_streams_open"); n != 0 {
			t.Errorf("%v streams are open", n)
		}
	}
}

// panicking is a transport with a bug.
type panicking struct{}

func (panicking) Close() error                                    { return nil }
func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic(http.ErrAbortHandler) }

// A panic gives every place back: that of the backend, and that among legacy's fallbacks.
func TestPanicGivesPlacesBack(t *testing.T) {
	for _, falls := range []bool{false, true} {
		g := newGateway(t, deadAddress(t), deadAddress(t))
		g.Backends = backend.NewRegistry(backend.Config{
			NewLeaf: func(b route.Backend) (backend.Leaf, error) {
				if (b.Name == "legacy") == falls {
					return panicking{}, nil
				}
				return newLeaf(b)
			},
			Random: func(int) int { return 0 },
		})
		g.serve(t, onePlace(deadAddress(t)), onePlace(deadAddress(t)), route.Settings{Stage: route.StageNew})
		for range 2 {
			if r, err := g.server.Client().Get(g.server.URL); err == nil {
				r.Body.Close()
				t.Fatalf("got %v", r)
			}
			<-g.last
		}
		for _, name := range []string{"legacy", "other"} {
			if n := g.underWay(name); n != 0 {
				t.Errorf("falls %v: %d requests to %s are under way", falls, n, name)
			}
		}
		if n := g.fallbacksUnderWay(t); n != 0 {
			t.Errorf("%d fallbacks are under way", n)
		}
	}
}

// The wait for another try is no part of its time.
func TestWaitIsNotTheTrys(t *testing.T) {
	answers := 0
	g := newGateway(t, newBackend(t, "legacy", nil), newBackend(t, "", func(w http.ResponseWriter, _ *http.Request) {
		if answers++; answers%2 == 1 {
			w.WriteHeader(503)
		}
	}))
	settings := route.Settings{Stage: route.StageRetired, Resilience: route.Resilience{
		TryTimeout: 200 * time.Millisecond, Retry: route.Retry{Wait: 500 * time.Millisecond},
	}}
	g.serve(t, g.Table().Backends[0], g.Table().Backends[1], settings)
	if status, _ := g.ask(t, "GET", -1); status != 200 {
		t.Errorf("got %d", status)
	}
	settings.TryTimeout, settings.IdleTimeout = 0, 200*time.Millisecond
	g.serve(t, g.Table().Backends[0], g.Table().Backends[1], settings)
	if status, _ := g.ask(t, "PUT", 1); status != 200 {
		t.Errorf("with a body: got %d", status)
	}
}

// What has not left the gateway when the time of a try is up may go to legacy, whatever it
// is: it waited for a place, or for a connection.
func TestTimeBeforeAnythingLeft(t *testing.T) {
	full, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	other := newTroubled(t, silent)
	for name, b := range map[string]route.Backend{
		"place":      {Addresses: []string{other.url}, MaxInflight: 1, Queue: route.Queue{Timeout: 10 * time.Second, Size: 10}},
		"connection": {Addresses: []string{"https://" + full.Addr().String()}}, // whose handshake nobody answers
	} {
		g := newGateway(t, newBackend(t, "legacy", nil), other.url)
		settings := route.Settings{Stage: route.StageNew}
		if name == "place" {
			g.serve(t, g.Table().Backends[0], b, settings)
			hold := startGet(t, g)
			defer hold()
			await(t, "the request that holds it", func() bool { begun, _ := other.got(); return len(begun) == 1 })
		}
		settings.TryTimeout = brief
		g.serve(t, g.Table().Backends[0], b, settings)
		if status, body := g.ask(t, "POST", 5); status != 200 || body != "legacy" {
			t.Errorf("%s: got %d %q", name, status, body)
		}
	}
}

// In the place of the new side legacy has its own time for a try, not the one that was
// too short for the new side.
func TestLegacyHasItsOwnTime(t *testing.T) {
	legacy := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(4 * brief):
			_, _ = io.WriteString(w, "legacy")
		case <-r.Context().Done():
		}
	})
	other := newTroubled(t, silent)
	g := newGateway(t, legacy, other.url)
	settings := route.Settings{Stage: route.StageNew, Resilience: route.Resilience{TryTimeout: brief, Retry: route.Retry{Attempts: 1}}}
	g.serve(t, route.Backend{Addresses: []string{legacy}}, route.Backend{Addresses: []string{other.url}}, settings)
	if status, body := g.ask(t, "GET", -1); status != 200 || body != "legacy" {
		t.Errorf("got %d %q", status, body)
	}
	g.serve(t, route.Backend{Addresses: []string{legacy}, TryTimeout: brief}, route.Backend{Addresses: []string{other.url}}, settings)
	if status, _ := g.ask(t, "GET", -1); status != 504 {
		t.Errorf("with legacy's own time: %d", status)
	}
}

// A new side that hangs leaves legacy half of the route's time.
func TestHalfOfTheTimeIsLegacys(t *testing.T) {
	other := newTroubled(t, silent)
	g := newGateway(t, newBackend(t, "legacy", nil), other.url)
	settings := route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Timeout: 2 * time.Second, Retry: route.Retry{Attempts: 1}}}
	g.serve(t, g.Table().Backends[0], g.Table().Backends[1], settings)
	if status, body := g.ask(t, "GET", -1); status != 200 || body != "legacy" {
		t.Errorf("got %d %q", status, body)
	}
	settings.Timeout = 4 * brief
	g.serve(t, g.Table().Backends[0], g.Table().Backends[1], settings)
	start := time.Now()
	if status, _ := g.ask(t, "POST", 5); status != 504 || time.Since(start) < 4*brief {
		t.Errorf("what can't go elsewhere has all of it: %d after %v", status, time.Since(start))
	}
}

// Clients that give a backend hardly any time can't open its breaker, whatever it says to
// them.
func TestHurriedClientsOpenNoBreaker(t *testing.T) {
	other := newTroubled(t, "504")
	g := newGateway(t, newBackend(t, "legacy", nil), other.url)
	settings := route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Deadline: "X-Wait", Retry: route.Retry{Attempts: 1}}}
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other.url}, Breaker: route.Breaker{MinRequests: 1, OpenFor: time.Hour}}, settings)
	for range 3 {
		if status, body := g.ask(t, "POST", 1, "X-Wait: 10000"); status != 504 || body != "other" {
			t.Fatalf("got %d %q", status, body)
		}
	}
	g.ask(t, "POST", 1) // from one who has time
	if _, body := g.ask(t, "POST", 1); body != "legacy" {
		t.Errorf("then %q answers", body)
	}
}

// Nobody waits for a backend that wants to be left alone where legacy can answer.
func TestRetryAfterWhereLegacyAnswers(t *testing.T) {
	asked := make(chan struct{}, 10)
	g := newGateway(t, newBackend(t, "legacy", nil), newBackend(t, "", func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(503)
	}))
	g.serve(t, g.Table().Backends[0], g.Table().Backends[1], route.Settings{Stage: route.StageNew})
	if status, body := g.ask(t, "GET", -1); status != 200 || body != "legacy" || len(asked) != 1 {
		t.Errorf("got %d %q after %d tries", status, body, len(asked))
	}
}
