package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// troubled is a backend on bare sockets that fails as it is told.
type troubled struct {
	url string

	mu    sync.Mutex
	next  func(r *http.Request) string // what to do with a request
	begun []string                     // method and path of the requests whose headers came
	whole []string                     // of those that came in full, with the length of the body
	open  map[net.Conn]bool
}

// What a troubled backend may do, beside answering with a status of three digits.
const (
	resetAtHeaders = "reset at headers" // after which it has not read the body
	resetMidway    = "reset midway"     // after 100 KiB of the body
	resetAtEnd     = "reset at end"     // when all has come
	silent         = "silent"           // until the gateway hangs up
)

func newTroubled(t *testing.T, always string) *troubled {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &troubled{url: "http://" + listener.Addr().String(), next: func(*http.Request) string { return always }}
	var conns sync.WaitGroup
	b.open = map[net.Conn]bool{}
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			b.open[conn] = true
			b.mu.Unlock()
			conns.Go(func() { b.serve(conn.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		b.hangUp()
		conns.Wait()
	})
	return b
}

// hangUp closes all connections.
func (b *troubled) hangUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for conn := range b.open {
		conn.Close()
		delete(b.open, conn)
	}
}

func (b *troubled) serve(conn *net.TCPConn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(lines)
		if err != nil {
			return
		}
		b.mu.Lock()
		what := b.next(r)
		b.begun = append(b.begun, r.Method+" "+r.URL.Path)
		b.mu.Unlock()
		switch what {
		case resetAtHeaders:
			_ = conn.SetLinger(0)
			return
		case resetMidway:
			_, _ = io.CopyN(io.Discard, r.Body, 100<<10)
			_ = conn.SetLinger(0)
			return
		}
		if r.Header.Get("Expect") != "" {
			_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		length, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return
		}
		b.mu.Lock()
		b.whole = append(b.whole, fmt.Sprintf("%s %s %d", r.Method, r.URL.Path, length))
		b.mu.Unlock()
		switch what {
		case resetAtEnd:
			_ = conn.SetLinger(0)
			return
		case silent:
			_, _ = lines.ReadByte()
			return
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 %s Fine\r\nContent-Length: 5\r\n\r\nother", what); err != nil {
			return
		}
	}
}

func (b *troubled) does(next func(r *http.Request) string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = next
}

// got returns the requests whose headers came, and those that came in full.
func (b *troubled) got() (begun, whole []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.begun...), append([]string(nil), b.whole...)
}

// deadAddress is one at which nobody listens.
func deadAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	// A listener whose queue is never read would accept; what refuses is a port that is
	// bound and does not listen.
	conn, err := net.DialTCP("tcp", nil, listener.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return "http://" + conn.LocalAddr().String()
}

// serve publishes one route over two backends.
func (g *testGateway) serve(t *testing.T, legacy, other route.Backend, settings route.Settings) {
	t.Helper()
	legacy.Name, other.Name, settings.Backend = "legacy", "other", "other"
	other.Identity.Token = route.Off
	table, problems := routetable.Compile(route.Set{
		Backends: []route.Backend{legacy, other},
		Routes:   []route.Definition{{ID: "r", Match: "/", Settings: settings}},
	}, routetable.Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if problems := g.Publish(table, nil); problems.HasErrors() {
		t.Fatal(problems)
	}
}

// ask sends a request with a body of that many bytes; -1 for none.
func (g *testGateway) ask(t *testing.T, method string, length int, header ...string) (status int, body string) {
	t.Helper()
	var content io.Reader
	if length >= 0 {
		content = strings.NewReader(strings.Repeat("x", length))
	}
	r, err := http.NewRequest(method, g.server.URL+"/it", content)
	if err != nil {
		t.Fatal(err)
	}
	r.GetBody = nil // the client sends it once, too
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	response, err := g.server.Client().Do(r)
	if err != nil {
		t.Fatalf("%s with %d bytes: %v", method, length, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// await waits until a condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	late := time.After(20 * time.Second)
	for !condition() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("waited for %s", what)
		}
	}
}

// lastExchange returns what the pipeline found out about the request that ended last.
func (g *testGateway) lastExchange(t *testing.T) *Exchange {
	t.Helper()
	x := <-g.last
	for {
		select {
		case x = <-g.last:
		default:
			return x
		}
	}
}

// value returns the sum of a metric's series.
func (g *testGateway) value(t *testing.T, name string) (sum float64) {
	t.Helper()
	families, err := g.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

func (g *testGateway) fallbacksUnderWay(t *testing.T) int {
	return int(g.value(t, "ficus_fallbacks_in_flight"))
}
