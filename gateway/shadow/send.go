package shadow

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"

	"ficus/gateway/parity"
)

// ErrNotSent is what the error of [Copy.Send] wraps where the request must not go out.
var ErrNotSent = errors.New("the copy must not be sent")

var errMemory = errors.New("copies take as much memory as they may")

// scratchSize is what a worker reads bodies through, in bytes.
const scratchSize = 8 << 10

// send sends one copy and counts what came of it. It reports whether the other side failed:
// gave no whole answer, or flooded. Nothing that goes wrong with a copy, a panic included,
// reaches anybody else.
func (l *Lane) send(c *Copy, scratch []byte) (failed bool) {
	defer l.release(c)
	defer func() {
		if cause := recover(); cause != nil {
			failed = true
			c.Count.Shadowed(string(parity.Failed), 0)
			l.copier.Logger.Error("sending a copy panicked", "route", c.Route, "panic", cause, "stack", string(debug.Stack()))
		}
	}()
	started := l.copier.Now()
	if started.Sub(c.since) > l.limit.Timeout {
		c.Count.ShadowDropped(string(Late))
		return false
	}
	ctx, cancel := context.WithTimeout(l.ctx, l.limit.Timeout)
	defer cancel()
	body := buffer{from: &l.copier.memory, limit: c.capture.body.limit}
	defer body.release()
	answer, err := l.ask(ctx, c, &body, scratch)
	took := l.copier.Now().Sub(started)
	if reason := l.notSent(err); reason != "" {
		c.Count.ShadowDropped(string(reason))
		return false
	}
	d := parity.Difference{Kind: kindOf(ctx, err)}
	if err == nil {
		d = l.compare(c, answer)
	}
	c.Count.Shadowed(string(d.Kind), took)
	if d.Kind != parity.Match {
		l.copier.notes.add(c.Route, d, started)
		l.copier.Logger.Debug("a copy was answered differently", "route", c.Route, "result", string(d.Kind), "where", d.Where, "error", err)
	}
	return err != nil || answer.TooLarge && !c.legacy.TooLarge
}

// notSent returns why a copy does not count as one, "" where it does.
func (l *Lane) notSent(err error) Reason {
	switch {
	case err == nil:
		return ""
	case l.ctx.Err() != nil:
		return Closed
	case errors.Is(err, ErrNotSent):
		return Refused
	case errors.Is(err, errMemory):
		return Memory
	}
	return ""
}

func kindOf(ctx context.Context, err error) parity.Kind {
	var timeout net.Error
	if ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout() {
		return parity.Timeout
	}
	return parity.Failed
}

// ask sends the request, and reads of the answer no more than is compared.
func (l *Lane) ask(ctx context.Context, c *Copy, body *buffer, scratch []byte) (*parity.Answer, error) {
	response, err := c.Send(c.Request.WithContext(ctx), l)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if c.Request.Method != http.MethodHead { // where the length is that of a body that does not come
		body.expect(response.ContentLength)
	}
	if !body.tooLarge && !c.legacy.TooLarge {
		if _, err := io.CopyBuffer(body, io.LimitReader(response.Body, int64(body.limit)+1), scratch); err != nil {
			return nil, err
		}
	}
	if body.refused {
		return nil, errMemory
	}
	return &parity.Answer{
		Status: response.StatusCode, Header: c.capture.rules.Keep(response.Header),
		Body: body.kept, TooLarge: body.tooLarge,
	}, nil
}

// compare lets no more compare at once than there are processors to spare: values as JSON
// take many times their text.
func (l *Lane) compare(c *Copy, answer *parity.Answer) parity.Difference {
	l.copier.comparing <- struct{}{}
	defer func() { <-l.copier.comparing }()
	return c.capture.rules.Compare(&c.legacy, answer)
}

// RoundTrip marks a copy and sends it to the next address in turn, which it writes into
// scheme and host of its URL.
func (l *Lane) RoundTrip(r *http.Request) (*http.Response, error) {
	a := l.addresses[l.next.Add(1)%uint64(len(l.addresses))]
	r.URL.Scheme, r.URL.Host = a.scheme, a.host
	r.Header[MarkHeader] = []string{l.copier.mark.sign(l.copier.Now().Add(l.limit.Timeout + markSlack))}
	return a.leaf.RoundTrip(r)
}
