// Package history is what the counters said lately: for each side of a route its rate,
// its errors and its latency, sample by sample, and how far the migration has come.
//
// One goroutine, [History.Run], reads the counters of package telemetry every few
// seconds. What is kept is bounded: about 20 MiB for the points, however many routes have
// traffic. The more there are, the less far back the points reach ([History.Reach]).
// Only sides that had requests lately have points at all.
//
// It is for people who look now. What has to last belongs into Prometheus.
package history

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
)

// Interval is how often the counters are read, unless that takes long.
const Interval = 5 * time.Second

// costShare bounds what reading costs: the pause is at least so many times as long.
const costShare = 30

// Points a side, at most and at least, and the memory that all of them may take.
const (
	maxPoints = 720 // an hour
	minPoints = 36
	budget    = 20 << 20
	pointSize = 20 // bytes
)

// Config is what a history needs.
type Config struct {
	Metrics *telemetry.Metrics
	Table   func() *routetable.Table // that serves; nil for none
	File    ProgressFile             // where progress is kept over restarts
	Now     func() time.Time         // time.Now, outside tests
	Logger  *slog.Logger
}

// A History keeps samples. Its methods may be called concurrently.
type History struct {
	Config
	bounds []float64

	mu       sync.RWMutex
	times    []time.Time // when samples were taken, a ring; series have the same layout
	ticks    uint64      // samples taken so far
	series   map[key]*series
	begun    time.Time // the sample before, or the start
	progress progress
	changed  chan struct{} // closed at the next sample
}

type key struct {
	id   string
	side route.Side
}

// New returns a history without samples. What is known of earlier progress is read.
func New(config Config) *History {
	h := &History{
		Config: config, bounds: telemetry.BucketBounds(), times: make([]time.Time, maxPoints),
		series: map[key]*series{}, begun: config.Now(), changed: make(chan struct{}),
	}
	kept, err := config.File.read()
	if err != nil {
		config.Logger.Warn("the progress of the migration so far can't be read: it begins anew", "error", err)
	}
	h.progress.points = kept
	h.progress.current.Time = h.begun
	return h
}

// Run takes samples until the context ends.
func (h *History) Run(ctx context.Context) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			h.keep()
			return
		case <-pause.C:
		}
		begun := time.Now()
		h.Sample()
		if h.dueToKeep() {
			h.keep()
		}
		pause.Reset(max(Interval, costShare*time.Since(begun)))
	}
}

// Sample takes one sample now.
func (h *History) Sample() {
	table, now := h.Table(), h.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	elapsed := now.Sub(h.begun).Seconds()
	h.begun = now
	if elapsed <= 0 {
		return // the clock was set back, or it is the very start
	}
	h.times[h.ticks%uint64(len(h.times))] = now
	for _, s := range h.series {
		s.begin(h.ticks)
	}
	h.Metrics.ReadRoutes(func(id string, side route.Side, t *telemetry.Totals) {
		k := key{id, side}
		s := h.series[k]
		if s == nil {
			s = &series{}
			h.series[k] = s
		}
		requests := s.add(t, h.ticks, len(h.times), elapsed, h.bounds)
		h.progress.count(table, id, side, requests)
	})
	h.forget()
	h.ticks++
	h.fit()
	h.progress.tick(table, now)
	close(h.changed)
	h.changed = make(chan struct{})
}

// forget drops routes that are gone, and the points of those without traffic.
func (h *History) forget() {
	for k, s := range h.series {
		switch {
		case s.seen != h.ticks+1:
			delete(h.series, k)
		case s.points != nil && h.ticks-s.active > uint64(len(h.times)):
			s.points = nil
		}
	}
}

// fit makes all rings shorter or longer, so that they stay within the budget. It doubles
// and halves: seldom, and with room between.
func (h *History) fit() {
	active := 1
	for _, s := range h.series {
		if s.points != nil {
			active++
		}
	}
	n := len(h.times)
	switch {
	case active*n*pointSize > budget && n > minPoints:
		n = max(n/2, minPoints)
	case active*n*pointSize*4 < budget && n < maxPoints:
		n = min(n*2, maxPoints)
	default:
		return
	}
	h.times = resize(h.times, h.ticks, n)
	for _, s := range h.series {
		if s.points != nil {
			s.points = resize(s.points, h.ticks, n)
		}
	}
}

// resize copies the newest elements of a ring that has taken so many into one of n.
func resize[T any](ring []T, taken uint64, n int) []T {
	next := make([]T, n)
	for i := range min(uint64(n), uint64(len(ring)), taken) {
		at := taken - 1 - i
		next[at%uint64(n)] = ring[at%uint64(len(ring))]
	}
	return next
}

// Changed returns a channel that is closed when the next sample has been taken.
func (h *History) Changed() <-chan struct{} {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.changed
}

// Reach says how far back points reach at most, and how many sides have some.
func (h *History) Reach() (back time.Duration, active int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, s := range h.series {
		if s.points != nil {
			active++
		}
	}
	return time.Duration(len(h.times)) * Interval, active
}
