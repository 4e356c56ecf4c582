package console

import (
	"math"
	"time"

	"ficus/gateway/history"
	"ficus/gateway/route"
)

// values is what one line of a chart shows, the oldest first; NaN leaves a gap.
type values []float64

// figures are the points of one side of a route in fewer, equal steps.
type figures struct{ rate, errors, p50, p95, p99 values }

// span says how many samples a line joins to how many points, so that it reaches back as
// far as there are samples, within bounds.
func (c *Console) span(most time.Duration, points int) (spread, n int) {
	known := len(c.History.Times(int(most / history.Interval)))
	spread = max(known, int(leastWindow/history.Interval))
	n = min(points, spread)
	return spread - spread%n, n
}

// figuresOf joins the newest points of a side so that n remain; spread is how many there
// would be. What was not sampled yet is a gap at the left.
func (c *Console) figuresOf(id string, side route.Side, spread, n int) figures {
	found := c.History.Points(id, side, spread)
	if found == nil {
		return figures{}
	}
	per := max(1, spread/n)
	f := figures{}
	for i := range n {
		end := len(found) - (n-1-i)*per
		f.add(found[max(0, end-per):max(0, end)])
	}
	return f
}

// add joins some points to one: the mean of rates, errors by their requests, and of
// latencies the worst.
func (f *figures) add(some []history.Point) {
	one := history.Point{Rate: nan, Errors: nan, P50: nan, P95: nan, P99: nan}
	requests, failed := float32(0), float32(0)
	for _, p := range some {
		requests += p.Rate
		failed += p.Rate * p.Errors
		one.P50, one.P95, one.P99 = worse(one.P50, p.P50), worse(one.P95, p.P95), worse(one.P99, p.P99)
	}
	if len(some) > 0 {
		one.Rate = requests / float32(len(some))
	}
	if requests > 0 {
		one.Errors = failed / requests
	}
	f.rate, f.errors = append(f.rate, float64(one.Rate)), append(f.errors, float64(one.Errors))
	f.p50, f.p95, f.p99 = append(f.p50, float64(one.P50)), append(f.p95, float64(one.P95)), append(f.p99, float64(one.P99))
}

var nan = float32(math.NaN())

// worse is the larger of two, one that isn't there being none.
func worse(a, b float32) float32 {
	if a != a || b > a {
		return b
	}
	return a
}

// highest returns the largest value of some lines, 0 for none.
func highest(lines ...values) float64 {
	top := 0.0
	for _, line := range lines {
		for _, v := range line {
			if v > top {
				top = v
			}
		}
	}
	return top
}
