package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requestMetrics are what is recorded of each request.
type requestMetrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	overhead *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	received *prometheus.CounterVec
	sent     *prometheus.CounterVec
}

// durationBuckets are in seconds: half a millisecond, what a proxy itself costs,
// to ten seconds, when nobody waits any more.
var durationBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// overheadBuckets, in seconds, reach from a request that passes through to one that waited
// in a queue or between tries.
var overheadBuckets = []float64{2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, .001, .0025, .005, .01, .05, .25, 1}

// Bounds of native histograms. A series with more buckets than this begins anew where it is
// older than the time, else its buckets get coarser.
const (
	nativeFactor  = 1.1 // from one bucket to the next
	nativeBuckets = 100
	nativeReset   = time.Hour
)

func newRequestMetrics() requestMetrics {
	bytes := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"route", "side"})
	}
	return requestMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ficus_requests_total",
			Help: "Requests answered, by route, the side that served, method and status code.",
		}, []string{"route", "side", "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                           "ficus_request_duration_seconds",
			Help:                           "Time from the request's arrival to the end of its response; upgrades count until the 101. A native histogram too.",
			Buckets:                        durationBuckets,
			NativeHistogramBucketFactor:    nativeFactor,
			NativeHistogramMaxBucketNumber: nativeBuckets, NativeHistogramMinResetDuration: nativeReset,
		}, []string{"route", "side"}),
		overhead: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "ficus_gateway_overhead_seconds",
			Help:    "Time that the gateway itself adds until the answer's headers are sent: without what backends take and without waiting for the client's body, with waiting in queues and between tries.",
			Buckets: overheadBuckets,
		}, []string{"route"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ficus_requests_in_flight",
			Help: "Requests being served now, open streams and upgrades included.",
		}, []string{"route", "side"}),
		received: bytes("ficus_request_body_bytes_total",
			"Bytes of requests' bodies that were read for a backend, by route and the side that was chosen; not what passes through upgrades."),
		sent: bytes("ficus_response_body_bytes_total",
			"Bytes of answers' bodies sent to clients, by route and the side that served; not what passes through upgrades."),
	}
}

func (m *requestMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.duration, m.overhead, m.inFlight, m.received, m.sent}
}

// begin makes the series of one side of a route.
func (m *requestMetrics) begin(s *sideSeries, id, side string) {
	s.duration = m.duration.WithLabelValues(id, side)
	s.overhead = m.overhead.WithLabelValues(id)
	s.inFlight = m.inFlight.WithLabelValues(id, side)
	s.received, s.sent = m.received.WithLabelValues(id, side), m.sent.WithLabelValues(id, side)
}

// forget deletes the series of a route.
func (m *requestMetrics) forget(route prometheus.Labels) {
	m.requests.DeletePartialMatch(route)
	m.duration.DeletePartialMatch(route)
	m.overhead.DeletePartialMatch(route)
	m.inFlight.DeletePartialMatch(route)
	m.received.DeletePartialMatch(route)
	m.sent.DeletePartialMatch(route)
}
