package pipeline

import (
	"net/http"
	"strings"

	"ficus/gateway/rewrite"
	"ficus/gateway/route"
)

// toChosenBackend sends a request to the backend that room 4 chose.
type toChosenBackend struct{}

func (toChosenBackend) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r)
	return x.attempt(r, x.Side)
}

// attempt sends a request to one side. What the route rewrites for that side, and what
// its backend is told of who asks, changes a copy, so that an attempt at the other side begins with what the client sent.
func (x *Exchange) attempt(r *http.Request, side route.Side) (*http.Response, error) {
	rewriter, told := x.bound.rewriters[side], x.bound.told[side]
	if rewriter == nil && told == nil {
		return x.bound.backends[side].RoundTrip(r)
	}
	out := r.Clone(r.Context())
	out.Trailer = r.Trailer // filled in while the body is read; the copy would not be
	var seen rewrite.Seen
	if rewriter != nil {
		seen = x.seen()
		rewriter.Request(out, seen)
	}
	if told != nil { // last, so that nothing else is what the backend reads there
		if err := x.told(out.Header, told); err != nil {
			return nil, err
		}
	}
	answer, err := x.bound.backends[side].RoundTrip(out)
	if err == nil && rewriter != nil {
		rewriter.Response(answer, out, seen)
	}
	return answer, err
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
