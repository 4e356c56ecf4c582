package pipeline

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ficus/gateway/route"
)

const brief = 50 * time.Millisecond // a timeout that is meant to pass

// open opens a connection to the gateway and sends the beginning of a request.
func (g *testGateway) open(t *testing.T, beginning string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", g.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, beginning); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// A client that stops in the middle of its request gets 408 and holds no backend; nor does
// the backend's breaker learn anything from it.
func TestSlowClientHoldsNobody(t *testing.T) {
	for _, slow := range []string{"idle", "rate", "timeout", "deadline"} {
		t.Run(slow, func(t *testing.T) {
			other := newTroubled(t, "200")
			g := newGateway(t, newBackend(t, "legacy", nil), other.url)
			settings := route.Settings{Stage: route.StageNew}
			const enough = 10 * brief // for the gateway to begin to wait for the client
			switch slow {
			case "idle":
				settings.IdleTimeout = enough
			case "rate":
				settings.IdleTimeout, settings.MinBodyRate = enough, 1000
			case "timeout":
				settings.Timeout = enough
			case "deadline":
				settings.Deadline = "X-Wait"
			}
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other.url}, Breaker: route.Breaker{MinRequests: 1}}, settings)
			conn := g.open(t, "PUT /it HTTP/1.1\r\nHost: h\r\nX-Wait: 500\r\nContent-Length: 1000\r\n\r\nhalf")
			if slow == "rate" {
				go trickle(conn)
			}
			answer, err := io.ReadAll(conn)
			if err != nil && slow != "rate" || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") { // who sends on is reset
				t.Errorf("got %q, %v", answer, err)
			}
			if _, body := g.ask(t, "GET", -1); body != "other" {
				t.Errorf("then %q answers", body)
			}
			if n := g.value(t, "ficus_timeouts_total"); n != 1 {
				t.Errorf("%v timeouts", n)
			}
		})
	}
}

// trickle sends a byte again and again, until the connection is closed.
func trickle(conn net.Conn) {
	for {
		if _, err := io.WriteString(conn, "x"); err != nil {
			return
		}
		<-time.After(brief)
	}
}

// The time that a client takes to send its body is not the backend's.
func TestTryTimeoutDoesNotCountTheClient(t *testing.T) {
	other := newTroubled(t, "200")
	g := newGateway(t, newBackend(t, "legacy", nil), other.url)
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other.url}}, route.Settings{Stage: route.StageNew, Resilience: route.Resilience{TryTimeout: brief}})
	conn := g.open(t, "POST /it HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 8\r\n\r\nhalf")
	<-time.After(4 * brief)
	if _, err := io.WriteString(conn, "half"); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(answer), "other") {
		t.Errorf("got %q, %v", answer, err)
	}
}

// The route's time is for all tries together: nobody is asked any more when it is up.
func TestRouteTimeout(t *testing.T) {
	other, monolith := newTroubled(t, silent), newTroubled(t, "200")
	g := newGateway(t, monolith.url, other.url)
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other.url}}, route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Timeout: brief}})
	if status, _ := g.ask(t, "POST", 5); status != 504 {
		t.Errorf("got %d", status)
	}
	if begun, _ := monolith.got(); len(begun) > 0 {
		t.Errorf("legacy got %q", begun)
	}
	monolith.does(func(*http.Request) string { return silent })
	start := time.Now()
	if status, _ := g.ask(t, "GET", -1); status != 504 || time.Since(start) < brief {
		t.Errorf("both hang: %d after %v", status, time.Since(start))
	}
}

// An answer that rests is cut, and stays visibly cut; an event stream may rest, and may
// take longer than the route's time.
func TestBodiesThatRest(t *testing.T) {
	for _, media := range []string{"text/plain", "text/event-stream; charset=utf-8"} {
		t.Run(media, func(t *testing.T) {
			gone := make(chan struct{})
			other := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{media}
				fmt.Fprint(w, "first")
				_ = http.NewResponseController(w).Flush()
				if media == "text/plain" {
					<-r.Context().Done()
					close(gone)
					return
				}
				<-time.After(6 * brief)
				fmt.Fprint(w, "second")
			})
			g := newGateway(t, newBackend(t, "legacy", nil), other)
			settings := route.Settings{Stage: route.StageNew, Resilience: route.Resilience{IdleTimeout: brief}}
			if media != "text/plain" {
				settings.Timeout = 2 * brief
			}
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}}, settings)
			r, err := g.server.Client().Get(g.server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			if media == "text/plain" {
				if string(body) != "first" || err == nil {
					t.Errorf("got %q, %v", body, err)
				}
				<-gone
			} else if string(body) != "firstsecond" || err != nil {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
}

// What came of an answer reaches its client although nothing was flushed: who gets nothing
// at all might take the request for one that never arrived, and send it again.
func TestWhatCameOfAnAnswerThatRests(t *testing.T) {
	other := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		fmt.Fprint(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	g := newGateway(t, newBackend(t, "legacy", nil), other)
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}},
		route.Settings{Stage: route.StageNew, Resilience: route.Resilience{IdleTimeout: brief}})
	conn := g.open(t, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") || !strings.HasSuffix(string(answer), "\r\n\r\nfirst") {
		t.Errorf("got %q, %v", answer, err)
	}
}

