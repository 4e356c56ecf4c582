package backend

import (
	"math"
	"time"
)

// adaptive finds how many requests a backend can have under way before they wait for each
// other, by the gradient of its latency (the idea is Netflix's, from their concurrency
// limits): while answers take about as long as they do without load, the limit grows by
// its square root; where they take longer, it shrinks as much as they are longer. It
// belongs to a bulkhead, under whose lock it stands.
type adaptive struct {
	limit, max float64
	base       float64 // seconds: what an answer takes without load

	// The window of samples that is filling.
	began  time.Time
	count  int
	sum    float64 // of seconds
	failed int
	peak   int // most requests under way
}

const (
	adaptiveStart   = 20                     // before anything is known
	adaptiveWindow  = 100 * time.Millisecond // shortest window,
	adaptiveSamples = 10                     // and its fewest samples
	tolerated       = 1.5                    // times the base that an answer may take
	forget          = 0.01                   // of the distance, by which a better base is forgotten each window
	smoothing       = 0.2
)

func newAdaptive(most int) *adaptive {
	return &adaptive{limit: min(adaptiveStart, float64(most)), max: float64(most)}
}

func (a *adaptive) whole() int { return int(a.limit) }

// sample takes in one outcome. What failed has no latency worth knowing, but many that
// fail say that there is too much under way.
func (a *adaptive) sample(now time.Time, took time.Duration, failed bool, inFlight int) {
	a.peak = max(a.peak, inFlight)
	if failed {
		a.failed++
	} else {
		a.count++
		a.sum += took.Seconds()
	}
	switch {
	case a.began.IsZero():
		a.began = now
	case now.Sub(a.began) >= adaptiveWindow && a.count+a.failed >= adaptiveSamples:
		a.adjust()
		*a = adaptive{limit: a.limit, max: a.max, base: a.base, began: now}
	}
}

// adjust moves the limit at the end of a window.
func (a *adaptive) adjust() {
	gradient := 1.0
	if latency := a.sum / float64(max(a.count, 1)); latency > 0 {
		if a.base == 0 || latency < a.base {
			a.base = latency
		} else {
			a.base += forget * (latency - a.base)
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
