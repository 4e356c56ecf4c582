package breaker

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// life is what a breaker has measured since it was made, or since an operator set it.
type life struct {
	breaker *Breaker
	inner   *gobreaker.TwoStepCircuitBreaker[struct{}]
	ramp    ramp
	probes  probes

	// These follow the inner breaker, whose own State has side effects.
	state      atomic.Int32
	since      atomic.Int64 // in nanoseconds of Unix time
	generation atomic.Uint64

	row     atomic.Int64     // failures one after the other, however old
	tripped gobreaker.Counts // what it opened on; guarded by the inner breaker's lock
}

const buckets = 10

var (
	errFailure  = errors.New("failure")
	errExcluded = errors.New("excluded")
)

func (b *Breaker) newLife() *life {
	l := &life{breaker: b}
	l.since.Store(time.Now().UnixNano())
	bucket := max(b.settings.Window/buckets, 1)
	l.inner = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   1,
		Interval:      buckets * bucket,
		BucketPeriod:  bucket,
		Timeout:       b.settings.OpenFor,
		ReadyToTrip:   l.trips,
		OnStateChange: l.changes,
		IsExcluded:    func(err error) bool { return err == errExcluded }, //nolint:errorlint // only ours are given
	})
	return l
}

func (l *life) stateNow() State { return State(l.state.Load()) }

// trips decides, after a failure, whether the breaker opens. Requests under way are no
// argument for a backend: it may be that they hang.
func (l *life) trips(counts gobreaker.Counts) bool {
	if Override(l.breaker.override.Load()) != Auto {
		return false
	}
	enough := int64(l.breaker.settings.MinRequests)
	if l.ramp.share(time.Now(), l.breaker.settings.Ramp) < 1 {
		enough = max(min(enough, 3), enough/4)
	}
	l.tripped = counts
	if l.row.Load() >= enough {
		return true
	}
	ended := float64(counts.TotalSuccesses) + float64(counts.TotalFailures)
	return ended >= float64(enough) && float64(counts.TotalFailures) >= l.breaker.settings.FailureRatio*ended
}

// changes follows the inner breaker, under its lock.
func (l *life) changes(_ string, from, to gobreaker.State) {
	now := time.Now()
	change := Change{From: State(from), To: State(to)}
	l.generation.Add(1)
	l.row.Store(0)
	switch change.To {
	case Closed:
		l.ramp.begin(now)
	case Open:
		l.ramp.end()
		if change.From == Closed {
			change.Counts = Counts{int(l.tripped.TotalSuccesses), int(l.tripped.TotalFailures)}
		}
	}
	l.since.Store(now.UnixNano())
	l.state.Store(int32(change.To))
	if l == l.breaker.life.Load() {
		l.breaker.changed(change)
	}
}

// A Permit is the leave to send one request. It belongs to one goroutine; the zero Permit
// is one that nobody asks about.
type Permit struct {
	life       *life
	done       func(error)
	at         time.Time
	generation uint64
	probe      *probe
}

// At returns when the permit was given.
func (p *Permit) At() time.Time { return p.at }

// Done says what the request came to, and how long it took since Admit. Only the first
// call counts.
func (p *Permit) Done(outcome Outcome, took time.Duration) {
	done, l := p.done, p.life
	if done == nil {
		return
	}
	p.done = nil
	settings := &l.breaker.settings
	if outcome == Success && settings.Slow > 0 && took > settings.Slow {
		outcome = Failure
	}
	if p.probe != nil && p.probe.ended.Swap(true) && outcome == Excluded {
		return // it was given up, which has made room for another one already
	}
	late := took > settings.Window/buckets
	switch {
	case l.generation.Load() != p.generation:
		done(errExcluded) // the breaker has changed since: it counts no more
	case late && p.probe == nil:
		// gobreaker counts an outcome when its request began, and not at all when that was
		// before the window: a backend that hangs would never be open.
		done(errExcluded)
		if outcome != Excluded && l.stateNow() == Closed {
			l.again(outcome)
		}
	default:
		l.count(done, outcome)
	}
	l.breaker.tell()
}

// again counts an outcome as that of a request of this moment.
func (l *life) again(outcome Outcome) {
	if done, err := l.inner.Allow(); err == nil {
		l.count(done, outcome)
	}
}

func (l *life) count(done func(error), outcome Outcome) {
	switch outcome {
	case Success:
		l.row.Store(0)
		done(nil)
	case Failure:
		l.row.Add(1)
		done(errFailure)
	case Excluded:
		done(errExcluded)
	}
}
