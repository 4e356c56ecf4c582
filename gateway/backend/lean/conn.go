package lean

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"time"
)

// conn is a connection. It is used by one request at a time.
type conn struct {
	transport *Transport
	net       net.Conn
	in        *bufio.Reader
	out       *bufio.Writer
	left      int64       // bytes that may still be read
	reused    bool        // it has been idle
	answered  bool        // a byte of the answer is here
	abort     func()      // ends reads and writes under way
	unbind    func() bool // from the request's context; false if that has called abort
	quiet     func() bool // nothing has come, and nobody has closed it
	timer     *time.Timer // ends it while it is idle
}

var (
	errHeader = errors.New("the backend's header is longer than it may be")
	longAgo   = time.Unix(1, 0)
)

func newConn(t *Transport, opened net.Conn) *conn {
	c := &conn{transport: t, net: opened, quiet: quietness(opened)}
	c.in, c.out = bufio.NewReader(c), bufio.NewWriter(opened)
	c.abort = func() { _ = opened.SetDeadline(longAgo) }
	return c
}

// Read is what the buffer reads.
func (c *conn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errHeader
	}
	n, err := c.net.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// exchange sends a request and reads the header of its answer. With an error the
// connection is closed.
func (c *conn) exchange(r *http.Request, trace *httptrace.ClientTrace) (*http.Response, error) {
	ctx := r.Context()
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: c.net, Reused: c.reused, WasIdle: c.reused})
	}
	c.unbind = context.AfterFunc(ctx, c.abort)
	answer, err := c.send(r, trace)
	if err != nil {
		c.unbind()
		_ = c.net.Close()
		return nil, orCause(ctx, err)
	}
	c.left = math.MaxInt64
	if answer.Body == http.NoBody { // which says as much as its end would
		c.done(!answer.Close)
		return answer, nil
	}
	answer.Body = &body{from: answer.Body, conn: c, ctx: ctx, reusable: !answer.Close}
	return answer, nil
}

func (c *conn) send(r *http.Request, trace *httptrace.ClientTrace) (*http.Response, error) {
	c.answered, c.left = false, c.transport.MaxHeader
	if err := r.Write(c.out); err != nil {
		return nil, err
	}
	if err := c.out.Flush(); err != nil {
		return nil, err
	}
	if _, err := c.in.Peek(1); err != nil {
		return nil, fmt.Errorf("the backend closed the connection without an answer: %w", err)
	}
	c.answered = true
	if trace != nil && trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	for {
		answer, err := http.ReadResponse(c.in, r)
		switch {
		case err != nil:
			return nil, fmt.Errorf("the backend's answer is broken: %w", err)
		case answer.StatusCode < 100:
			return nil, fmt.Errorf("the backend's answer is broken: status %d", answer.StatusCode)
		case answer.StatusCode == http.StatusSwitchingProtocols:
			return nil, ErrUnasked
		case answer.StatusCode >= 200:
			return answer, nil
		case trace != nil && trace.Got1xxResponse != nil:
			if err := trace.Got1xxResponse(answer.StatusCode, textproto.MIMEHeader(answer.Header)); err != nil {
				return nil, err
			}
			c.left = c.transport.MaxHeader // who is told bounds how many there are
		}
	}
}

// done ends an exchange: the connection is kept, if nothing speaks against it.
func (c *conn) done(reusable bool) {
	unbound := c.unbind()
	c.unbind = nil
	if !unbound || !reusable || c.in.Buffered() > 0 || !c.transport.pool.put(c) {
		_ = c.net.Close()
	}
}
