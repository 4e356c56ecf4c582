package telemetry

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/route"
)

// limitMetrics are the metrics of what the gateway refuses, of faults on purpose, and of
// what stays open.
type limitMetrics struct {
	rateLimited *prometheus.CounterVec
	shed        *prometheus.CounterVec
	limitKeys   readGauge
	capacity    prometheus.Gauge
	underWay    readGauge

	faults       *prometheus.CounterVec
	faultsActive prometheus.Gauge

	streams *prometheus.GaugeVec
}

func newLimitMetrics() limitMetrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return limitMetrics{
		rateLimited: counter("ficus_rate_limited_total",
			"Requests refused with 429 because their client had asked too often, by route.", "route"),
		shed: counter("ficus_shed_total",
			"Requests refused with 503 because the gateway was out of capacity, by route and its priority; where nobody had a place any more, without route and with the priority any. They are not among ficus_requests_total.",
			"route", "priority"),
		limitKeys: newReadGauge("ficus_rate_limit_keys", "Clients of routes that rate limits tell apart now."),
		capacity: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ficus_capacity_requests", Help: "How many requests the gateway takes at a time; 0 for no limit.",
		}),
		underWay: newReadGauge("ficus_capacity_used_requests", "Requests under way now, whatever room they are in, open streams and upgrades included."),
		faults: counter("ficus_faults_injected_total",
			"Requests to backends that were broken on purpose, by route and kind: delay, abort or reset.", "route", "kind"),
		faultsActive: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ficus_faults_active", Help: "Routes whose backends are being broken on purpose.",
		}),
		streams: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ficus_streams_open", Help: "Answers that stay open, by kind: tunnel (an upgrade, such as a websocket) or events (an event stream).",
		}, []string{"kind"}),
	}
}

func (m *limitMetrics) limitCollectors() []prometheus.Collector {
	return []prometheus.Collector{m.rateLimited, m.shed, m.limitKeys, m.capacity, m.underWay, m.faults, m.faultsActive, m.streams}
}

// forget deletes the series of a route.
func (m *limitMetrics) forget(route prometheus.Labels) {
	m.rateLimited.DeletePartialMatch(route)
	m.shed.DeletePartialMatch(route)
	m.faults.DeletePartialMatch(route)
}

// readGauge is a gauge whose value is asked for.
type readGauge struct {
	prometheus.GaugeFunc
	read *atomic.Pointer[func() int64]
}

func newReadGauge(name, help string) readGauge {
	read := new(atomic.Pointer[func() int64])
	return readGauge{prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
		if f := read.Load(); f != nil {
			return float64((*f)())
		}
		return 0
	}), read}
}

// ReadLimits says where the numbers are that are only read: requests under way, and
// clients that rate limits tell apart.
func (m *Metrics) ReadLimits(underWay, keys func() int64) {
	m.underWay.read.Store(&underWay)
	m.limitKeys.read.Store(&keys)
}

// CapacityIs records how many requests the gateway takes, 0 for no limit.
func (m *Metrics) CapacityIs(requests int64) { m.capacity.Set(float64(requests)) }

// FaultsActive records on how many routes backends are broken on purpose.
func (m *Metrics) FaultsActive(routes int) { m.faultsActive.Set(float64(routes)) }

// ShedAll counts a request that was refused when nobody had a place any more.
func (m *Metrics) ShedAll() { m.shed.WithLabelValues("", "any").Inc() }

// Streams returns the gauge of what stays open, of one kind.
func (m *Metrics) Streams(kind string) prometheus.Gauge { return m.streams.WithLabelValues(kind) }

// limitSeries are the series of one route.
type limitSeries struct {
	limited lateCounter
	shed    [route.CriticalPriority + 1]lateCounter
	faults  [len(faultKinds)]lateCounter
}

var faultKinds = [...]string{"delay", "abort", "reset"}

// Limited counts a request that was refused because its client had asked too often.
func (r *Route) Limited() { r.limits.limited.inc(r, r.metrics.rateLimited, "") }

// Shed counts a request that was refused because the gateway was out of capacity.
func (r *Route) Shed(p route.Priority) { r.limits.shed[p].inc(r, r.metrics.shed, p.String()) }

// Fault counts a fault of one of the kinds delay, abort and reset.
func (r *Route) Fault(kind string) {
	for i, known := range faultKinds {
		if kind == known {
			r.limits.faults[i].inc(r, r.metrics.faults, kind)
		}
	}
}
