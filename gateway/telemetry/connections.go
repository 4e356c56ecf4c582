package telemetry

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/connections"
)

// connectionMetrics are read from the places where clients connect when they are asked for.
type connectionMetrics struct {
	status *atomic.Pointer[func() []connections.Status]
	read   []prometheus.Collector
}

// ReadConnections says where to learn how the places stand where clients connect. It is
// called at each scrape, once for each metric.
func (m *Metrics) ReadConnections(status func() []connections.Status) {
	m.connectionMetrics.status.Store(&status)
}

func newConnectionMetrics() connectionMetrics {
	m := connectionMetrics{status: new(atomic.Pointer[func() []connections.Status])}
	add := func(kind prometheus.ValueType, name, help string, series func(*connections.Status, emit), labels ...string) {
		description := prometheus.NewDesc(name, help, append([]string{"listener"}, labels...), nil)
		each := ofEach(m.status, func(s *connections.Status) string { return s.Place }, series)
		m.read = append(m.read, &read{description, kind, each})
	}
	add(prometheus.GaugeValue, "ficus_connections_open", "Connections of clients that are open now, by the address where the gateway listens.",
		func(s *connections.Status, add emit) { add(float64(s.Open)) })
	add(prometheus.GaugeValue, "ficus_connections_limit", "How many connections of clients may be open at the address; 0 for no limit.",
		func(s *connections.Status, add emit) { add(float64(s.Limit)) })
	add(prometheus.CounterValue, "ficus_connections_refused_total",
		"Connections of clients that were reset at once, by what was reached: client (as many as one client may have open) or all (as many as all may).",
		func(s *connections.Status, add emit) {
			for _, reason := range connections.Reasons {
				add(float64(s.Refused[reason]), reason.String())
			}
		}, "reason")
	return m
}
