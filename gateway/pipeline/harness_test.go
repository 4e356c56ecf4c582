package pipeline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/authz"
	"ficus/gateway/backend"
	"ficus/gateway/backend/lean"
	"ficus/gateway/identity"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
	"ficus/gateway/telemetry"
)

// testGateway is a pipeline behind a plain net/http server.
type testGateway struct {
	*Pipeline
	server   *httptest.Server
	registry *prometheus.Registry
	last     chan *Exchange // the exchanges that have ended
	policies *authz.Set     // that guard what is published

	mu     sync.Mutex
	events []authz.Event
}

// Enabled says that all are wanted.
func (g *testGateway) Enabled(authz.Decision) bool { return true }

// Decided records a decision.
func (g *testGateway) Decided(e authz.Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events = append(g.events, e)
}

type plainLeaf struct{ *http.Transport }

func (l plainLeaf) Close() error { l.CloseIdleConnections(); return nil }

// leanLeaf is what the product puts before a transport of which nothing is said.
type leanLeaf struct {
	*lean.Transport
	plain plainLeaf
}

func (l leanLeaf) Close() error {
	l.Transport.Close()
	return l.plain.Close()
}

func newLeaf(b route.Backend) (backend.Leaf, error) {
	leaf := plainLeaf{&http.Transport{DisableCompression: true, ExpectContinueTimeout: time.Second}}
	if b.Transport != nil { // the only one in these tests
		leaf.Protocols = new(http.Protocols)
		leaf.Protocols.SetUnencryptedHTTP2(true)
		return leaf, nil
	}
	way := &lean.Transport{Dial: new(net.Dialer).DialContext, Behind: leaf, MaxIdle: 100, IdleFor: time.Minute, MaxHeader: 1 << 20}
	return leanLeaf{way, leaf}, nil
}

// newGateway serves routes over the addresses of legacy and new.
func newGateway(t testing.TB, legacy, other string, routes ...route.Definition) *testGateway {
	t.Helper()
	metrics := telemetry.New()
	g := &testGateway{registry: prometheus.NewRegistry(), last: make(chan *Exchange, 1000)}
	if err := metrics.Register(g.registry); err != nil {
		t.Fatal(err)
	}
	g.Pipeline = New(Config{
		Backends: backend.NewRegistry(backend.Config{NewLeaf: newLeaf, Random: rand.IntN}),
		Metrics:  metrics, Key: &split.Key{1}, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Decisions: g,
		Issue: func(p *identity.Principal, grant identity.Grant) (string, error) {
			return fmt.Sprintf("%s for %s %v %v", p.ID, grant.Audience, grant.Claims, grant.Extra), nil
		},
	})
	g.publish(t, legacy, other, routes...)
	g.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &Exchange{}
		defer func() { g.last <- x }()
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		err := g.Serve(w, r, Client{IP: host}, x)
		var failure *Error
		if errors.As(err, &failure) {
			for name, value := range failure.Header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(failure.Status)
		}
	}))
	t.Cleanup(func() {
		g.server.Close()
		g.Close()
	})
	return g
}

func (g *testGateway) publish(t testing.TB, legacy, other string, routes ...route.Definition) {
	t.Helper()
	table, problems := routetable.Compile(route.Set{
		Backends: []route.Backend{
			{Name: "legacy", Addresses: []string{legacy}},
			{Name: "other", Addresses: []string{other}},
		},
		Routes: routes,
	}, routetable.Options{Policies: g.policies.Names()})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if problems := g.Publish(table, g.policies); problems.HasErrors() {
		t.Fatal(problems)
	}
}

// newBackend starts a backend that answers with its name unless handle is given.
func newBackend(t *testing.T, name string, handle http.HandlerFunc) string {
	t.Helper()
	if handle == nil {
		handle = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }
	}
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s.URL
}

// rawBackend is a backend on a bare socket: it hands over what it was sent, up to
// the empty line, and answers with the text given.
func rawBackend(t *testing.T, answer string) (url string, got chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	got = make(chan string, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				head := readHead(conn)
				if head == "" {
					return
				}
				got <- head
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return "http://" + listener.Addr().String(), got
}

func readHead(r io.Reader) string {
	var b strings.Builder
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String()
		}
	}
}

// exchange sends raw bytes to the gateway and returns all that comes back until
// the connection closes.
func (g *testGateway) exchange(t *testing.T, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", g.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("reading the answer: %v (so far %q)", err, answer)
	}
	return string(answer)
}

func (g *testGateway) get(t *testing.T, path string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest("GET", g.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	response, err := g.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
