package telemetry

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/backend"
	"ficus/gateway/backend/breaker"
)

// backendMetrics are read from the backends when they are asked for: a request pays
// nothing, and what has left the table has no series.
type backendMetrics struct {
	status atomic.Pointer[func() []backend.Status]
	read   []prometheus.Collector
}

// ReadBackends says where the state of the backends is to be had. It is called at each
// scrape, once for each metric.
func (b *backendMetrics) ReadBackends(status func() []backend.Status) { b.status.Store(&status) }

func (b *backendMetrics) collectors() []prometheus.Collector { return b.read }

// emit adds one series.
type emit func(value float64, labels ...string)

// read is a metric whose series are asked for at each scrape.
type read struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	series      func(add emit)
}

// Describe is part of prometheus.Collector.
func (r *read) Describe(to chan<- *prometheus.Desc) { to <- r.description }

// Collect is part of prometheus.Collector.
func (r *read) Collect(to chan<- prometheus.Metric) {
	r.series(func(value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(r.description, r.kind, value, labels...)
	})
}

// ofEach makes a metric of some series of each status, the first label of which is its name.
func ofEach[S any](from *atomic.Pointer[func() []S], name func(*S) string, series func(*S, emit)) func(emit) {
	return func(add emit) {
		status := from.Load()
		if status == nil {
			return
		}
		for _, s := range (*status)() {
			series(&s, func(value float64, labels ...string) { add(value, append([]string{name(&s)}, labels...)...) })
		}
	}
}

func newBackendMetrics() *backendMetrics {
	b := &backendMetrics{}
	add := func(kind prometheus.ValueType, name, help, label string, series func(s *backend.Status, add emit)) {
		labels := []string{"backend"}
		if label != "" {
			labels = append(labels, label)
		}
		each := ofEach(&b.status, func(s *backend.Status) string { return s.Name }, series)
		b.read = append(b.read, &read{prometheus.NewDesc(name, help, labels, nil), kind, each})
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue

	add(gauge, "ficus_backend_breaker_state", "State of the backend's breaker: 0 closed, 1 half-open, 2 open; no series for a backend without one.", "",
		ofBreaker(func(s *breaker.Snapshot) float64 { return float64(s.State) }))
	add(gauge, "ficus_backend_breaker_overridden", "1 where an operator has set the breaker, so that it doesn't move by itself.", "",
		ofBreaker(func(s *breaker.Snapshot) float64 { return oneIf(s.Override != breaker.Auto) }))
	add(gauge, "ficus_backend_breaker_share_ratio", "Share of the requests that the breaker lets through: 0 where it is not closed, below 1 where it comes back.", "",
		ofBreaker(func(s *breaker.Snapshot) float64 { return s.Share }))
	add(counter, "ficus_backend_breaker_transitions_total", "Changes of the breaker's state, by the state it came to: closed, half_open or open.", "to",
		func(s *backend.Status, add emit) { addAll(add, s.Transitions) })
	add(gauge, "ficus_backend_in_flight", "Requests under way to the backend, streams and upgrades included.", "",
		func(s *backend.Status, add emit) { add(float64(s.InFlight)) })
	add(gauge, "ficus_backend_limit", "Requests that may be under way now, adaptive or not; no series for a backend without a limit.", "",
		func(s *backend.Status, add emit) {
			if s.Limit > 0 {
				add(float64(s.Limit))
			}
		})
	add(gauge, "ficus_backend_queued", "Requests that wait in the backend's queue.", "",
		func(s *backend.Status, add emit) { add(float64(s.Queued)) })
	add(counter, "ficus_backend_rejected_total", "Requests that the backend did not take, by reason: open, ramp, full or queue_timeout.", "reason",
		func(s *backend.Status, add emit) { addAll(add, s.Refused) })
	add(gauge, "ficus_backend_address_up", "1 for an address that may get requests, 0 for one that fails its health check, was not asked yet or is ejected.", "address",
		ofAddress(func(a *backend.AddressStatus) float64 { return oneIf(a.Up()) }))
	add(gauge, "ficus_backend_address_in_flight", "Requests under way to the address.", "address",
		ofAddress(func(a *backend.AddressStatus) float64 { return float64(a.InFlight) }))
	add(gauge, "ficus_backend_address_latency_seconds", "How long answers of the address take until their headers, of late; slow ones weigh more.", "address",
		ofAddress(func(a *backend.AddressStatus) float64 { return a.Latency.Seconds() }))
	add(counter, "ficus_backend_ejections_total", "Times that an address of the backend was left out for failing often in a row.", "",
		func(s *backend.Status, add emit) { add(float64(s.Ejections)) })
	add(counter, "ficus_backend_health_checks_total", "Health checks of the backend's addresses, by result: passed or failed.", "result",
		func(s *backend.Status, add emit) { addAll(add, s.Checks) })
	return b
}

func ofBreaker(value func(*breaker.Snapshot) float64) func(*backend.Status, emit) {
	return func(s *backend.Status, add emit) {
		if s.Breaker != nil {
			add(value(s.Breaker))
		}
	}
}

func ofAddress(value func(*backend.AddressStatus) float64) func(*backend.Status, emit) {
	return func(s *backend.Status, add emit) {
		for i := range s.Addresses {
			add(value(&s.Addresses[i]), s.Addresses[i].Address)
		}
	}
}

func addAll(add emit, values map[string]uint64) {
	for label, value := range values {
		add(float64(value), label)
	}
}
