package pipeline

import (
	"net/http"
	"strings"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/split"
	"ficus/gateway/telemetry"
	"ficus/gateway/telemetry/trace"
)

// record is room 0: it runs last, whatever happened before, a panic included.
func (x *Exchange) record(now func() time.Time) {
	x.observe(now())
	if x.forwarded {
		x.bound.series.End(x.Side)
	}
}

// observe counts the exchange once: at its end, or when an upgrade opens its
// tunnel, which may stay open for days.
func (x *Exchange) observe(now time.Time) {
	if x.recorded {
		return
	}
	x.recorded = true
	x.Took, x.Overhead = now.Sub(x.start), x.overhead(now)
	kept := ""
	if x.trace.End(x.traced) {
		kept = x.trace.ID()
	}
	if x.bound != nil && !x.shed { // neither side had a part in that
		x.bound.series.Observe(telemetry.Request{
			Side: x.Served(), Method: x.request.Method, Status: x.Status, Took: x.Took, Overhead: x.Overhead, Trace: kept,
		})
		x.offerPath()
		if x.Decision != nil && x.Entry.Mode == route.Observe && x.forwarded && x.failure == nil {
			x.bound.series.Parity(x.Decision.Allow, x.Status != http.StatusUnauthorized && x.Status != http.StatusForbidden)
		}
	}
}

// TraceID returns the id of the request's trace, "" for none.
func (x *Exchange) TraceID() string { return x.trace.ID() }

// traced is what the trace tells of the request.
func (x *Exchange) traced() trace.Answer {
	a := trace.Answer{Method: x.request.Method, Path: x.target.path, Client: x.client.IP, Status: x.Status, Tries: x.Tries(), Fallback: x.Fallback()}
	if e := x.Entry; e != nil {
		pattern := e.Pattern.String()
		a.Pattern = pattern[strings.LastIndexByte(pattern, ' ')+1:] // without the method
		a.Route, a.Stage, a.Side, a.Clock = e.ID, e.Stage.String(), x.Served().String(), x.Clock
	}
	if x.Decision != nil {
		a.Policy = string(x.Decision.Cause)
	}
	return a
}

// overhead is the time that the gateway itself has added until the answer's headers were
// sent, or until now where none were.
func (x *Exchange) overhead(now time.Time) time.Duration {
	until := x.headed
	if until.IsZero() {
		until = now
	}
	return max(0, until.Sub(x.start)-x.Backend()-x.body.looked)
}

// Received is how many bytes of the request's body were read for a backend.
func (x *Exchange) Received() int64 { return x.body.read.Load() }

// Sent is how many bytes of an answer's body reached the client.
func (x *Exchange) Sent() int64 { return x.sent }

// Backend is how long backends took until the headers of their answers, all tries together.
func (x *Exchange) Backend() time.Duration { return x.run.Backend }

// tellStands records where the routes stand, and which policies decide.
func (s *serving) tellStands(metrics *telemetry.Metrics) {
	for i := range s.routes {
		b := &s.routes[i]
		b.series.Stands(b.entry.Stage, float64(split.NewCohorts(b.entry))/split.Cohorts)
		b.series.Is(telemetry.RouteInfo{Group: b.entry.Group, Backend: b.entry.Backend, Owner: b.entry.Owner})
	}
	metrics.PoliciesServe(s.policies.ID())
}
