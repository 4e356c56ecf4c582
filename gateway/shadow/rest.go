package shadow

import "time"

// rest is how long a side that fails is left alone: longer with each time that it fails
// again, until it succeeds. A flood costs the gateway most, and nobody learns more from the
// thousandth failure than from the tenth.
type rest struct {
	failed int // times in a row
	until  time.Time
}

const (
	firstRest = 10 * time.Millisecond
	maxRest   = time.Second
)

func (r *rest) lasts(now time.Time) bool { return now.Before(r.until) }

// learn takes what a copy came to. What else fails during a rest was under way before.
func (r *rest) learn(failed bool, now time.Time) {
	switch {
	case !failed:
		r.failed = 0
	case !r.lasts(now):
		r.until = now.Add(min(firstRest<<min(r.failed, 10), maxRest))
		r.failed++
	}
}
