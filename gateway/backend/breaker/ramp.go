package breaker

import (
	"sync/atomic"
	"time"
)

// ramp lets a growing share of requests through, evenly spread and without chance: each
// adds the share to a sum, and passes where the sum overflows.
type ramp struct {
	from atomic.Int64 // in nanoseconds of Unix time; 0 is no ramp
	sum  atomic.Uint32
}

const (
	least = 0.05 // the share at the beginning
	whole = 1 << 32
)

func (r *ramp) begin(now time.Time) { r.from.Store(now.UnixNano()) }
func (r *ramp) end()                { r.from.Store(0) }

// share is the part that passes now.
func (r *ramp) share(now time.Time, length time.Duration) float64 {
	from := r.from.Load()
	elapsed := now.UnixNano() - from
	if from == 0 || elapsed >= int64(length) {
		return 1
	}
	return least + (1-least)*float64(max(elapsed, 0))/float64(length)
}

func (r *ramp) admits(now time.Time, length time.Duration) bool {
	from := r.from.Load()
	if from == 0 {
		return true
	}
	share := r.share(now, length)
	if share >= 1 {
		r.from.CompareAndSwap(from, 0)
		return true
	}
	step := uint32(share * whole)
	return r.sum.Add(step) < step
}
