package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/change"
)

// changeMetrics count what happened to the gateway, and who was told.
type changeMetrics struct {
	changes   *prometheus.CounterVec
	delivered *prometheus.CounterVec
}

// Sinks are who is told of changes, as labels name them.
const (
	SinkEvent   = "event"   // who subscribed to Caddy's events
	SinkGrafana = "grafana" // annotations
)

// What becomes of telling a sink, as labels name it.
const (
	Delivered    = "sent"
	NotDelivered = "failed"
	DroppedHere  = "dropped"
)

var (
	sinks      = [...]string{SinkEvent, SinkGrafana}
	deliveries = [...]string{Delivered, NotDelivered, DroppedHere}
)

// newChangeMetrics has all series from the start, at 0: so that the first change of a kind
// is an increase for Prometheus.
func newChangeMetrics() changeMetrics {
	m := changeMetrics{
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ficus_changes_total",
			Help: "Changes by kind: edits of the table and what they did to routes, policies, the kill switch, breakers, health of addresses, and the end of the process. An edit of many routes counts each.",
		}, []string{"kind"}),
		delivered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ficus_changes_delivered_total",
			Help: "Changes, or summaries of several, that others are told of, by sink (event: Caddy's events; grafana: annotations) and result: sent, failed (after all tries) or dropped (too many at once).",
		}, []string{"sink", "result"}),
	}
	for _, kind := range change.Kinds {
		m.changes.WithLabelValues(string(kind))
	}
	for _, sink := range sinks {
		for _, result := range deliveries {
			m.delivered.WithLabelValues(sink, result)
		}
	}
	return m
}

func (m *changeMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.changes, m.delivered}
}

// Changed counts changes of a kind.
func (m *changeMetrics) Changed(kind change.Kind, by int) {
	m.changes.WithLabelValues(string(kind)).Add(float64(by))
}

// ChangesDelivered counts what became of telling one of the sinks.
func (m *changeMetrics) ChangesDelivered(sink, result string, by int) {
	m.delivered.WithLabelValues(sink, result).Add(float64(by))
}

func changeKinds() []string {
	list := make([]string, len(change.Kinds))
	for i, kind := range change.Kinds {
		list[i] = string(kind)
	}
	return list
}
