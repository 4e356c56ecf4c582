package pipeline

import (
	"net/http"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/identity"
	"ficus/gateway/limit"
	"ficus/gateway/resilience"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
	"ficus/gateway/telemetry/trace"
)

// A Client is what the server knows about who sends a request.
type Client struct {
	IP string // the client's address, behind trusted proxies the original one

	// Trusted says that the request comes from a trusted proxy: only then do its
	// forwarding headers (Forwarded, X-Forwarded-*) pass.
	Trusted bool

	// Forward adds X-Forwarded-For, -Host and -Proto to what a backend gets.
	Forward bool

	// RequestID names the request in logs and in the answer of a refusal. It is asked
	// where a policy decides, and where there is an IDHeader.
	RequestID func() string

	// IDHeader is the header in which backend and client are told the request's id, in
	// canonical form; a trusted proxy may have given it one there. "" for none.
	IDHeader string
}

// An Exchange is what the rooms find out about one request. It belongs to the
// request's goroutine until Serve has returned.
type Exchange struct {
	Entry     *routetable.Entry   // nil until a route matched
	Path      string              // canonical
	Principal *identity.Principal // nil for anonymous
	Refused   error               // why credentials that were sent do not count; nil for none
	Decision  *authz.Decision     // nil where no policy was asked
	Side      route.Side          // that was chosen; Served is the one that served
	Cohort    int                 // at stage canary 0 to 9,999, else -1
	Source    route.Source        // where the cohort came from
	Clock     string              // what decided the side, as split names it
	Status    int                 // sent to the client; 499 if it went away before
	Took      time.Duration
	Overhead  time.Duration // of it, what the gateway itself added until the answer's headers

	client    Client
	request   *http.Request
	body      clientBody // of the request
	gate      *identity.Gate
	target    target
	bound     *bound
	run       resilience.Run
	start     time.Time
	headed    time.Time     // when the answer's headers were sent
	verdict   limit.Verdict // of the entry's rate limit, where it has one
	shed      bool          // refused because the gateway is out of capacity
	continued bool          // the client has been told to send its body
	forwarded bool          // in flight at a backend
	recorded  bool          // in the metrics
	trace     *trace.Request
	id        string // of the request, where it has an IDHeader
	failure   error  // why no backend's answer could be sent
	sent      int64  // bytes of the answer's body
	copied    bool   // the request is a copy itself, at stage shadow of some gateway
	capturing *capturing
}

func (x *Exchange) begin(r *http.Request, client Client, gate *identity.Gate, now time.Time) {
	x.request, x.client, x.gate, x.start, x.Cohort = r, client, gate, now, -1
	if client.IDHeader != "" {
		x.id = client.idOf(r)
	}
	x.body.from, x.body.http1 = r.Body, r.ProtoMajor == 1
}

// Served returns the side that answered the client, or failed last: where legacy answered
// in the place of the new side, that is legacy.
func (x *Exchange) Served() route.Side {
	if x.run.Fallback != telemetry.NoReason {
		return route.Legacy
	}
	return x.Side
}

// Fallback says why legacy answered in the place of the new side, "" where it did not.
func (x *Exchange) Fallback() string { return x.run.Fallback.String() }

// Tries is how often the request was sent to a backend.
func (x *Exchange) Tries() int { return x.run.Tries }

// fail ends the exchange with an answer of the gateway's own.
func (x *Exchange) fail(status int, err error) error {
	x.Status = status
	return &Error{Status: status, Err: err}
}
