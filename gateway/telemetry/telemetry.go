// Package telemetry holds the metric catalogue: every metric of the gateway, its
// labels from closed sets, and the code that records it.
//
// One [Metrics] lives as long as the process and may be registered with many
// registries, one after the other: so counters survive a Caddy reload, which makes
// a new registry each time. Its methods may be called concurrently; recording a
// request allocates nothing once its series exists.
package telemetry

import (
	"errors"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics is the catalogue and what has been recorded.
type Metrics struct {
	*backendMetrics

	requestMetrics
	graphQL *prometheus.CounterVec
	expires *prometheus.GaugeVec
	killed  *prometheus.GaugeVec
	standMetrics

	decisions     *prometheus.CounterVec
	decisionTime  *prometheus.HistogramVec
	parity        *prometheus.CounterVec
	identified    *prometheus.CounterVec
	policyDropped prometheus.Counter
	policyServing

	resilienceVecs

	tableInfo     *prometheus.GaugeVec
	tableSource   *prometheus.GaugeVec
	tableRoutes   *prometheus.GaugeVec
	tableProblems *prometheus.GaugeVec
	reloads       *prometheus.CounterVec
	reloadOK      prometheus.Gauge
	reloadTime    prometheus.Gauge
	snapshotKept  prometheus.Gauge

	limitMetrics
	connectionMetrics
	shadowMetrics
	changeMetrics

	mu      sync.Mutex
	routes  map[string]*Route
	budgets map[string]bool  // backends that have a retry budget
	discard prometheus.Gauge // takes what is counted on routes that are gone
}

// decisionBuckets, in seconds, reach from a cached decision to the budget of one.
var decisionBuckets = []float64{1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, .02, .1}

// New returns an empty catalogue.
func New() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		backendMetrics: newBackendMetrics(),
		requestMetrics: newRequestMetrics(),
		standMetrics:   newStandMetrics(),
		policyServing:  newPolicyServing(),
		graphQL: counter("ficus_graphql_unmatched_total",
			"Requests that a GraphQL condition let pass, by the route that took them and the reason: mixed, persisted, batch, too_large, encoded, content_type, malformed, unreadable or upgrade.",
			"route", "reason"),
		decisions: counter("ficus_policy_decisions_total",
			"Decisions of policies, by route, mode (enforce or observe) and cause: allowed, denied, undefined, type, error, late, missing or body.",
			"route", "mode", "cause"),
		decisionTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "ficus_policy_decision_duration_seconds",
			Help:    "Time that a policy took to decide, by route.",
			Buckets: decisionBuckets,
		}, []string{"route"}),
		parity: counter("ficus_policy_parity_total",
			"Requests that a policy only observed, by what it decided and what the backend answered: allowed or denied (401, 403).",
			"route", "policy", "backend"),
		identified: counter("ficus_identified_total",
			"Requests by who vouches for their principal: the name of a source, anonymous, or refused where credentials were sent that do not count.",
			"source"),
		policyDropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ficus_policy_log_dropped_total",
			Help: "Decisions that the decision log had no room for.",
		}),
		expires: gauge("ficus_route_expires_timestamp_seconds",
			"When a route should be gone from the table; no series for a route that never expires.", "route"),
		killed: gauge("ficus_route_killed",
			"1 for a route that the kill switch has taken back to legacy, * for all; no series for the others.", "route"),

		tableInfo: gauge("ficus_table_info", "1 for the revision of the table that serves.", "revision"),
		tableSource: gauge("ficus_table_source",
			"1 for where the table that serves came from: folder, snapshot (the last good one of the state folder), unguarded (the folder's policies are broken: routes that have one answer 503) or legacy_only (no route is known, all goes to legacy).",
			"source"),
		tableRoutes: gauge("ficus_table_routes",
			"Routes in the table that serves, by stage.", "stage"),
		tableProblems: gauge("ficus_table_problems",
			"Problems found at the last load of the route folder, by severity and code.", "severity", "code"),
		reloads: counter("ficus_table_reloads_total",
			"Loads of the route folder, by result: applied or rejected.", "result"),
		reloadOK: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ficus_table_last_reload_successful",
			Help: "1 if the last load of the route folder was applied, 0 if it was rejected and the table before serves on.",
		}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ficus_table_last_reload_success_timestamp_seconds",
			Help: "When the route folder was applied last.",
		}),
		snapshotKept: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ficus_table_snapshot_kept",
			Help: "1 if the folder applied last is kept in the state folder for a start with a broken folder.",
		}),
		resilienceVecs: newResilienceVecs(counter),
		limitMetrics:   newLimitMetrics(),

		connectionMetrics: newConnectionMetrics(),

		shadowMetrics: newShadowMetrics(),
		changeMetrics: newChangeMetrics(),

		routes:  map[string]*Route{},
		budgets: map[string]bool{},
		discard: prometheus.NewGauge(prometheus.GaugeOpts{Name: "discard"}),
	}
	return m
}

// Register adds all metrics to a registry. To add them to one that has them
// already is no error.
func (m *Metrics) Register(registry prometheus.Registerer) error {
	for _, c := range m.collectors() {
		var already prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &already) {
			return err
		}
	}
	return nil
}

func (m *Metrics) collectors() []prometheus.Collector {
	return slices.Concat(m.requestMetrics.collectors(), m.standMetrics.collectors(), []prometheus.Collector{
		m.graphQL, m.expires, m.killed,
		m.decisions, m.decisionTime, m.parity, m.identified, m.policyDropped,
		m.tableInfo, m.tableSource, m.tableRoutes, m.tableProblems, m.reloads, m.reloadOK, m.reloadTime, m.snapshotKept,
	},
		m.policyServing.collectors(),
		m.backendMetrics.collectors(),
		m.resilienceVecs.collectors(),
		m.limitCollectors(),
		m.connectionMetrics.read,
		m.shadowMetrics.collectors(),
		m.changeMetrics.collectors(),
	)
}