// A client that does not read its answer does not hold the backend, and is not the
// backend's failure.
func TestClientThatDoesNotRead(t *testing.T) {
	gone := make(chan struct{})
	other := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/flood" {
			fmt.Fprint(w, "other")
			return
		}
		defer close(gone)
		for chunk := make([]byte, 64<<10); r.Context().Err() == nil; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	g := newGateway(t, newBackend(t, "legacy", nil), other)
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}, Breaker: route.Breaker{MinRequests: 1}},
		route.Settings{Stage: route.StageNew, Resilience: route.Resilience{IdleTimeout: brief}})
	g.open(t, "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n")
	<-gone
	if _, body := g.ask(t, "GET", -1); body != "other" {
		t.Errorf("then %q answers", body)
	}
}

// What is left of the time travels on, to each try.
func TestDeadlinesTravel(t *testing.T) {
	got := make(chan http.Header, 10)
	keep := func(name string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			got <- r.Header
			if name != "legacy" {
				w.WriteHeader(503)
			}
		}
	}
	legacy, other := newBackend(t, "", keep("legacy")), newBackend(t, "", keep("other"))
	g := newGateway(t, legacy, other)
	for _, tt := range []struct {
		name, sent string
		timeout    time.Duration
		most       int // milliseconds; -1 for what was sent
	}{
		{"client's", "10000", time.Minute, 10000},
		{"route's", "70000", time.Minute, 60000},
		{"route's, the client says nothing", "", time.Minute, 60000},
		{"client's alone", "10000", 0, 10000},
		{"nonsense", "soon", time.Minute, 60000},
		{"negative", "-1", time.Minute, 60000},
		{"nonsense alone", "soon", 0, -1},
		{"huge", "999999999999999", 0, 24 * 3600 * 1000},
	} {
		g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}, Breaker: route.Breaker{Enabled: route.Off}},
			route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Deadline: "x-wait", Timeout: tt.timeout, Retry: route.Retry{Wait: 20 * time.Millisecond}}})
		var header []string
		if tt.sent != "" {
			header = []string{"X-Wait: " + tt.sent}
		}
		g.ask(t, "GET", -1, header...)
		before := tt.most
		for try := range 3 {
			said := (<-got).Get("X-Wait")
			if tt.most < 0 {
				if said != tt.sent {
					t.Errorf("%s: got %q", tt.name, said)
				}
				continue
			}
			ms, err := strconv.Atoi(said)
			if err != nil || ms < 1 || ms > before || try == 1 && ms == before {
				t.Errorf("%s: try %d got %q, before it was %d", tt.name, try, said, before)
			}
			before = ms
		}
	}
}

// A client that goes away while a retry waits leaves nothing behind.
func TestClientThatGoesAwayBetweenTries(t *testing.T) {
	other, monolith := newTroubled(t, "503"), newTroubled(t, "200")
	g := newGateway(t, monolith.url, other.url)
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other.url}},
		route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Retry: route.Retry{Wait: 10 * time.Second, MaxWait: time.Minute}}})
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "PUT", g.server.URL, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	done := make(chan error)
	go func() {
		response, err := client.Do(r)
		if err == nil {
			response.Body.Close()
		}
		done <- err
	}()
	await(t, "the retry", func() bool { return g.value(t, "ficus_retries_total") == 1 })
	cancel()
	if err := <-done; err == nil {
		t.Error("the client got an answer")
	}
	x := <-g.last
	if x.Status != 499 || x.Tries() != 1 || x.Fallback() != "" {
		t.Errorf("status %d, %d tries, fallback %q", x.Status, x.Tries(), x.Fallback())
	}
	if begun, _ := monolith.got(); len(begun) > 0 {
		t.Errorf("legacy got %q", begun)
	}
	other.hangUp() // and the idle connection with it
	if err := goleak.Find(before, goleak.IgnoreAnyFunction("ficus/gateway/pipeline.(*troubled).serve")); err != nil {
		t.Error(err)
	}
}
