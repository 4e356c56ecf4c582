package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/route"
)

// standMetrics say where each route of the table that serves stands.
type standMetrics struct {
	stage  *prometheus.GaugeVec
	weight *prometheus.GaugeVec
	info   *prometheus.GaugeVec
}

func newStandMetrics() standMetrics {
	return standMetrics{
		stage: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ficus_route_stage",
			Help: "1 for the stage of each route in the table that serves, the default route included.",
		}, []string{"route", "stage"}),
		weight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ficus_route_weight_ratio",
			Help: "Share of the cohorts that the new side serves by the table, 0 to 1: the weight at stage canary, 0 before it and 1 after. A route that is killed keeps it.",
		}, []string{"route"}),
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ficus_route_info",
			Help: "1 for each route in the table that serves: its group, its owner and the backend of its new side, for boards and rules to tell them apart by; empty where it has none.",
		}, []string{"route", "group", "backend", "owner"}),
	}
}

func (m *standMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.stage, m.weight, m.info}
}

func (m *standMetrics) forget(route prometheus.Labels) {
	m.stage.DeletePartialMatch(route)
	m.weight.DeletePartialMatch(route)
	m.info.DeletePartialMatch(route)
}

// Stands records where the route stands, and the share of cohorts, 0 to 1, that the new
// side serves. At no time has a route two stages, or none.
func (r *Route) Stands(stage route.Stage, share float64) {
	m := r.metrics
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.removed {
		return
	}
	if r.stage != nil && *r.stage != stage {
		m.standMetrics.stage.DeleteLabelValues(r.id, r.stage.String())
	}
	r.stage = &stage
	m.standMetrics.stage.WithLabelValues(r.id, stage.String()).Set(1)
	m.weight.WithLabelValues(r.id).Set(share)
}

// RouteInfo is what groups routes on boards; "" where there is none.
type RouteInfo struct{ Group, Backend, Owner string }

// Is records what the route belongs to. At no time has a route two of them.
func (r *Route) Is(info RouteInfo) {
	m := r.metrics
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.removed {
		return
	}
	if r.info != nil && *r.info != info {
		m.standMetrics.info.DeleteLabelValues(r.id, r.info.Group, r.info.Backend, r.info.Owner)
	}
	r.info = &info
	m.standMetrics.info.WithLabelValues(r.id, info.Group, info.Backend, info.Owner).Set(1)
}
