// Package resilience is the room between the pipeline and the backends: it tries a
// request at the chosen side, tries again where that can do no harm, falls back to legacy
// where the route allows it, and ends what takes too long.
//
// What may be sent twice is what this package is careful about (DESIGN.md, section 4):
//
//   - Of a request that was not admitted, or whose headers never left, nothing was sent:
//     whatever its method, it may go elsewhere.
//   - Once its headers left, it goes elsewhere only if it is idempotent (RFC 9110, 9.2.2; a
//     route or an Idempotency-Key may say so) and its body can be sent again.
//   - Upgrades and gRPC are decided before anything has left, and never after that; an
//     upgrade that was answered by a failure counts as the plain request that it still is.
//   - At most three tries in all, those of net/http included, and retries cost the
//     backend's budget; fallbacks cost legacy's limit.
//
// The pipeline compiles a [Policy] for each entry and has a [Run] for each request. Which
// bytes a side gets, and what its answer looks like to the client, is the pipeline's
// ([Sides]); whether a backend takes a request is the backend's.
package resilience

import (
	"cmp"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

// maxTries is how often one request is sent at most, with retries and fallback.
const maxTries = 3

// A Policy is what an entry says about retries, fallback and time, compiled. It is
// immutable.
type Policy struct {
	to   [len(route.Sides)]*Destination
	idle [len(route.Sides)]time.Duration // without a byte of a body
	try  [len(route.Sides)]time.Duration // until the headers are here; 0 for as long as it takes

	tryInstead time.Duration // of legacy in the place of the new side

	timeout    time.Duration // of the whole request; 0 for as long as it takes
	bodyRate   int           // bytes a second that a client has to send; 0 for a byte in the idle time
	deadline   string        // header, canonical; "" for none
	idempotent bool          // whatever the method says
	replay     int           // bytes of a body that are kept
	retry      route.Retry
	fallback   route.Fallback
	falls      bool // to legacy, if the new side fails
	legacyToo  bool // legacy may be called at all
	series     *telemetry.Route
}

// Compile returns the policy of an entry. to holds the backends of the table, by name.
func Compile(e *routetable.Entry, to map[string]*Destination, series *telemetry.Route) *Policy {
	r := e.Resilience
	p := &Policy{
		timeout: r.Timeout, bodyRate: r.MinBodyRate, deadline: canonical(r.Deadline), idempotent: r.Idempotent == route.On,
		replay: r.ReplayLimit(), retry: r.Retry.Filled(), fallback: r.Fallback.Filled(),
		legacyToo: e.Stage == route.StageCanary || e.Stage == route.StageNew, series: series,
	}
	p.falls = p.legacyToo && p.fallback.Enabled != route.Off
	for _, side := range route.Sides {
		to := to[e.BackendOf(side)]
		if to == nil {
			continue
		}
		p.to[side] = to
		p.idle[side] = cmp.Or(r.IdleTimeout, to.definition.IdleTimeout, route.DefaultIdleTimeout)
		p.try[side] = cmp.Or(r.TryTimeout, to.definition.TryTimeout)
		if side == route.Legacy {
			p.tryInstead = to.definition.TryTimeout
		}
	}
	return p
}

// mostSent returns how often a request is sent at most when a side has had it. One time is
// kept for the fallback.
func (p *Policy) mostSent(side route.Side) int {
	if side == route.New && p.falls {
		return maxTries - 1
	}
	return maxTries
}

// mostTries is the part of that which the route allows. Of legacy's several addresses all
// may be tried until one takes the request; otherwise it is asked once, as ever.
func (p *Policy) mostTries(side route.Side) int {
	switch {
	case side == route.New:
		return min(p.retry.Attempts, p.mostSent(side))
	case len(p.to[side].definition.Addresses) == 1:
		return 1
	}
	return maxTries
}
