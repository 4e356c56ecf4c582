package pipeline

import (
	"net/http"
	"time"

	"ficus/gateway/route"
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
	x.Took = now.Sub(x.start)
	if x.bound != nil && !x.shed { // neither side had a part in that
		x.bound.series.Observe(x.Served(), x.request.Method, x.Status, x.Took)
		x.offerPath()
		if x.Decision != nil && x.Entry.Mode == route.Observe && x.forwarded && x.failure == nil {
			x.bound.series.Parity(x.Decision.Allow, x.Status != http.StatusUnauthorized && x.Status != http.StatusForbidden)
		}
	}
}
