package backend

import (
	"math"
	"sync/atomic"
	"time"
)

// latency is how long answers of an address take, of late: it rises at once to a slow
// answer and falls by the age of what it knows (Finagle's peak EWMA). An address that was
// slow is forgotten to be so, and tried again.
type latency struct {
	seconds atomic.Uint64 // bits of a float64
	at      atomic.Int64  // Unix nanoseconds
}

// fade is the time in which what is known fades to a third.
const fade = 10 * time.Second

// observe takes in one answer. Of two at the same moment one may be lost.
func (l *latency) observe(now time.Time, took time.Duration) {
	old := l.seconds.Load()
	before, sample := math.Float64frombits(old), took.Seconds()
	if sample < before {
		keep := l.keep(now)
		sample = before*keep + sample*(1-keep)
	}
	if l.seconds.CompareAndSwap(old, math.Float64bits(sample)) {
		l.at.Store(now.UnixNano())
	}
}

func (l *latency) keep(now time.Time) float64 {
	return math.Exp(-float64(max(now.UnixNano()-l.at.Load(), 0)) / float64(fade))
}

// last is what was known at the last answer, in seconds; 0 before the first one.
func (l *latency) last() float64 { return math.Float64frombits(l.seconds.Load()) }

// cost is what one more request would take beside those in flight. An address that nobody
// has heard of is worth one request to try.
func (l *latency) cost(now time.Time, inFlight int64) float64 {
	seconds := l.last()
	if seconds == 0 {
		if inFlight > 0 {
			return math.MaxFloat64
		}
		return 0
	}
	return seconds * l.keep(now) * float64(inFlight+1)
}
