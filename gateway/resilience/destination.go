package resilience

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/backend"
	"ficus/gateway/route"
	"ficus/gateway/telemetry"
)

// A Destination is a backend of one table, and what retries and fallbacks may cost it.
type Destination struct {
	backend    *backend.Backend
	definition *route.Backend
	http2      bool // without TLS
	random     func() float64
	*allowance
}

// allowance is what a backend spends on retries and fallbacks. It lives as long as a table
// has that backend, whatever else of its definition changes.
type allowance struct {
	retries   Bucket
	exhausted telemetry.Counter
	metrics   *telemetry.Metrics

	fallbacks    Bucket // where there is a rate
	rated        bool
	inFlight     atomic.Int64 // fallbacks
	maxFallbacks int64
}

type allowanceKey struct {
	name     string
	budget   route.RetryBudget
	fallback route.FallbackLimit
	inflight int // from which the limit of fallbacks follows
}

// Destinations holds the allowances of backends over table edits. It is safe for
// concurrent use.
type Destinations struct {
	metrics *telemetry.Metrics
	random  func() float64

	mu   sync.Mutex
	held map[allowanceKey]*allowance
}

// NewDestinations returns none yet. random returns numbers from 0 to below 1, for the
// waits between tries, and is called concurrently.
func NewDestinations(metrics *telemetry.Metrics, random func() float64) *Destinations {
	return &Destinations{metrics: metrics, random: random, held: map[allowanceKey]*allowance{}}
}

// Hold returns the destinations of a table, by the names of their backends. Allowances that
// the table does not need are forgotten.
func (d *Destinations) Hold(definitions []route.Backend, backends *backend.Set) map[string]*Destination {
	d.mu.Lock()
	defer d.mu.Unlock()
	held, byName := make(map[allowanceKey]*allowance, len(definitions)), make(map[string]*Destination, len(definitions))
	d.metrics.RetainBudgets(func(name string) bool {
		return slices.ContainsFunc(definitions, func(b route.Backend) bool { return b.Name == name })
	})
	for i := range definitions {
		b := &definitions[i]
		key := allowanceKey{b.Name, b.RetryBudget, b.FallbackLimit, b.MaxInflight}
		if held[key] = d.held[key]; held[key] == nil {
			held[key] = newAllowance(b, d.metrics)
		}
		byName[b.Name] = &Destination{backend: backends.Get(b.Name), definition: b, http2: speaksHTTP2(b), random: d.random, allowance: held[key]}
	}
	d.held = held
	return byName
}

// Budgets says for each backend how many retries its budget would allow now.
func (d *Destinations) Budgets(yield func(backend string, left float64) bool) {
	d.mu.Lock()
	held := d.held
	d.mu.Unlock()
	now := time.Now()
	for key, a := range held { // which Hold replaces and never changes
		if !yield(key.name, a.retries.left(now)) {
			return
		}
	}
}

const (
	budgetBurst         = 10  // retries at once, where there were none of late
	defaultMaxFallbacks = 512 // under way
)

func newAllowance(b *route.Backend, metrics *telemetry.Metrics) *allowance {
	budget, limit := b.RetryBudget.Filled(), b.FallbackLimit
	a := &allowance{exhausted: metrics.BudgetExhausted(b.Name), metrics: metrics, maxFallbacks: defaultMaxFallbacks, rated: !limit.Rate.IsZero()}
	now := time.Now()
	a.retries.Fill(now, budget.Ratio, budget.Floor, budgetBurst)
	a.fallbacks.Fill(now, 0, limit.Rate.PerSecond(), max(1, limit.Rate.PerSecond()))
	switch {
	case limit.MaxInflight > 0:
		a.maxFallbacks = int64(limit.MaxInflight)
	case b.MaxInflight > 0: // the other half is for legacy's own requests
		a.maxFallbacks = min(a.maxFallbacks, max(1, int64(b.MaxInflight/2)))
	}
	return a
}

// mayRetry takes a retry out of the budget.
func (a *allowance) mayRetry() bool {
	if a.retries.Take(time.Now()) {
		return true
	}
	a.exhausted.Inc()
	return false
}

// beginFallback lets a fallback in, until endFallback. Where it does not, it says why.
func (a *allowance) beginFallback() telemetry.Refusal {
	if a.inFlight.Add(1) > a.maxFallbacks {
		a.inFlight.Add(-1)
		return telemetry.RefusedLimit
	}
	if a.rated && !a.fallbacks.Take(time.Now()) {
		a.inFlight.Add(-1)
		return telemetry.RefusedRate
	}
	a.metrics.FallbackBegins()
	return telemetry.NotRefused
}

func (a *allowance) endFallback() {
	a.inFlight.Add(-1)
	a.metrics.FallbackEnds()
}

// speaksHTTP2 reports whether connections without TLS speak HTTP/2.
func speaksHTTP2(b *route.Backend) bool {
	switch versions := b.Transport["versions"].(type) {
	case []any:
		return slices.Contains(versions, any("h2c"))
	case []string:
		return slices.Contains(versions, "h2c")
	}
	return false
}
