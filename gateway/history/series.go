package history

import (
	"math"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/telemetry"
)

// A Point is what one side of a route did between two samples. Latencies are in seconds,
// and NaN where there was no request.
type Point struct {
	Rate          float32 // requests a second
	Errors        float32 // share of them answered with 500 to 599, 0 to 1
	P50, P95, P99 float32
}

// Lately is what one side of a route does now: the last half minute, older requests counting
// less and less.
type Lately struct {
	Point
	Fallbacks float32 // a second, that legacy answered in its place
	InFlight  int
	Total     uint64 // requests since the process began
}

// series is one side of a route.
type series struct {
	last   telemetry.Totals
	seen   uint64  // the sample after the one that it was in
	active uint64  // the last sample with a request
	points []Point // a ring, laid out as History.times; nil without traffic lately

	recent recent
}

// recent is what was counted lately, faded.
type recent struct {
	seconds, requests, errors, fallbacks float64
	duration                             [telemetry.Buckets]float64
}

// fade is what is left of older counts after a sample: half after three of them.
const fade = 0.8

// idle is the point of a side without requests.
var idle = Point{P50: nan, P95: nan, P99: nan}

var nan = float32(math.NaN())

// begin clears the place of a sample, which holds one that is a whole ring old.
func (s *series) begin(tick uint64) {
	if s.points != nil {
		s.points[tick%uint64(len(s.points))] = idle
	}
}

// add takes what the counters say now, and returns how many requests there were since.
func (s *series) add(t *telemetry.Totals, tick uint64, ring int, elapsed float64, bounds []float64) uint64 {
	requests := less(t.Requests, s.last.Requests)
	failed := less(t.Errors, s.last.Errors)
	var took [telemetry.Buckets]float64
	for i := range took {
		took[i] = float64(less(t.Duration[i], s.last.Duration[i]))
	}
	s.recent.fallbacks = s.recent.fallbacks*fade + float64(less(t.Fallbacks, s.last.Fallbacks))
	s.last, s.seen = *t, tick+1
	s.recent.add(float64(requests), float64(failed), elapsed, &took)
	if requests == 0 {
		return 0
	}
	if s.points == nil {
		s.points = make([]Point, ring)
		for i := range s.points {
			s.points[i] = idle
		}
	}
	s.active = tick
	s.points[tick%uint64(len(s.points))] = point(float64(requests), float64(failed), elapsed, &took, bounds)
	return requests
}

// less subtracts counters; one that began anew counts from zero.
func less(now, before uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

func (r *recent) add(requests, failed, elapsed float64, took *[telemetry.Buckets]float64) {
	r.seconds = r.seconds*fade + elapsed
	r.requests = r.requests*fade + requests
	r.errors = r.errors*fade + failed
	for i, n := range took {
		r.duration[i] = r.duration[i]*fade + n
	}
}

func point(requests, failed, elapsed float64, took *[telemetry.Buckets]float64, bounds []float64) Point {
	if requests < .05 {
		return idle
	}
	return Point{
		Rate: float32(requests / elapsed), Errors: float32(min(1, failed/requests)),
		P50: quantile(.5, took, bounds), P95: quantile(.95, took, bounds), P99: quantile(.99, took, bounds),
	}
}

// quantile estimates a latency as Prometheus does: evenly spread within its bucket. What
// took longer than the longest bound counts as that bound.
func quantile(q float64, took *[telemetry.Buckets]float64, bounds []float64) float32 {
	total := 0.0
	for _, n := range took {
		total += n
	}
	if total == 0 {
		return nan
	}
	rank, low := q*total, 0.0
	for i, n := range took {
		if i == len(bounds) {
			break
		}
		if rank <= n && n > 0 {
			return float32(low + (bounds[i]-low)*rank/n)
		}
		rank -= n
		low = bounds[i]
	}
	return float32(bounds[len(bounds)-1])
}

// Lately returns what a side does now.
func (h *History) Lately(id string, side route.Side) Lately {
	h.mu.RLock()
	defer h.mu.RUnlock()
	s := h.series[key{id, side}]
	if s == nil {
		return Lately{Point: idle}
	}
	r := &s.recent
	return Lately{
		Point:     point(r.requests, r.errors, r.seconds, &r.duration, h.bounds),
		Fallbacks: float32(r.fallbacks / max(r.seconds, 1)), InFlight: s.last.InFlight, Total: s.last.Requests,
	}
}

// Points returns the newest n points of a side, the oldest first, or fewer where fewer
// samples were taken; nil where it had no requests lately.
func (h *History) Points(id string, side route.Side, n int) []Point {
	h.mu.RLock()
	defer h.mu.RUnlock()
	s := h.series[key{id, side}]
	if s == nil || s.points == nil {
		return nil
	}
	return newest(s.points, h.ticks, n)
}

// Times returns when the newest n samples were taken, as Points returns points.
func (h *History) Times(n int) []time.Time {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return newest(h.times, h.ticks, n)
}

func newest[T any](ring []T, taken uint64, n int) []T {
	count := min(uint64(n), uint64(len(ring)), taken)
	list := make([]T, 0, count)
	for at := taken - count; at < taken; at++ {
		list = append(list, ring[at%uint64(len(ring))])
	}
	return list
}
