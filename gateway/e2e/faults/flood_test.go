//go:build unix

package faults

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"ficus/gateway/gatewaytest"
)

const (
	floodFrames = 20_000    // of one kind, on one connection
	floodMemory = 128 << 20 // that the gateway may need for it at its peak, beside what it needs anyway
)

// A flood is what one client with HTTP/2 sends without end. The gateway ends the
// connection, or bears it; either way others are served, and no backend is to blame.
type flood struct {
	name string
	send func(*flooder) error
	deaf bool // the client reads nothing
}

var floods = []flood{
	{"rapid reset", func(f *flooder) error { // CVE-2023-44487
		return f.each(func() error {
			return errors.Join(f.ask("/hang"), f.framer.WriteRSTStream(f.stream, http2.ErrCodeCancel))
		})
	}, false},
	{"made you reset", func(f *flooder) error { // CVE-2025-8671
		return f.each(func() error {
			return errors.Join(f.ask("/hang"), f.framer.WriteRawFrame(http2.FrameWindowUpdate, 0, f.stream, make([]byte, 4)))
		})
	}, false},
	{"requests whose answers nobody reads", func(f *flooder) error {
		return f.each(func() error { return f.ask("/big") })
	}, true},
	{"continuation", func(f *flooder) error { // VU#421644
		f.stream += 2
		err := f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: f.head("/")})
		block := f.field("x", strings.Repeat("x", 1000))
		return errors.Join(err, f.each(func() error { return f.framer.WriteContinuation(f.stream, false, block) }))
	}, false},
	{"empty continuation", func(f *flooder) error {
		f.stream += 2
		err := f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, BlockFragment: f.head("/")})
		return errors.Join(err, f.each(func() error { return f.framer.WriteContinuation(f.stream, false, nil) }))
	}, false},
	{"settings", func(f *flooder) error { // CVE-2019-9515
		return f.each(func() error {
			return f.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
		})
	}, true},
	{"pings", func(f *flooder) error { // CVE-2019-9512
		return f.each(func() error { return f.framer.WritePing(false, [8]byte{1}) })
	}, true},
	{"empty data", func(f *flooder) error { // CVE-2019-9518
		err := f.post("/drain")
		return errors.Join(err, f.each(func() error { return f.framer.WriteData(f.stream, false, nil) }))
	}, false},
	{"small headers", func(f *flooder) error { // one stream's, decompressed to more than anybody may send
		f.stream += 2
		return f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, EndStream: true, EndHeaders: true,
			BlockFragment: append(f.head("/"), bytes.Repeat(f.field("x", strings.Repeat("x", 1000)), 10_000)...)[:16<<10]})
	}, false},
}

func TestFloods(t *testing.T) {
	var under, most gauge
	legacy := startHanging(t, &under, &most)
	g := startGatewayProcess(t, routeToNew(legacy, ""))
	before := g.warm(t)
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			client := newFlooder(t, g.address, f.deaf)
			sending := make(chan error, 1)
			go func() { sending <- f.send(client) }()
			for done := false; !done; { // others are served meanwhile, and afterwards
				select {
				case err := <-sending:
					t.Logf("sent %d frames, until: %v", client.sent, err)
					done = true
				default:
				}
				g.serves(t)
			}
			_ = client.Close()
			gatewaytest.Await(t, "its requests to be gone", func() bool { return under.value() == 0 })
			g.awaitGone(t, 0)
			if peak := g.peak(t); peak > before.memory+floodMemory {
				t.Errorf("%d MB at the peak, %d MB before", peak>>20, before.memory>>20)
			}
		})
	}
	t.Logf("at most %d requests at a time at the backend; %d MB before, %d MB at the peak", most.value(), before.memory>>20, g.peak(t)>>20)
	if n := most.value(); n > 1500 { // of a connection's 250 streams each, and what waits to be told that it is over
		t.Errorf("%d requests at a time reached the backend", n)
	}
	g.blamesNobody(t)
}

const (
	slowClients = 1_000
	headerTime  = 10 * time.Second // read_header in the Caddyfile
)

