package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// shadowMetrics are what is known of copies of requests at stage shadow.
type shadowMetrics struct {
	shadows        *prometheus.CounterVec
	shadowDropped  *prometheus.CounterVec
	shadowTime     *prometheus.HistogramVec
	shadowQueued   *prometheus.GaugeVec
	shadowInFlight *prometheus.GaugeVec
	shadowBytes    prometheus.Gauge
}

func newShadowMetrics() shadowMetrics {
	return shadowMetrics{
		shadows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ficus_shadow_total",
			Help: "Copies of requests sent to the new side, by route and what the comparison with legacy's answer came to: match; status, header, json or body where that differs; too_large or encoded where the bodies could not be compared; error or timeout where there was no answer.",
		}, []string{"route", "result"}),
		shadowDropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ficus_shadow_dropped_total",
			Help: "Requests at stage shadow of which no copy was sent, by route and reason: method, body, upgrade or stream (not copied at all), loop (a copy itself), partial (legacy answered by a range or a condition), incomplete (legacy gave no whole answer), queue or memory (too many copies), failing (the new side has just failed and is left alone for a moment), late (the copy waited too long), refused (the new side can't be told who asks) or closed (the backend has left the table).",
		}, []string{"route", "reason"}),
		shadowTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "ficus_shadow_duration_seconds",
			Help:    "Time that the new side took to answer copies, body included.",
			Buckets: durationBuckets,
		}, []string{"route"}),
		shadowQueued: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ficus_shadow_queued", Help: "Copies that wait, by backend.",
		}, []string{"backend"}),
		shadowInFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ficus_shadow_in_flight", Help: "Copies under way, by backend.",
		}, []string{"backend"}),
		shadowBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ficus_shadow_captured_bytes",
			Help: "Memory that copies and the answers to be compared take.",
		}),
	}
}

func (s *shadowMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{s.shadows, s.shadowDropped, s.shadowTime, s.shadowQueued, s.shadowInFlight, s.shadowBytes}
}

func (s *shadowMetrics) forget(match prometheus.Labels) {
	s.shadows.DeletePartialMatch(match)
	s.shadowDropped.DeletePartialMatch(match)
	s.shadowTime.DeletePartialMatch(match)
}

// Shadowed counts a copy that was sent, by what came of it: one of parity's kinds.
func (r *Route) Shadowed(result string, took time.Duration) {
	r.words.of(r, wordKey{vec: r.metrics.shadows, first: result}).Inc()
	r.shadowTook.observe(r, r.metrics.shadowTime, took)
}

// ShadowDropped counts a request of which no copy was sent. The reason is one of a closed set.
func (r *Route) ShadowDropped(reason string) {
	r.words.of(r, wordKey{vec: r.metrics.shadowDropped, first: reason}).Inc()
}

// A ShadowBackend records the copies to one backend.
type ShadowBackend struct{ queued, inFlight prometheus.Gauge }

// ShadowBackend returns the recorder of a backend that gets copies.
func (m *Metrics) ShadowBackend(name string) ShadowBackend {
	return ShadowBackend{m.shadowQueued.WithLabelValues(name), m.shadowInFlight.WithLabelValues(name)}
}

// Queued adds to the copies that wait.
func (b ShadowBackend) Queued(by int) { b.queued.Add(float64(by)) }

// InFlight adds to the copies under way.
func (b ShadowBackend) InFlight(by int) { b.inFlight.Add(float64(by)) }

// ShadowGone deletes the series of a backend that gets no copies any more.
func (m *Metrics) ShadowGone(backend string) {
	m.shadowQueued.DeleteLabelValues(backend)
	m.shadowInFlight.DeleteLabelValues(backend)
}

// ShadowBytes adds to the memory that copies take, in bytes.
func (m *Metrics) ShadowBytes(n int) { m.shadowBytes.Add(float64(n)) }
