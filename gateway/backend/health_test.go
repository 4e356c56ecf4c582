package backend

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ficus/gateway/route"
)

func checked(addresses ...string) route.Backend {
	d := definition("cart", addresses...)
	d.Health = route.Health{Path: "/healthz", Every: time.Second, Failures: 3, Passes: 2}
	return d
}

func stateOf(b *Backend, i int) string { return b.status(time.Now()).Addresses[i].State }

func TestHealthChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.says("a:1/healthz", 503)
		b, set := hold1(t, w.registry(), checked("http://a:1", "http://b:1"))
		if stateOf(b, 0) != "unknown" {
			t.Error("known before it was asked")
		}
		many(t, b, 1) // nobody is known to be well: one of them gets it all the same
		if w.count("a:1")+w.count("b:1") != 1 {
			t.Error("no request before the first check")
		}
		w.forget()
		synctest.Wait() // the first question decides
		if stateOf(b, 0) != "down" || stateOf(b, 1) != "up" {
			t.Errorf("after the first question: %s, %s", stateOf(b, 0), stateOf(b, 1))
		}
		many(t, b, 100)
		if n := w.count("a:1"); n != 0 {
			t.Errorf("an address that is down got %d requests", n)
		}

		w.says("a:1/healthz", 204)
		time.Sleep(1200 * time.Millisecond)
		if stateOf(b, 0) != "down" {
			t.Error("up again after one good answer of two")
		}
		time.Sleep(1200 * time.Millisecond)
		if s := b.status(time.Now()).Addresses[0]; s.State != "up" || s.Share > 0.3 {
			t.Errorf("after two good answers: %+v", s)
		}
		time.Sleep(10 * time.Second)
		many(t, b, 100)
		if n := w.count("a:1"); n < 20 {
			t.Errorf("healthy again for long, and it got %d of 100", n)
		}

		w.says("a:1/healthz", 0) // flaps: bad, bad, good, bad, bad, good …
		for range 10 {
			time.Sleep(2 * time.Second)
			w.says("a:1/healthz", 200)
			time.Sleep(1200 * time.Millisecond)
			w.says("a:1/healthz", 0)
			if stateOf(b, 0) != "up" {
				t.Fatal("down although never three answers in a row were bad")
			}
		}
		time.Sleep(5 * time.Second)
		w.says("b:1/healthz", 500)
		time.Sleep(5 * time.Second)
		w.forget()
		many(t, b, 100)
		if a, b := w.count("a:1"), w.count("b:1"); a < 20 || b < 20 {
			t.Errorf("none is up, and they got %d and %d of 100 requests", a, b)
		}
		if s := b.status(time.Now()); s.Checks["failed"] == 0 || s.Checks["passed"] == 0 {
			t.Errorf("checks %v", s.Checks)
		}
		set.Release()
		n := w.checks["a:1"]
		time.Sleep(time.Hour)
		if w.checks["a:1"] != n {
			t.Error("an address that nobody holds is still asked")
		}
	})
}

// A new address beside older ones gets requests when its first check has passed.
func TestNewAddressWaitsForItsFirstCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.says("new:1/healthz", 503)
		r := w.registry()
		_, old := hold1(t, r, checked("http://a:1"))
		synctest.Wait()
		b, set := hold1(t, r, checked("http://a:1", "http://new:1"))
		defer set.Release()
		old.Release()
		if n := w.checks["a:1"]; n != 1 {
			t.Errorf("the edit had the old address asked %d times", n)
		}
		many(t, b, 100)
		synctest.Wait()
		many(t, b, 100)
		if n := w.count("new:1"); n != 0 {
			t.Errorf("it got %d requests before it said that it can serve", n)
		}
		w.says("new:1/healthz", 200)
		time.Sleep(time.Minute)
		many(t, b, 100)
		if n := w.count("new:1"); n < 20 {
			t.Errorf("it got %d of 100 requests after that", n)
		}
	})
}

func TestQuestionsAreSpread(t *testing.T) {
	c := check{config: route.Health{Every: time.Second}}
	for _, tc := range []struct {
		dice int
		want time.Duration
	}{{0, 900 * time.Millisecond}, {500, time.Second}, {999, 1099800 * time.Microsecond}} {
		c.random = func(int) int { return tc.dice }
		if got := c.pause(); got != tc.want {
			t.Errorf("got %v, want %v", got, tc.want)
		}
	}
}

// What a check asks, over a real connection.
func TestQuestion(t *testing.T) {
	var asked atomic.Pointer[http.Request]
	answer := http.StatusTeapot
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r)
		if r.URL.Query().Has("hang") {
			<-r.Context().Done()
		}
		w.WriteHeader(answer)
	}))
	defer server.Close()
	leaf := &http.Transport{}
	defer leaf.CloseIdleConnections()
	a := newAddress(server.URL, transport{leaf})
	for _, tc := range []struct {
		health route.Health
		want   string
	}{
		{route.Health{Path: "//deep/../live?full=1"}, "it answers 418"},
		{route.Health{Path: "/live", Status: 418}, ""},
		{route.Health{Path: "/live?hang", Timeout: 20 * time.Millisecond}, "context deadline exceeded"},
	} {
		c := check{address: a, config: tc.health.Filled()}
		if got := c.ask(t.Context()); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.health.Path, got, tc.want)
		}
		if r := asked.Load(); r.Method != "GET" || r.RequestURI != tc.health.Path || r.Host != a.host || r.UserAgent() != "ficus-health" {
			t.Errorf("it asked %s %s of %s as %s", r.Method, r.RequestURI, r.Host, r.UserAgent())
		}
	}
}

// transport is a leaf over real connections.
type transport struct{ *http.Transport }

func (t transport) Close() error { t.CloseIdleConnections(); return nil }
