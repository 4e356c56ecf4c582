package telemetry

import (
	"maps"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Series of a route are made when they are first counted: a table may have thousands of
// routes, and most of what can happen never does on most of them. A route that has left
// the table counts into nothing.

// lateCounter is a counter that exists from its first count on.
type lateCounter struct {
	made atomic.Pointer[prometheus.Counter]
}

// inc counts. word is the value of the label beside the route; "" where there is none.
func (c *lateCounter) inc(r *Route, vec *prometheus.CounterVec, word string) {
	if made := c.made.Load(); made != nil {
		(*made).Inc()
		return
	}
	r.metrics.mu.Lock()
	defer r.metrics.mu.Unlock()
	if r.removed {
		return
	}
	made := wordKey{vec: vec, first: word}.make(r)
	c.made.Store(&made)
	made.Inc()
}

// lateCounters are counters by key, each of which exists from its first count on.
type lateCounters[K lateKey] struct {
	made atomic.Pointer[map[K]prometheus.Counter] // copied on write
}

// lateKey tells counters of a route apart, and makes one.
type lateKey interface {
	comparable
	make(r *Route) prometheus.Counter
}

// all returns those that exist.
func (c *lateCounters[K]) all() map[K]prometheus.Counter {
	if made := c.made.Load(); made != nil {
		return *made
	}
	return nil
}

// of returns the counter of a key.
func (c *lateCounters[K]) of(r *Route, key K) prometheus.Counter {
	if made := c.all()[key]; made != nil {
		return made
	}
	r.metrics.mu.Lock()
	defer r.metrics.mu.Unlock()
	if r.removed {
		return r.metrics.discard
	}
	counters := maps.Clone(c.all())
	if counters == nil {
		counters = map[K]prometheus.Counter{}
	}
	counters[key] = key.make(r)
	c.made.Store(&counters)
	return counters[key]
}

// wordKey is a counter with one or two labels beside the route; "" is none.
type wordKey struct {
	vec           *prometheus.CounterVec
	first, second string
}

func (k wordKey) make(r *Route) prometheus.Counter {
	labels := []string{r.id}
	for _, word := range [...]string{k.first, k.second} {
		if word != "" {
			labels = append(labels, word)
		}
	}
	return k.vec.WithLabelValues(labels...)
}

// lateObserver is a histogram of durations that exists from the first one on.
type lateObserver struct {
	made atomic.Pointer[prometheus.Observer]
}

func (o *lateObserver) observe(r *Route, vec *prometheus.HistogramVec, took time.Duration) {
	made := o.made.Load()
	if made == nil {
		made = o.make(r, vec)
	}
	(*made).Observe(took.Seconds())
}

func (o *lateObserver) make(r *Route, vec *prometheus.HistogramVec) *prometheus.Observer {
	r.metrics.mu.Lock()
	defer r.metrics.mu.Unlock()
	made := prometheus.Observer(discardObserver{})
	if !r.removed {
		made = vec.WithLabelValues(r.id)
	}
	o.made.Store(&made)
	return &made
}

// discardObserver takes durations on routes that are gone.
type discardObserver struct{}

func (discardObserver) Observe(float64) {}
