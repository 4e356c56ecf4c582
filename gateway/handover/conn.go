package handover

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// conn is a connection as one server sees it. Once it has gone over, that server
// reads an end of file, and nothing it does reaches the socket.
type conn struct {
	net.Conn // the socket; many conns may have wrapped it before
	owner    *Listener

	mu       sync.Mutex
	fresh    bool      // no byte was read since the connection came or its last response ended
	pinned   bool      // can't go over: HTTP/2, or upgraded
	gone     bool      // went over, or was closed
	reading  bool      // a Read waits on the socket
	nudged   bool      // that Read was woken to let the connection go over
	shut     bool      // the server closed it while it could still go over
	deadline time.Time // for reads, as the server set it
	full     int       // length of the server's read buffer when it is empty
}

// http2Preface begins every HTTP/2 connection (RFC 9113, 3.4).
var http2Preface = []byte("PRI * HTTP/2.0")

// Read reads for the server, or lets the connection go over where it is between
// two requests and a newer listener has come.
func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if c.full == 0 {
		c.full = len(p)
	}
	if c.mayGo() && len(p) >= c.full { // a shorter buffer has part of a request in front
		c.goOver()
	}
	if c.gone {
		c.mu.Unlock()
		return 0, io.EOF
	}
	c.reading = true
	c.mu.Unlock()

	n, err := c.Conn.Read(p)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = false
	woken := c.nudged
	if woken {
		c.nudged = false
		_ = c.Conn.SetReadDeadline(c.deadline)
	}
	if n > 0 {
		c.pinned = c.pinned || c.fresh && bytes.HasPrefix(p[:n], http2Preface[:min(n, len(http2Preface))])
		c.fresh = false
		return n, err
	}
	if woken && errors.Is(err, os.ErrDeadlineExceeded) {
		c.goOver()
		return 0, io.EOF
	}
	return n, err
}

// mayGo reports whether nothing is under way and a newer listener has come.
func (c *conn) mayGo() bool {
	return c.fresh && !c.pinned && !c.gone && c.owner.hub.supersedes(c.owner)
}

func (c *conn) goOver() {
	c.gone = true
	_ = c.Conn.SetDeadline(time.Time{})
	c.owner.hub.remove(c)
	c.owner.hub.give(c.Conn)
}

// nudge wakes a Read that waits for the next request, so that it goes over.
func (c *conn) nudge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nudgeLocked()
}

func (c *conn) nudgeLocked() {
	if c.reading && c.mayGo() {
		c.nudged = true
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

func (c *conn) setState(state http.ConnState) {
	c.mu.Lock()
	switch state {
	case http.StateIdle:
		c.fresh = true
	case http.StateActive:
		c.fresh = false
	case http.StateHijacked:
		c.pinned = true
		c.owner.hub.remove(c)
	case http.StateClosed:
		if c.shut && !c.gone {
			_ = c.closeLocked()
		}
	}
	c.mu.Unlock()
}

// Close closes the socket, unless the connection is about to go over: then the
// call is Shutdown's, which closes what is idle. If it does not go over after all,
// the state StateClosed, which net/http reports last, closes it.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil
	}
	if c.mayGo() && !c.shut {
		c.shut = true
		c.nudgeLocked()
		return nil
	}
	return c.closeLocked()
}

func (c *conn) closeLocked() error {
	c.gone = true
	c.owner.hub.remove(c)
	return c.Conn.Close()
}

// Write writes unless the connection went over.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	gone := c.gone
	c.mu.Unlock()
	if gone {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// SetReadDeadline sets it unless the connection went over, or is being woken to.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	if c.gone || c.nudged {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// SetDeadline sets both deadlines unless the connection went over.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetWriteDeadline(t); err != nil {
		return err
	}
	return c.SetReadDeadline(t)
}

// SetWriteDeadline sets it unless the connection went over.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}
