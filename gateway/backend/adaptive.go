package backend

import (
	"math"
	"time"
)

// adaptive finds how many requests a backend can have under way before they wait for each
// other, by the gradient of its latency (the idea is that of Netflix's concurrency limits
// and of Envoy's adaptive concurrency): while answers take about as long as they do
// without load, the limit grows by its square root; where they take longer, it shrinks as
// much as they are longer. What they take without load is measured from time to time, at
// half the limit: where half of it is too much already, the next limit is lower, so that
// any start leads there. It belongs to a bulkhead, under whose lock it stands.
type adaptive struct {
	limit, max float64
	base       float64 // seconds: what an answer takes without load; 0: not known

	phase  phase
	probed time.Time // when the last measurement at half the limit began, or ended

	// The window of samples that is filling.
	began  time.Time
	count  int
	sum    float64 // of seconds
	failed int
	peak   int // most requests under way
}

type phase int

const (
	following phase = iota // the limit follows the latency
	settling               // half of it is let in, and those of before are still under way
	measuring              // half of it is under way
)

const (
	adaptiveStart   = 20                     // before anything is known
	adaptiveWindow  = 100 * time.Millisecond // shortest window,
	adaptiveSamples = 10                     // and its fewest samples
	adaptiveProbe   = 10 * time.Second       // between two measurements
	tolerated       = 1.5                    // times the base that an answer may take
	smoothing       = 0.2
)

func newAdaptive(most int) *adaptive {
	return &adaptive{limit: min(adaptiveStart, float64(most)), max: float64(most)}
}

// whole is the limit that is in force.
func (a *adaptive) whole() int {
	if a.phase != following {
		return max(1, int(a.limit/2))
	}
	return int(a.limit)
}

// sample takes in one outcome. What failed has no latency worth knowing, but many that
// fail say that there is too much under way.
func (a *adaptive) sample(now time.Time, took time.Duration, failed bool, inFlight int) {
	if a.probed.IsZero() {
		a.began, a.probed = now, now
	}
	old := now.Add(-took).Before(a.began) // under way when the window began
	switch {
	case a.phase == settling:
		if !old {
			a.enter(measuring, now)
		}
		return
	case a.phase == measuring && old:
		return
	}
	a.peak = max(a.peak, inFlight)
	if failed {
		a.failed++
	} else {
		a.count++
		a.sum += took.Seconds()
	}
	if now.Sub(a.began) < adaptiveWindow || a.count+a.failed < adaptiveSamples {
		return
	}
	switch {
	case a.phase == measuring:
		a.base = a.latency()
		a.probed = now
		a.enter(following, now)
	case now.Sub(a.probed) >= adaptiveProbe:
		a.adjust()
		a.enter(settling, now)
	default:
		a.adjust()
		a.enter(following, now)
	}
}

// enter begins a window.
func (a *adaptive) enter(next phase, now time.Time) {
	*a = adaptive{limit: a.limit, max: a.max, base: a.base, phase: next, probed: a.probed, began: now}
}

// latency is the mean of the window in seconds, 0 if nothing succeeded.
func (a *adaptive) latency() float64 { return a.sum / float64(max(a.count, 1)) }

// adjust moves the limit at the end of a window.
func (a *adaptive) adjust() {
	gradient := 1.0
	if latency := a.latency(); latency > 0 {
		if a.base == 0 || latency < a.base {
			a.base = latency
		}
		gradient = min(1, max(0.5, tolerated*a.base/latency))
	}
	if a.failed*10 >= a.count+a.failed { // fewer are not for want of room
		gradient = min(gradient, 0.8)
	}
	goal := a.limit * gradient
	if gradient == 1 {
		if float64(a.peak) < a.limit/2 {
			return // nobody needs more, and whether there is more was not tried
		}
		goal += math.Sqrt(a.limit)
	}
	a.limit = min(a.max, max(1, a.limit+smoothing*(goal-a.limit)))
}
