package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Reason is why a try failed.
type Reason uint8

// The reasons.
const (
	NoReason         Reason = iota
	ReasonOpen              // the backend's breaker is
	ReasonFull              // the backend is
	ReasonConnect           // before the request was sent
	ReasonConnection        // a kept connection was closed; net/http sends the request again
	ReasonError             // after the request was sent
	ReasonTimeout           // of the try
	ReasonStatus            // the answer is a failure
	numReasons
)

var reasons = [numReasons]string{"", "open", "full", "connect", "connection", "error", "timeout", "status"}

// String returns the word that labels and logs use, "" for no reason.
func (r Reason) String() string { return reasons[r] }

// Refusal is why legacy did not answer in the place of a new side that failed.
type Refusal uint8

// The refusals.
const (
	NotRefused           Refusal = iota
	RefusedDisabled              // by the route
	RefusedNotIdempotent         // the request may not be sent twice
	RefusedBody                  // its body can't be sent again
	RefusedLimit                 // too many fallbacks are under way
	RefusedRate                  // there were too many of late
	RefusedLegacy                // legacy's own breaker is open, or legacy is full
	RefusedTime                  // there is no time left, or no try
	numRefusals
)

var refusals = [numRefusals]string{"", "disabled", "not_idempotent", "body", "limit", "rate", "legacy", "time"}

// Timeout is what took too long.
type Timeout uint8

// The timeouts.
const (
	TimeoutRequest  Timeout = iota // the route's, of the whole request
	TimeoutDeadline                // the client's
	TimeoutTry                     // of one try
	TimeoutIdle                    // a body rested
	TimeoutClient                  // the client did not send its body
	numTimeouts
)

var timeouts = [numTimeouts]string{"request", "deadline", "try", "idle", "client"}

// A Counter only grows.
type Counter interface{ Inc() }

// resilienceVecs are the metrics of retries, fallbacks and timeouts.
type resilienceVecs struct {
	retries, exhausted, fallbacks, refused, timeouts *prometheus.CounterVec
	falling                                          prometheus.Gauge
	budgetLeft                                       *readBudgets
}

func newResilienceVecs(counter func(name, help string, labels ...string) *prometheus.CounterVec) resilienceVecs {
	return resilienceVecs{
		retries: counter("ficus_retries_total",
			"Requests sent again to the same backend, by route and why: connect, connection (a kept one was closed), error, timeout or status.",
			"route", "reason"),
		exhausted: counter("ficus_retry_budget_exhausted_total",
			"Retries that there were not, because the backend's retry budget was used up.", "backend"),
		fallbacks: counter("ficus_fallbacks_total",
			"Requests that legacy answered in the place of the new side, by route and why: open, full, connect, error, timeout or status.",
			"route", "reason"),
		refused: counter("ficus_fallbacks_refused_total",
			"Failures of the new side that legacy did not answer for, by route and why: disabled, not_idempotent, body (too long to be sent again), limit, rate, legacy (open or full itself) or time.",
			"route", "reason"),
		timeouts: counter("ficus_timeouts_total",
			"Requests and tries that took too long, by route and kind: request (the route's timeout), deadline (the client's), try, idle or client (its body did not come).",
			"route", "kind"),
		falling: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ficus_fallbacks_in_flight",
			Help: "Requests that legacy serves now in the place of the new side.",
		}),
		budgetLeft: &readBudgets{description: prometheus.NewDesc("ficus_retry_budget_left",
			"Retries that the backend's retry budget would allow now.", []string{"backend"}, nil)},
	}
}

func (v *resilienceVecs) collectors() []prometheus.Collector {
	return []prometheus.Collector{v.retries, v.exhausted, v.fallbacks, v.refused, v.timeouts, v.falling, v.budgetLeft}
}

func (v *resilienceVecs) forget(route prometheus.Labels) {
	for _, vec := range [...]*prometheus.CounterVec{v.retries, v.fallbacks, v.refused, v.timeouts} {
		vec.DeletePartialMatch(route)
	}
}

// resilienceSeries are those of one route, each made when it is first needed.
type resilienceSeries struct {
	retries, fallbacks [numReasons]lateCounter
	refused            [numRefusals]lateCounter
	timeouts           [numTimeouts]lateCounter
}

// Retried counts a request that is sent again to the same backend.
func (r *Route) Retried(why Reason) {
	r.resilience.retries[why].inc(r, r.metrics.resilienceVecs.retries, reasons[why])
}

// FellBack counts a request that legacy answered in the place of the new side.
func (r *Route) FellBack(why Reason) {
	r.resilience.fallbacks[why].inc(r, r.metrics.resilienceVecs.fallbacks, reasons[why])
}

// FallbackRefused counts a failure of the new side that legacy did not answer for.
// NotRefused is not counted.
func (r *Route) FallbackRefused(why Refusal) {
	if why != NotRefused {
		r.resilience.refused[why].inc(r, r.metrics.resilienceVecs.refused, refusals[why])
	}
}

// TimedOut counts what took too long.
func (r *Route) TimedOut(what Timeout) {
	r.resilience.timeouts[what].inc(r, r.metrics.resilienceVecs.timeouts, timeouts[what])
}

// FallbackBegins counts a fallback as under way, until FallbackEnds.
func (m *Metrics) FallbackBegins() { m.resilienceVecs.falling.Inc() }

// FallbackEnds ends what FallbackBegins began.
func (m *Metrics) FallbackEnds() { m.resilienceVecs.falling.Dec() }

// BudgetExhausted returns what counts the retries that a backend's budget did not allow.
func (m *Metrics) BudgetExhausted(backend string) Counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.budgets[backend] = true
	return m.resilienceVecs.exhausted.WithLabelValues(backend)
}

// RetainBudgets deletes the series of all backends but those that keep reports.
func (m *Metrics) RetainBudgets(keep func(backend string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.budgets {
		if !keep(name) {
			m.resilienceVecs.exhausted.DeleteLabelValues(name)
			delete(m.budgets, name)
		}
	}
}
