package pipeline

import (
	"context"
	"fmt"
	"maps"
	"net/http"

	"ficus/gateway/identity"
	"ficus/gateway/rewrite"
	"ficus/gateway/route"
	"ficus/gateway/shadow"
)

// partialHeaders ask for less than the whole, or for it on a condition. A copy asks for
// the whole: the validators of one side mean nothing to the other.
var partialHeaders = [...]string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range"}

// copyOf returns a request that shares nothing with the one that was sent. deadline names
// the header that says how much time the client had; "" for none.
func copyOf(sent *http.Request, deadline string) *http.Request {
	out := sent.Clone(context.Background())
	out.Body, out.GetBody, out.ContentLength, out.TransferEncoding = http.NoBody, nil, 0, nil
	out.Trailer, out.TLS, out.RequestURI = nil, nil, ""
	for _, name := range partialHeaders {
		delete(out.Header, name)
	}
	delete(out.Header, "Expect")
	if deadline != "" {
		out.Header.Del(deadline)
	}
	return out
}

// asNew is what the new side is sent of a request and told of who asks. It is used by
// another goroutine, after the exchange has ended, and shares with it only what never
// changes.
//
// A copy comes from the same principal as its request, else its answer would say nothing.
// But what stands for the principal is made for copies: the internal token says shadow:
// true, by which the new side can refuse to change anything, and where there is one, the
// client's own Authorization stays behind. Cookies pass: beside who asks they hold what
// belongs to a visit, such as its cart, and a side that misses them would begin another one.
type asNew struct {
	rewriter  *rewrite.Rewriter
	seen      rewrite.Seen
	told      *identity.Outward
	gate      *identity.Gate
	sources   []string
	asked     bool // principal is who asks, or nil for nobody
	principal *identity.Principal
	claims    map[string]any
}

func (x *Exchange) asNew() *asNew {
	n := &asNew{
		rewriter: x.bound.rewriters[route.New], told: x.bound.told[route.New],
		gate: x.gate, sources: x.Entry.Identity, asked: x.bound.asksWho, principal: x.Principal,
	}
	if n.rewriter != nil {
		n.seen = x.seen()
	}
	if n.told != nil {
		n.claims = map[string]any{}
		if x.Decision != nil && x.Decision.Allow {
			maps.Copy(n.claims, x.Decision.Claims)
		}
		n.claims["shadow"] = true
	}
	return n
}

// send is the way of a copy to the new side and back, as attempt is a request's.
func (n *asNew) send(r *http.Request, to http.RoundTripper) (*http.Response, error) {
	principal := n.principal
	if n.told != nil && !n.asked {
		principal, _ = n.gate.Identify(r, n.sources) // nothing else depends on it, so no request waited for it
	}
	if n.told != nil && principal != nil {
		delete(r.Header, "Authorization")
	}
	if n.rewriter != nil {
		n.rewriter.Request(r, n.seen)
	}
	if n.told != nil { // last, as for a request
		if err := n.told.Apply(r.Header, principal, n.claims); err != nil {
			return nil, fmt.Errorf("%w: telling the backend who asks: %w", shadow.ErrNotSent, err)
		}
	}
	answer, err := to.RoundTrip(r)
	if err == nil && n.rewriter != nil {
		n.rewriter.Response(answer, r, n.seen)
	}
	return answer, err
}
