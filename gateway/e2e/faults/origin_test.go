package faults

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// An origin is a backend on a raw socket: what it does with a connection is a function,
// which may break any rule of HTTP. It counts the requests that it got.
type origin struct {
	*counts
	side     string // "new" or "legacy", in its answers
	address  string // host:port
	listener net.Listener

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
	ended  sync.WaitGroup
}

// idHeader tells requests apart. What comes in pieces that hold no id counts as "".
const idHeader = "X-Request-Id"

// listen starts an origin that serves each connection by a function of its own.
func listen(t testing.TB, side string, serve func(*conversation)) *origin {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listenOn(t, l, side, serve)
}

func listenOn(t testing.TB, l net.Listener, side string, serve func(*conversation)) *origin {
	o := &origin{counts: newCounts(), side: side, listener: l, address: l.Addr().String(), open: map[net.Conn]bool{}}
	o.ended.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			o.ended.Go(func() { o.serve(conn, serve) })
		}
	})
	t.Cleanup(o.close)
	return o
}

func (o *origin) serve(conn net.Conn, serve func(*conversation)) {
	defer conn.Close()
	o.mu.Lock()
	o.open[conn] = true
	late := o.closed
	o.mu.Unlock()
	if late {
		return
	}
	// No test waits that long; what hangs ends by it.
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	serve(&conversation{Conn: conn, r: bufio.NewReader(conn), origin: o})
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.open, conn)
}

// close ends all connections and waits until nobody serves any more.
func (o *origin) close() {
	_ = o.listener.Close()
	o.mu.Lock()
	o.closed = true
	for conn := range o.open {
		_ = conn.Close()
	}
	o.mu.Unlock()
	o.ended.Wait()
}

// connections is how many are open.
func (o *origin) connections() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.open)
}

// A conversation is one connection to an origin.
type conversation struct {
	net.Conn
	r      *bufio.Reader
	origin *origin
}

// piece waits for the first byte of a request, which is all that will ever be read.
func (c *conversation) piece() {
	if _, err := c.r.Peek(1); err == nil {
		c.origin.begin("")
	}
}

// head waits for the head of a request. It returns nil when none comes any more.
func (c *conversation) head() *http.Request {
	r, err := http.ReadRequest(c.r)
	if err != nil {
		return nil
	}
	c.origin.begin(r.Header.Get(idHeader))
	return r
}

// request waits for a whole request, and returns the text that proves it: what the
// method was, and length and hash of the body. ok is false when none comes, or not all
// of it.
func (c *conversation) request() (proof string, ok bool) {
	r := c.head()
	if r == nil {
		return "", false
	}
	return c.rest(r)
}

// rest waits for the body of a request whose head came.
func (c *conversation) rest(r *http.Request) (proof string, ok bool) {
	sum := sha256.New()
	n, err := io.Copy(sum, r.Body)
	if err != nil {
		return "", false
	}
	c.origin.finish(r.Header.Get(idHeader))
	return proofOf(r.Method, n, sum.Sum(nil)), true
}

func proofOf(method string, length int64, sum []byte) string {
	return fmt.Sprintf("%s %d %x", method, length, sum[:8])
}

// answer sends an answer whose body names the side and proves the request.
func (c *conversation) answer(status int, proof string) bool {
	body := c.origin.side + " " + proof
	_, err := fmt.Fprintf(c, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), len(body), body)
	return err == nil
}

// send sends text as it is.
func (c *conversation) send(text string) bool {
	_, err := io.WriteString(c, text)
	return err == nil
}

// reset ends the connection by a RST instead of a FIN.
func (c *conversation) reset() {
	conn := c.Conn
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// hold says nothing more and waits until the other end closes.
func (c *conversation) hold() { _, _ = io.Copy(io.Discard, c.r) }
