package pipeline

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/backend"
	"ficus/gateway/identity"
	"ficus/gateway/resilience"
)

// forward is room 5: the request goes to the chosen side's backend.
//
// net/http/httputil.ReverseProxy does the copying. Its RoundTripper is where all
// decisions about attempts belong: when it returns, no byte of a final answer has
// reached the client.
func (p *Pipeline) forward(w http.ResponseWriter, x *Exchange) error {
	defer x.trace.Room("forward").End()
	x.bound.series.Begin(x.Side)
	x.forwarded = true
	out := &transparentWriter{ResponseWriter: w, exchange: x, now: p.Now}
	out.quiet()
	defer out.flushCut()
	in := x.request.WithContext(context.WithValue(x.request.Context(), exchangeKey{}, x))
	if in.Body != nil && in.Body != http.NoBody {
		x.body.count, x.body.side = x.bound.series, x.Side
		in.Body = &x.body
	}
	x.run.Begin(resilience.Start{
		Policy: x.bound.policy, Sides: (*sides)(x), Request: in, Writer: w, Elapsed: p.Now().Sub(x.start),
	})
	defer x.run.End()
	x.capturing = p.capture(out, x)
	defer x.capturing.end()
	p.proxy.ServeHTTP(x.capturing.over(out), in)
	if x.failure != nil {
		out.loud()
		status := failureStatus(x.failure)
		if status == http.StatusServiceUnavailable {
			w.Header()["Retry-After"] = []string{"1"}
		}
		return x.fail(status, x.failure)
	}
	out.flushEmpty()
	x.capturing.send()
	return nil
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *Exchange {
	return r.Context().Value(exchangeKey{}).(*Exchange)
}

// prepare makes the request that goes out, as the client sent it. ReverseProxy has
// removed the headers of the client's connection, and forwarding headers from
// whomever.
func prepare(pr *httputil.ProxyRequest) {
	x := exchangeOf(pr.In)
	x.target.writeTo(pr.Out.URL, pr.In.URL)
	pr.Out.Host = pr.In.Host
	pr.Out.Trailer = pr.In.Trailer // filled in while the body is read; the copy would not be
	x.hideForce(pr.Out.Header)
	withoutH2C(pr.Out.Header)
	if x.client.Trusted {
		for _, name := range forwardingHeaders {
			values, ok := pr.In.Header[name]
			if ok && !httpguts.HeaderValuesContainsToken(pr.In.Header["Connection"], name) {
				pr.Out.Header[name] = values
			}
		}
	}
	if x.client.Forward {
		setForwarded(pr, x.client.Trusted)
	}
	if x.id != "" {
		pr.Out.Header[x.client.IDHeader] = []string{x.id}
	}
	x.capturing.prepared(pr.Out)
}

var forwardingHeaders = [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

// setForwarded adds who asked, for which host and how. What a trusted proxy in
// front has said of host and protocol stays.
func setForwarded(pr *httputil.ProxyRequest, trusted bool) {
	host, proto := pr.Out.Header["X-Forwarded-Host"], pr.Out.Header["X-Forwarded-Proto"]
	pr.SetXForwarded()
	if trusted && len(host) > 0 {
		pr.Out.Header["X-Forwarded-Host"] = host
	}
	if trusted && len(proto) > 0 {
		pr.Out.Header["X-Forwarded-Proto"] = proto
	}
}

// keepError takes the place of an answer: Serve returns the error, and who called
// it answers.
func keepError(_ http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r)
	x.failure = err
	var late *resilience.TimeoutError
	if errors.As(err, &late) {
		return // the client's connection was woken, and fails because of that
	}
	if cause := context.Cause(x.request.Context()); cause != nil {
		x.failure = context.Canceled // the client went away; whatever failed, failed because of that
	} else if failure := x.body.Failure(); failure != nil {
		x.failure = failure
	}
}

// statusClientGone is what nginx logs for a client that hung up.
const statusClientGone = 499

func failureStatus(err error) int {
	var timeout net.Error
	var own interface{ Status() int }
	switch {
	case errors.As(err, &own): // the client's doing, or time is up
		return own.Status()
	case errors.Is(err, backend.ErrOpen), errors.Is(err, backend.ErrFull):
		return http.StatusServiceUnavailable
	case errors.Is(err, identity.ErrRefused):
		return http.StatusForbidden
	case errors.Is(err, context.Canceled):
		return statusClientGone
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}
