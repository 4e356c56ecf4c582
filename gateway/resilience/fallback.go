package resilience

import (
	"net/http"

	"ficus/gateway/route"
	"ficus/gateway/telemetry"
)

// fallBack has legacy answer in the place of a failure of the new side. Where legacy takes
// no request, the failure stays.
func (run *Run) fallBack(r *http.Request, failure outcome) outcome {
	legacy, series := run.policy.to[route.Legacy], run.policy.series
	if refused := legacy.beginFallback(); refused != telemetry.NotRefused {
		series.FallbackRefused(refused)
		return failure
	}
	defer func() {
		if !run.falling {
			legacy.endFallback()
		}
	}()
	run.instead = true
	o, taken := run.ask(r, route.Legacy, &failure)
	if !taken {
		if o.reason != reasonOpen && o.reason != reasonFull {
			failure.drop() // there is no time for anything more, or nobody to whom it matters
			return o
		}
		series.FallbackRefused(telemetry.RefusedLegacy)
		run.resume(failure.try)
		return failure
	}
	run.falling = true
	run.Fallback = failure.reason
	series.FellBack(failure.reason)
	return o
}

// resume makes a try the one that counts again.
func (run *Run) resume(t *try) {
	run.current.cancel(errTryEnded)
	run.current = t
	run.watch.beginTry(t.cancel, 0, 0, 0)
}
