package pipeline

import "time"

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
	if x.bound != nil {
		x.bound.series.Observe(x.Side, x.request.Method, x.Status, x.Took)
	}
}
