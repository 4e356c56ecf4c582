// Package surplus keeps what a backend sends after an answer from becoming the answer to
// somebody else's request.
//
// net/http gives a connection back as soon as it has read an answer, and looks only then
// whether more bytes have come. A request that gets the connection in between is answered
// by them: by the second half of two answers in a row, by the body that a careless backend
// sends to HEAD or with a 304. Under load that hits a few of a hundred requests.
//
// [Guard] watches the connections of a transport, and [Settle], called when a request has
// got one, waits until the transport has done looking. That is nearly always the case
// already, and takes no system call. A connection with surplus bytes is closed by then, and
// net/http or who retries takes another one.
//
// HTTP/2 and HTTP/3 need none of this: their frames say whose they are.
package surplus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
)

var errSurplus = errors.New("the backend sent bytes that answer no request")

// Guard watches the connections that a transport makes from now on, and returns a
// RoundTripper that sends by it. A request that brings an httptrace.ClientTrace has to call
// [Settle] in its GotConn.
func Guard(t *http.Transport, next http.RoundTripper) http.RoundTripper {
	if t.Protocols != nil && !t.Protocols.HTTP1() {
		return next
	}
	dial := t.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c}, nil
	}
	return &guarded{next: next, trace: &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if info.Reused {
			Settle(info.Conn)
		}
	}}}
}

type guarded struct {
	next  http.RoundTripper
	trace *httptrace.ClientTrace // of requests that have none
}

// RoundTrip sends a request.
func (g *guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if httptrace.ContextClientTrace(r.Context()) == nil {
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), g.trace))
	}
	return g.next.RoundTrip(r)
}

// Settle waits until a connection that was used before is ready for another request. It
// reports false where it is closed instead: nothing of the request will leave on it.
// Connections that nobody guards are ready.
func Settle(c net.Conn) bool {
	secure, ok := c.(*tls.Conn)
	if ok {
		if secure.ConnectionState().NegotiatedProtocol == "h2" {
			return true
		}
		c = secure.NetConn()
	}
	if guarded, ok := c.(*conn); ok {
		return guarded.settle(secure == nil)
	}
	return true
}

// conn knows whether its transport waits for the backend's next byte: then nothing that has
// come is unread.
type conn struct {
	net.Conn

	mu      sync.Mutex
	reading bool // a Read waits on the socket
	closed  bool
	asked   bool          // something was written since settle
	strict  bool          // nothing may come until then
	changed chan struct{} // while somebody waits: closed when one of the first two is true
}

func (c *conn) settle(strict bool) bool {
	c.mu.Lock()
	for !c.reading && !c.closed {
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		<-changed
		c.mu.Lock()
	}
	defer c.mu.Unlock()
	c.asked, c.strict = false, strict // under TLS a server may speak unasked, of tickets
	return !c.closed
}

// tell wakes who waits. The lock is held.
func (c *conn) tell() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// Read reads for the transport. What comes before anything was asked answers nothing.
func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	c.reading = true
	c.tell()
	c.mu.Unlock()
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = false
	if n > 0 && c.strict && !c.asked {
		return 0, errSurplus
	}
	return n, err
}

// Write writes for the transport.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.asked = true
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// Close closes the connection.
func (c *conn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.tell()
	c.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends one direction of a tunnel.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("closing one direction: %w", errors.ErrUnsupported)
}
