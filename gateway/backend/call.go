package backend

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"ficus/gateway/backend/breaker"
)

// Why a backend takes no request. Nothing of the request has left the gateway then.
var (
	ErrOpen = errors.New("the backend's breaker is open")
	ErrFull = errors.New("the backend has as many requests under way as it may have")
)

// A Call is one request that a backend has taken, with all its tries. It belongs to one
// goroutine.
type Call struct {
	backend *Backend

	// Through, where it is not nil, stands between a try and the transport: it may call
	// next, or answer as if the backend had.
	Through func(r *http.Request, next http.RoundTripper) (*http.Response, error)

	// Hurried says that the client gave less time than it would have had: an answer of 504
	// is then no failure of the backend, or clients could open its breaker.
	Hurried bool

	permit   breaker.Permit
	finished bool
	tried    []*member
	room     [3]*member // of tried

	// The last try.
	ctx     context.Context
	start   time.Time // of the first one: when it was admitted
	end     time.Time
	outcome breaker.Outcome
	body    *answerBody
	first   answerBody // room for that of the first one
}

// Admit asks the backend to take a request. It may wait in the backend's queue, no longer
// than the context. The error is ErrOpen, ErrFull or the context's. only says that nobody
// else can answer: then a breaker that comes back lets all through. Who gets a Call has
// to end it by Finish.
func (b *Backend) Admit(ctx context.Context, only bool) (*Call, error) {
	if err := b.enter(ctx); err != nil {
		return nil, err
	}
	call := &Call{backend: b}
	call.tried = call.room[:0]
	if b.breaker != nil {
		var err error
		if call.permit, err = b.breaker.Admit(only); err != nil {
			b.leave()
			if errors.Is(err, breaker.ErrRamp) {
				return nil, b.refuse(RefusedRamp)
			}
			return nil, b.refuse(RefusedOpen)
		}
	}
	if call.start = call.permit.At(); b.breaker == nil {
		call.start = time.Now()
	}
	b.ledger.inFlight.Add(1)
	return call, nil
}

// enter takes a place in the bulkhead. Nobody waits in its queue for an open breaker.
func (b *Backend) enter(ctx context.Context) error {
	if b.bulkhead == nil || b.bulkhead.try() {
		return nil
	}
	if b.breaker != nil && b.breaker.Refuses() {
		return b.refuse(RefusedOpen)
	}
	err := b.bulkhead.wait(ctx)
	switch {
	case errors.Is(err, ErrFull):
		return b.refuse(RefusedFull)
	case errors.Is(err, errQueueTimeout):
		return b.refuse(RefusedTimeout)
	}
	return err
}

func (b *Backend) leave() {
	if b.bulkhead != nil {
		b.bulkhead.release()
	}
}

func (b *Backend) refuse(reason Reason) error {
	b.ledger.refused[reason].Add(1)
	if reason == RefusedOpen || reason == RefusedRamp {
		return ErrOpen
	}
	return ErrFull
}

// Try sends the request to one of the addresses, to one that this call has not tried yet
// where there is any that can serve, and writes it into scheme and host of the request's
// URL. It may be called several times, one after the other; the body of an answer that is
// not the last has to be closed before.
func (c *Call) Try(r *http.Request) (*http.Response, error) {
	m := c.choose()
	if len(c.tried) > 0 {
		c.start = time.Now()
	}
	c.tried = append(c.tried, m)
	r.URL.Scheme, r.URL.Host = m.scheme, m.host
	c.ctx, c.body = r.Context(), nil
	response, err := c.send(m, r)
	c.end = time.Now()
	status := 0
	if err == nil {
		status = response.StatusCode
	}
	c.outcome = c.judge(status, err)
	c.backend.learn(m, c.outcome, c.Took(), c.end)
	if err != nil {
		return nil, err
	}
	if response.Body == nil {
		response.Body = http.NoBody
	}
	c.body = &c.first
	if len(c.tried) > 1 {
		c.body = &answerBody{}
	}
	c.body.ReadCloser, c.body.call, c.body.member = response.Body, c, m
	response.Body = c.body.guard()
	return response, nil
}

// send counts the request as in flight at the address, until its body is closed if it is
// answered.
func (c *Call) send(m *member, r *http.Request) (response *http.Response, err error) {
	m.inFlight.Add(1)
	defer func() {
		if response == nil {
			m.inFlight.Add(-1)
		}
	}()
	if c.Through == nil {
		response, err = m.leaf.RoundTrip(r)
	} else {
		response, err = c.Through(r, m.leaf)
	}
	if err != nil {
		return nil, err
	}
	if err := validate(response); err != nil {
		if response.Body != nil {
			_ = response.Body.Close()
		}
		return nil, err
	}
	return response, nil
}

func (c *Call) hasTried(m *member) bool { return slices.Contains(c.tried, m) }

// Finish says what the call came to: the answer, or the error of the last try. The
// backend's breaker learns from it, and the backend counts the request as under way until
// the answer's body is closed. A second call does nothing.
func (c *Call) Finish(response *http.Response, err error) {
	if c.finished {
		return
	}
	c.finished = true
	outcome := c.outcome
	switch {
	case len(c.tried) == 0 || response == nil && err == nil:
		outcome = breaker.Excluded // nothing was sent
	case err == nil:
		outcome = c.judge(response.StatusCode, nil)
	case outcome != breaker.Excluded:
		outcome = c.judge(0, err)
	}
	c.permit.Done(outcome, c.end.Sub(c.permit.At()))
	if c.backend.bulkhead != nil && outcome != breaker.Excluded {
		c.backend.bulkhead.learn(c.Took(), outcome == breaker.Failure)
	}
	if err != nil || c.body == nil || c.body.state.Or(callFinished)&bodyClosed != 0 {
		c.release()
	}
}

// judge says what the last try came to.
func (c *Call) judge(status int, err error) breaker.Outcome {
	if c.Hurried && err == nil && status == http.StatusGatewayTimeout {
		return breaker.Excluded
	}
	outcome := breaker.Judge(c.ctx, status, err)
	if slow := c.backend.slow; slow > 0 && c.Took() > slow && outcome == breaker.Success {
		return breaker.Failure
	}
	return outcome
}

// Took is how long the last try took, until the headers of its answer.
func (c *Call) Took() time.Duration { return c.end.Sub(c.start) }

// release gives the call's place back, once.
func (c *Call) release() {
	c.backend.leave()
	c.backend.ledger.inFlight.Add(-1)
}
