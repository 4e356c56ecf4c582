package pipeline

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ficus/gateway/route"
)

// fickle answers the first request of each connection and hangs up on the second, when it
// has read it: what net/http would send again by itself over the next connection.
type fickle struct {
	url  string
	meet chan struct{} // holds the first requests until all have a connection

	mu    sync.Mutex
	first int
	late  []string // second requests
}

func newFickle(t *testing.T) *fickle {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	f := &fickle{url: "http://" + listener.Addr().String(), meet: make(chan struct{})}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go f.serve(conn)
		}
	}()
	return f
}

func (f *fickle) serve(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for first := true; ; first = false {
		r, err := http.ReadRequest(lines)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if !first || !strings.HasPrefix(r.URL.Path, "/warm") {
			f.mu.Lock()
			f.late = append(f.late, r.Method)
			f.mu.Unlock()
			return
		}
		f.mu.Lock()
		f.first++
		f.mu.Unlock()
		<-f.meet
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}
}

// warm leaves as many idle connections between gateway and backend.
func (f *fickle) warm(t *testing.T, g *testGateway, connections int) {
	t.Helper()
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			if r, err := g.server.Client().Get(g.server.URL + "/warm"); err == nil {
				r.Body.Close()
			}
		})
	}
	await(t, "the requests that warm up", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.first == connections
	})
	close(f.meet)
	all.Wait()
}

// However many kept connections break, a request that may not be sent twice is sent once,
// and all others at most three times, on both sides together.
func TestNetHTTPSendsNothingAgainBeyondTheLimits(t *testing.T) {
	const noFallback, withFallback = route.StageRetired, route.StageNew
	for _, tt := range []struct {
		name   string
		stage  route.Stage
		asked  asked
		most   int // requests at the side that breaks
		legacy bool
	}{
		{"GET", noFallback, get, 3, false},
		{"GET that falls back", withFallback, get, 2, true},
		{"POST without a body", withFallback, postTiny, 1, false},
		{"POST", withFallback, post, 1, false},
		{"POST with a key", withFallback, postKey, 2, true},
		{"POST with a key that only net/http knows", withFallback, postX, 1, false},
		{"upgrade", withFallback, asked{"", "GET", -1, []string{"Connection: Upgrade", "Upgrade: websocket"}}, 1, false},
		{"GET to legacy", route.StageLegacy, get, 3, false},
		{"POST to legacy", route.StageLegacy, postTiny, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFickle(t)
			legacy := newBackend(t, "legacy", nil)
			g := newGateway(t, legacy, f.url)
			if tt.stage == route.StageLegacy {
				legacy = f.url
			}
			g.serve(t, route.Backend{Addresses: []string{legacy}}, route.Backend{Addresses: []string{f.url}},
				route.Settings{Stage: tt.stage, Resilience: route.Resilience{Retry: route.Retry{Attempts: 3, Wait: time.Millisecond}}})
			f.warm(t, g, 8)
			status, body := g.ask(t, tt.asked.method, tt.asked.length, tt.asked.header...)
			if fromLegacy := body == "legacy"; fromLegacy != tt.legacy || !fromLegacy && status != 502 {
				t.Errorf("got %d %q", status, body)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if len(f.late) == 0 || len(f.late) > tt.most {
				t.Errorf("it was sent %d times, want 1 to %d", len(f.late), tt.most)
			}
			if i := slices.IndexFunc(f.late, func(m string) bool { return m != tt.asked.method }); i >= 0 {
				t.Errorf("something else was sent: %q", f.late[i])
			}
		})
	}
}

// A connection that the backend closed while it was idle costs no client anything.
func TestIdleConnectionThatWasClosed(t *testing.T) {
	other := newTroubled(t, "200")
	g := newGateway(t, newBackend(t, "legacy", nil), other.url)
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other.url}}, route.Settings{Stage: route.StageRetired})
	const rounds = 8 // the retry budget is good for more
	for i := range rounds {
		if status, body := g.ask(t, "PUT", 5<<10); status != 200 {
			t.Fatalf("request %d: %d %q", i, status, body)
		}
		other.hangUp()
	}
	if begun, whole := other.got(); len(whole) != rounds {
		t.Errorf("%d began and %d came whole", len(begun), len(whole))
	}
}
