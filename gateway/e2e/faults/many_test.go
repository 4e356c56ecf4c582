//go:build unix

package faults

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
)

const (
	idleConnections = 10_000
	slowReaders     = 1_000
	bigAnswer       = 64 << 20 // more than sockets hold, and than the gateway may
)

// Connections that are idle cost little, and nothing once they are gone.
func TestIdleConnections(t *testing.T) {
	needFiles(t, idleConnections+1000)
	legacy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(legacy.Close)
	g := startGatewayProcess(t, fmt.Sprintf("backends: { legacy: { addresses: [%q] } }\n", legacy.URL), "#max 50000", "max 50000")
	empty := g.warm(t)
	conns := g.connectAll(t, idleConnections, "/")
	full := g.use(t)
	full.logOver(t, empty, idleConnections, "idle connection")
	full.bound(t, empty, idleConnections, 2, 64<<10)
	closeAll(conns)
	g.awaitGone(t, idleConnections)
}

// Clients that don't read what they asked for cost little, however much it is. In the
// end they are cut, and hold no backend.
func TestSlowReaders(t *testing.T) {
	needFiles(t, 3*slowReaders+1000)
	var under atomic.Int64 // requests under way
	legacy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/big" {
			return
		}
		under.Add(1)
		defer under.Add(-1)
		w.Header().Set("Content-Length", fmt.Sprint(bigAnswer))
		for block, n := make([]byte, 64<<10), 0; n < bigAnswer; n += len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	_ = legacy.Listener.Close()
	var err error
	if legacy.Listener, err = (&net.ListenConfig{Control: asOverEthernet}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	legacy.Start()
	t.Cleanup(legacy.Close)
	g := startGatewayProcess(t, fmt.Sprintf("backends: { legacy: { addresses: [%q], idle_timeout: 4s } }\n", legacy.URL))
	empty := g.warm(t)
	g.connectAll(t, slowReaders, "/big")
	full := g.use(t)
	full.logOver(t, empty, slowReaders, "client that does not read")
	full.bound(t, empty, slowReaders, 6, 256<<10)
	gatewaytest.Await(t, "the slow readers to be cut", func() bool { return under.Load() == 0 })
	g.awaitGone(t, slowReaders)
}

// asOverEthernet gives a socket the segments of a usual network. Those of loopback are so
// long that the kernel sets megabytes aside for each connection, and a thousand use up
// what it has.
func asOverEthernet(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1460)
	})
	return errors.Join(err, failed)
}

// needFiles raises the limit of open files of this process, and of those that it starts.
func needFiles(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur >= n {
		return
	}
	limit.Cur, limit.Max = n, max(n, limit.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		skip(t, "%d open files are more than this process may have: %v", n, err)
	}
}

// connect opens a connection, asks for a path and reads the answer's head, and all of a
// short answer.
func (g *gatewayProcess) connect(t testing.TB, path string) net.Conn {
	t.Helper()
	conn, err := g.connectFrom("127.0.0.1", path)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// connectFrom does so from an address of loopback.
func (g *gatewayProcess) connectFrom(ip, path string) (_ net.Conn, err error) {
	conn, err := (&net.Dialer{Control: asOverEthernet, LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}).Dial("tcp", g.address)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: shop.example\r\n\r\n", path); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	if answer.ContentLength < bigAnswer {
		_, _ = io.Copy(io.Discard, answer.Body)
	}
	return conn, nil
}

// connectAll opens many connections that stay open.
func (g *gatewayProcess) connectAll(t *testing.T, n int, path string) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, n)
	var wg sync.WaitGroup
	const workers = 50
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				conns[i] = g.connect(t, path)
			}
		})
	}
	wg.Wait()
	t.Cleanup(func() { closeAll(conns) })
	return conns
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		if c != nil {
			_ = c.Close()
		}
	}
}

// usage is what a process uses.
type usage struct {
	goroutines int
	memory     int // resident, in bytes
}

func (u usage) logOver(t *testing.T, before usage, n int, what string) {
	t.Helper()
	t.Logf("%d × %s: %+.1f goroutines and %+d bytes each; %d goroutines and %d MB in all", n, what,
		float64(u.goroutines-before.goroutines)/float64(n), (u.memory-before.memory)/n, u.goroutines, u.memory>>20)
}

// bound fails where n of something cost more goroutines or bytes each than given.
func (u usage) bound(t *testing.T, before usage, n int, goroutines float64, bytes int) {
	t.Helper()
	if float64(u.goroutines-before.goroutines) > goroutines*float64(n)+100 {
		t.Errorf("%d goroutines more, for %d connections", u.goroutines-before.goroutines, n)
	}
	if u.memory-before.memory > n*bytes {
		t.Errorf("%d bytes more, for %d connections", u.memory-before.memory, n)
	}
}

// warm has some connections come and go, and returns what the process uses then.
func (g *gatewayProcess) warm(t *testing.T) usage {
	t.Helper()
	closeAll(g.connectAll(t, 500, "/"))
	g.awaitGone(t, 0)
	return g.use(t)
}

// awaitGone waits until nothing is left of n connections but those to the backend.
func (g *gatewayProcess) awaitGone(t *testing.T, n int) {
	t.Helper()
	gatewaytest.Await(t, "the connections to be gone", func() bool { return g.use(t).goroutines < 200+n/20 })
}

// use asks the process what it uses.
func (g *gatewayProcess) use(t *testing.T) (u usage) {
	t.Helper()
	if _, err := fmt.Sscanf(g.ask(t, "/debug/pprof/goroutine?debug=1"), "goroutine profile: total %d", &u.goroutines); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(g.status(t), "VmRSS:")
	if _, err := fmt.Sscan(rest, &u.memory); err != nil {
		t.Fatal(err)
	}
	u.memory <<= 10 // proc(5) has kB
	return u
}
