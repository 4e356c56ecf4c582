package pipeline

import (
	"io"
	"net/http"
	"strings"

	"ficus/gateway/resilience"
	"ficus/gateway/rewrite"
	"ficus/gateway/route"
)

// toBackend sends a request to the side that room 4 chose, and from there wherever its
// route's resilience says.
type toBackend struct{}

func (toBackend) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r)
	r.Body = x.proxied(r.Body)
	return x.run.RoundTrip(r, x.Side)
}

// proxied returns the client's own body where ReverseProxy sends one, without what
// ReverseProxy puts around it: the run closes what it hands out.
func (x *Exchange) proxied(body io.ReadCloser) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return nil
	}
	return &x.body
}

// sides makes of an exchange's request what a backend gets, and of the answer what the
// client gets.
type sides Exchange

// Outgoing makes the request of one side. What the route rewrites for that side, and what
// its backend is told of who asks, changes a copy, so that an attempt at the other side
// begins with what the client sent.
func (s *sides) Outgoing(r *http.Request, side route.Side) (*http.Request, error) {
	x := (*Exchange)(s)
	rewriter, told := x.bound.rewriters[side], x.bound.told[side]
	if rewriter == nil && told == nil {
		return r, nil
	}
	out := r.Clone(r.Context())
	out.Trailer = r.Trailer // filled in while the body is read; the copy would not be
	if rewriter != nil {
		rewriter.Request(out, x.seen())
	}
	if told != nil { // last, so that nothing else is what the backend reads there
		if err := x.told(out.Header, told); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Incoming maps the answer of one side back.
func (s *sides) Incoming(answer *http.Response, sent *http.Request, side route.Side) {
	x := (*Exchange)(s)
	if rewriter := x.bound.rewriters[side]; rewriter != nil {
		rewriter.Response(answer, sent, x.seen())
	}
}

// Trying traces a try, and tells the backend of it.
func (s *sides) Trying(out *http.Request, side route.Side, tries int) resilience.Tried {
	x := (*Exchange)(s)
	if try := x.trace.Try(out, side.String(), x.Entry.BackendOf(side), tries); try != nil {
		return try
	}
	return nil
}

// Through breaks tries of a side on purpose, where the route says so.
func (s *sides) Through(side route.Side) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	x := (*Exchange)(s)
	return x.bound.faults[side].Through(x.request.Header)
}

// seen is the request as its client knows it, before any proxy in front.
func (x *Exchange) seen() rewrite.Seen {
	host := x.request.Host
	seen := rewrite.Seen{Path: x.Path, RawPath: x.target.path, Host: host, Scheme: "http", Authority: host}
	if x.request.TLS != nil {
		seen.Scheme = "https"
	}
	if !x.client.Trusted {
		return seen
	}
	if scheme := x.saidByProxy("X-Forwarded-Proto"); strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https") {
		seen.Scheme = strings.ToLower(scheme)
	}
	if host := x.saidByProxy("X-Forwarded-Host"); host != "" {
		seen.Authority = host
	}
	return seen
}

// saidByProxy returns a forwarding header that has one value; of several, nobody
// knows which proxy wrote what.
func (x *Exchange) saidByProxy(name string) string {
	if values := x.request.Header[name]; len(values) == 1 && !strings.Contains(values[0], ",") {
		return strings.TrimSpace(values[0])
	}
	return ""
}
