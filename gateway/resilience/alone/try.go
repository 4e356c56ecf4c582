package alone

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/resilience"
)

// try is the sending of a request to an address.
type try struct {
	address *address
	upload  *upload // nil for none
	outcome breaker.Outcome
}

// watch returns the request with its body watched, for what a client does to it is not the
// address's fault.
func (t *try) watch(r *http.Request) *http.Request {
	if !resilience.IsIdempotent(r.Method) && resilience.ResentByTransport(r.Header) {
		hidden := *r
		hidden.Header = r.Header.Clone()
		resilience.HideFromTransport(hidden.Header)
		r = &hidden
	}
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	t.upload = &upload{ReadCloser: r.Body}
	out := *r
	out.Body = t.upload
	return &out
}

// send sends the request, and tells the breaker what came of it: when the headers are
// here, and again if the body breaks off.
func (t *try) send(r *http.Request, permit breaker.Permit, next http.RoundTripper) (*http.Response, error) {
	t.outcome = breaker.Excluded
	took := time.Duration(0)
	defer func() { permit.Done(t.outcome, took) }() // even if next panics
	response, err := next.RoundTrip(r)
	took = time.Since(permit.At())
	status := 0
	if err == nil {
		status = response.StatusCode
	}
	outcome := breaker.Judge(r.Context(), status, err)
	if u := t.upload; u != nil {
		if err != nil && u.failed.Load() {
			outcome = breaker.Excluded
		}
		took = min(took, u.idle())
	}
	t.outcome = outcome
	if err != nil {
		return nil, err
	}
	if _, tunnel := response.Body.(io.Writer); !tunnel && response.Body != nil && response.Body != http.NoBody {
		response.Body = &answer{ReadCloser: response.Body, request: r, breaker: t.address.breaker}
	}
	return response, nil
}

// replays reports whether the request may be sent again. One of HTTP/3 has a body that
// turns out to be none.
func (t *try) replays(r *http.Request) bool {
	return resilience.IsIdempotent(r.Method) && len(r.Header["Upgrade"]) == 0 &&
		(t.upload == nil || t.upload.empty.Load())
}

// upload is the body of a request, as it comes from the client. Read and Close may be
// concurrent.
type upload struct {
	io.ReadCloser
	last   atomic.Int64 // when it was last read, in nanoseconds of Unix time
	some   atomic.Bool  // there was a byte
	empty  atomic.Bool  // it has ended, and there was none
	failed atomic.Bool  // it broke off
	closed atomic.Bool
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	u.last.Store(time.Now().UnixNano())
	if n > 0 {
		u.some.Store(true)
	}
	switch {
	case err == io.EOF:
		u.empty.Store(!u.some.Load())
	case err != nil && !u.closed.Load():
		u.failed.Store(true)
	}
	return n, err
}

func (u *upload) Close() error {
	u.closed.Store(true)
	return u.ReadCloser.Close()
}

// idle returns how long ago the client was last heard of.
func (u *upload) idle() time.Duration { return time.Duration(time.Now().UnixNano() - u.last.Load()) }

// answer is the body of an answer. Read and Close may be concurrent.
type answer struct {
	io.ReadCloser
	request *http.Request
	breaker *breaker.Breaker
	over    atomic.Bool
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	// Where the request's context has ended, it may be the client that was slow.
	if err != nil && err != io.EOF && a.request.Context().Err() == nil && !a.over.Swap(true) {
		a.breaker.Fail()
	}
	return n, err
}

func (a *answer) Close() error {
	a.over.Store(true)
	return a.ReadCloser.Close()
}
