package breaker

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// probes are the requests that try a half-open breaker. gobreaker waits for their
// outcome for ever, so that one that is lost would keep the breaker half-open for good.
type probes struct {
	mu   sync.Mutex
	open []*probe
}

type probe struct {
	done  func(error)
	since time.Time
	ended atomic.Bool // Done was called, or it was given up
}

func (p *probes) add(done func(error), now time.Time) *probe {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = slices.DeleteFunc(p.open, func(other *probe) bool { return other.ended.Load() })
	one := &probe{done: done, since: now}
	p.open = append(p.open, one)
	return one
}

// forget gives up probes that have been out for longer than patience, and reports whether
// there were any: then another one may try. An outcome that comes after all still counts.
func (p *probes) forget(now time.Time, patience time.Duration) (any bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.open {
		if now.Sub(one.since) > patience && !one.ended.Swap(true) {
			one.done(errExcluded)
			any = true
		}
	}
	return any
}
