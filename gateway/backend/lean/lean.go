// Package lean sends requests that have no body over HTTP/1.1, at about half of what it
// costs net/http's transport, which keeps two goroutines for each connection and hands
// request and answer over between them and the caller. Here the caller writes and
// reads by itself.
//
// What is written is net/http's [http.Request.Write], and what is read its
// [http.ReadResponse], so that both transports mean the same by the same bytes. Whatever
// needs a second goroutine or more care goes to the transport behind: bodies, upgrades,
// other methods than GET and HEAD, TLS. See ADR 0014.
package lean

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Transport sends requests to one address. Its fields are set before first use; its
// methods may be called concurrently.
type Transport struct {
	// Dial opens a connection, as [net.Dialer.DialContext] does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Behind    http.RoundTripper // sends all that is not for here
	MaxIdle   int               // connections that are kept
	IdleFor   time.Duration     // how long they are
	MaxHeader int64             // bytes of an answer's header, or of a 1xx answer's

	pool pool
}

// ErrUnasked means that a backend switched protocols though nobody asked it to.
var ErrUnasked = errors.New("the backend switches protocols unasked")

// RoundTrip sends a request. Like net/http's it sends it again where a connection that
// was kept turns out to be closed, and tells the request's [httptrace.ClientTrace] of each
// connection, of the header it wrote and of 1xx answers. Errors are those of the
// connection, those of net/http's reading, or the cause of the context's end.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !simple(r) {
		return t.Behind.RoundTrip(r)
	}
	ctx := r.Context()
	trace := httptrace.ContextClientTrace(ctx)
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		c, err := t.connection(r)
		if err != nil {
			return nil, orCause(ctx, err)
		}
		answer, err := c.exchange(r, trace)
		if err == nil {
			return answer, nil
		}
		if !c.reused || c.answered {
			return nil, err
		}
		// The backend closed it while the request was on its way: as good as not sent, since
		// a request that is here may be sent twice.
	}
}

// Close drops connections that are idle, and has those in use dropped after it.
func (t *Transport) Close() { t.pool.close() }

// simple reports whether a request is for here.
func simple(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if r.Body != nil && r.Body != http.NoBody || r.ContentLength != 0 || len(r.TransferEncoding) > 0 || r.Trailer != nil || r.Close {
		return false
	}
	if r.URL == nil || r.URL.Scheme != "http" || r.URL.Host == "" {
		return false
	}
	for name, values := range r.Header {
		switch name {
		case "Upgrade", "Connection", "Expect":
			return false
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return false // which net/http has words for
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return false
			}
		}
	}
	return true
}

// connection returns one that is kept, or another.
func (t *Transport) connection(r *http.Request) (*conn, error) {
	if c := t.pool.take(); c != nil {
		return c, nil
	}
	address := r.URL.Host
	if r.URL.Port() == "" {
		address = net.JoinHostPort(r.URL.Hostname(), "80")
	}
	opened, err := t.Dial(r.Context(), "tcp", address)
	if err != nil {
		return nil, err
	}
	return newConn(t, opened), nil
}

// orCause says why the context ended, if it did.
func orCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