// Clients that never come to the end of their headers cost little, and are cut in the end.
func TestSlowHeaders(t *testing.T) {
	needFiles(t, 2*slowClients+1000)
	var under, most gauge
	g := startGatewayProcess(t, fmt.Sprintf("backends: { legacy: { addresses: [%q] } }\n", startHanging(t, &under, &most)))
	before := g.warm(t)
	begin := "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 14) + "Y: "
	began := time.Now()
	conns := make([]net.Conn, slowClients)
	for i := range conns {
		conn, err := (&net.Dialer{Control: asOverEthernet}).Dial("tcp", g.address)
		if err != nil {
			t.Fatal(err)
		}
		if conns[i] = conn; i%2 == 0 {
			_, err = io.WriteString(conn, begin) // nearly all that they may send
		} else {
			_, err = io.WriteString(conn, "G")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	defer closeAll(conns)
	full := g.use(t)
	full.logOver(t, before, slowClients, "client in the middle of its headers")
	full.bound(t, before, slowClients, 2, 96<<10)
	g.serves(t)
	var cut sync.WaitGroup
	for _, conn := range conns {
		cut.Go(func() {
			_ = conn.SetReadDeadline(began.Add(6 * headerTime)) // far more than a loaded machine needs
			if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
				t.Error("a client is not cut")
			}
		})
	}
	cut.Wait()
	if took := time.Since(began); took < headerTime/2 {
		t.Errorf("cut after %v", took)
	}
	if most.value() != 0 {
		t.Error("a backend has seen them")
	}
}

// Clients that never come to the end of their bodies are cut, and no backend is to blame.
func TestSlowBodies(t *testing.T) {
	var under, most gauge
	g := startGatewayProcess(t, routeToNew(startHanging(t, &under, &most), "idle_timeout: 2s,"))
	g.warm(t)
	var clients sync.WaitGroup
	for range 100 {
		clients.Go(func() {
			conn, err := net.Dial("tcp", g.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			_, _ = io.WriteString(conn, "POST /drain HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nx")
			if answer, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
				t.Errorf("answered %q, %v", answer, err)
			}
		})
	}
	clients.Wait()
	gatewaytest.Await(t, "the requests to be gone", func() bool { return under.value() == 0 })
	g.blamesNobody(t)
}

// routeToNew is a table in which all goes to a backend "new", whose breaker opens at the
// first failure.
func routeToNew(url, more string) string {
	return fmt.Sprintf("backends:\n  legacy: { addresses: [%q] }\n  new: { addresses: [%[1]q], %s breaker: { min_requests: 1, open_for: 1h } }\n"+
		"routes: [{ id: all, match: /, policy: public, backend: new, stage: retired }]\n", url, more)
}

// blamesNobody fails where something has counted against the backend.
func (g *gatewayProcess) blamesNobody(t *testing.T) {
	t.Helper()
	if text := g.ask(t, "/metrics"); !strings.Contains(text, `ficus_backend_breaker_state{backend="new"} 0`) {
		t.Error("the backend's breaker has opened")
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// startHanging starts a backend that counts the requests that it has, and the most that it
// had, of those that hang.
func startHanging(t *testing.T, under, most *gauge) (url string) {
	t.Helper()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			return
		}
		most.atLeast(under.add(1))
		defer under.add(-1)
		switch r.URL.Path {
		case "/hang":
			<-r.Context().Done()
		case "/drain":
			_, _ = io.Copy(io.Discard, r.Body)
		case "/big":
			_, _ = w.Write(make([]byte, 1<<20))
		}
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String()
}

// gauge is a number that several change.
type gauge struct {
	mu sync.Mutex
	n  int
}

func (g *gauge) add(n int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n += n
	return g.n
}

func (g *gauge) value() int { return g.add(0) }

func (g *gauge) atLeast(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n = max(g.n, n)
}

// serves fails where another client is not served.
func (g *gatewayProcess) serves(t *testing.T) {
	t.Helper()
	_ = g.connect(t, "/").Close()
}

// peak is the most memory that the process had, in bytes.
func (g *gatewayProcess) peak(t *testing.T) (bytes int) {
	t.Helper()
	_, rest, _ := strings.Cut(g.status(t), "VmHWM:")
	if _, err := fmt.Sscan(rest, &bytes); err != nil {
		t.Fatal(err)
	}
	return bytes << 10
}

// A flooder is a client with HTTP/2 that keeps to no limit.
type flooder struct {
	net.Conn
	framer *http2.Framer
	stream uint32
	frames int // of a flood
	sent   int
	block  bytes.Buffer
	coder  *hpack.Encoder
}

func newFlooder(t *testing.T, address string, deaf bool) *flooder {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // a deaf client may have to wait for ever
	f := &flooder{Conn: conn, framer: http2.NewFramer(conn, nil), stream: 1, frames: floodFrames}
	f.coder = hpack.NewEncoder(&f.block)
	f.framer.AllowIllegalWrites = true
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := f.framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	if deaf {
		f.frames *= 10 // more than sockets hold of what is said to them
	} else {
		go func() { _, _ = io.Copy(io.Discard, conn) }()
	}
	return f
}

// each does something again and again, until it fails.
func (f *flooder) each(do func() error) error {
	for range f.frames {
		if err := do(); err != nil {
			return err
		}
		f.sent++
	}
	return nil
}

func (f *flooder) field(name, value string) []byte {
	f.block.Reset()
	_ = f.coder.WriteField(hpack.HeaderField{Name: name, Value: value, Sensitive: true}) // in a buffer
	return bytes.Clone(f.block.Bytes())
}

func (f *flooder) head(path string) []byte { return f.message("GET", path) }

func (f *flooder) message(method, path string) (block []byte) {
	for _, one := range [][2]string{{":method", method}, {":scheme", "http"}, {":authority", "h"}, {":path", path}} {
		block = append(block, f.field(one[0], one[1])...)
	}
	return block
}

func (f *flooder) ask(path string) error {
	f.stream += 2
	return f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, EndStream: true, EndHeaders: true, BlockFragment: f.head(path)})
}

func (f *flooder) post(path string) error {
	f.stream += 2
	return f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, EndHeaders: true, BlockFragment: f.message("POST", path)})
}
