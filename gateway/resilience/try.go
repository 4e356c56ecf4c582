package resilience

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync/atomic"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/surplus"
)

// try is one sending of a request, and what net/http tells of it. Hooks may still be called
// when the try is over.
type try struct {
	run       *Run
	side      route.Side
	ctx       context.Context
	cancel    context.CancelCauseFunc
	sent      atomic.Bool // headers have left, or may have
	connected atomic.Bool // something may leave
	closed    atomic.Bool // nothing will: the connection is closed
	trace     httptrace.ClientTrace

	provisional bool // another answer than this try's may be the one that counts
	told        int  // 1xx answers
	held        []information
	heldBytes   int
}

// information is a 1xx answer.
type information struct {
	status int
	header textproto.MIMEHeader
}

var (
	errSentOnce = errors.New("the connection broke after the request was sent on it, and it may not be sent again")
	errTold     = errors.New("the backend sends more 1xx answers than anybody reads")
)

const (
	maxTold      = 64
	maxHeld      = 8
	maxHeldBytes = 8 << 10
)

// start begins a try of a side, which is sent after a wait. The context that it makes
// carries what net/http is to tell.
func (run *Run) start(side route.Side, wait time.Duration) *try {
	t := &run.first
	if run.current != nil {
		t = &try{}
	}
	run.current = t
	t.run, t.side = run, side
	t.provisional = side == route.New && (run.kind.replays() && (run.policy.falls || run.policy.mostTries(side) > 1) || run.policy.falls && run.fallsByStatus())
	t.trace = httptrace.ClientTrace{GotConn: t.gotConn, WroteHeaders: t.wroteHeaders, Got1xxResponse: t.got1xx}
	ctx, cancel := context.WithCancelCause(run.client)
	t.ctx, t.cancel = httptrace.WithClientTrace(ctx, &t.trace), cancel
	run.watch.beginTry(cancel, run.tryTime(side, wait), run.idle(side), wait)
	return t
}

// tryTime returns how long a try may take that is sent after a wait; 0 for as long as it
// takes. A new side that hangs leaves something of the route's time to legacy, where that
// may answer then. It is the route's time even if the client has less: or clients could
// make a backend fail, and open its breaker.
func (run *Run) tryTime(side route.Side, wait time.Duration) time.Duration {
	p := run.policy
	switch {
	case run.instead:
		return p.tryInstead
	case p.try[side] == 0 && p.timeout > 0 && side == route.New && p.falls && run.kind.replays() && run.body.fits():
		return max((run.left(p.timeout)-wait)/2, 1)
	}
	return p.try[side]
}

func (t *try) wroteHeaders() {
	if !t.closed.Load() {
		t.sent.Store(true)
	}
}

// gotConn is called before the request is written to a connection: a second time where
// net/http sends it again by itself, because a connection that it had kept was closed by
// the backend meanwhile. That counts as a retry. Where there can be none, nothing more is
// written: over HTTP/2 because the context has ended, over HTTP/1 because the connection
// is closed.
func (t *try) gotConn(info httptrace.GotConnInfo) {
	t.closed.Store(info.Reused && !surplus.Settle(info.Conn))
	t.connected.Store(true)
	if !t.sent.Load() {
		return
	}
	http1 := info.Conn != nil && !t.speaksHTTP2(info)
	switch run := t.run; {
	case run.kind.replays():
		if run.Tries < run.policy.mostSent(t.side) && run.policy.to[t.side].mayRetry() {
			run.Tries++
			run.policy.series.Retried(reasonConnection)
			return
		}
	case http1 && !run.kind.upgrade:
		return // in no other case does net/http do so unless not a byte was written
	}
	t.cancel(errSentOnce)
	if http1 {
		_ = info.Conn.Close()
	}
}

func (t *try) speaksHTTP2(info httptrace.GotConnInfo) bool {
	if secure, ok := info.Conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		return secure.ConnectionState().NegotiatedProtocol == "h2"
	}
	return t.run.policy.to[t.side].http2
}

// got1xx passes on what the backend tells before its answer. Where that may turn out not
// to be the client's answer, it waits until it is known.
func (t *try) got1xx(status int, header textproto.MIMEHeader) error {
	if t.told++; t.told > maxTold {
		return errTold
	}
	if status == http.StatusContinue && t.run.continues {
		return nil // the server says so when the body is read, which happens now
	}
	if !t.provisional {
		return t.run.inform(status, header)
	}
	size := 0
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	if len(t.held) < maxHeld && t.heldBytes+size <= maxHeldBytes {
		t.held, t.heldBytes = append(t.held, information{status, header}), t.heldBytes+size
	}
	return nil
}

// inform passes a 1xx answer on to the client.
func (run *Run) inform(status int, header textproto.MIMEHeader) error {
	if run.informed == nil {
		return nil
	}
	return run.informed(status, header)
}

// tell passes on what was held back.
func (t *try) tell() {
	for _, one := range t.held {
		_ = t.run.inform(one.status, one.header) // a client that is gone is noticed by the answer
	}
	t.held = nil
}
