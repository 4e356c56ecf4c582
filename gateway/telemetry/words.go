package telemetry

import (
	"slices"

	"ficus/gateway/backend"
	"ficus/gateway/backend/breaker"
	"ficus/gateway/connections"
	"ficus/gateway/route"
)

// methods are those that HTTP defines; every other one is "other".
var methods = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}

// everywhere are the words of labels that mean the same on every metric.
var everywhere = map[string][]string{
	"side":     texts(route.Sides[:]),
	"stage":    texts(route.Stages[:]),
	"method":   append(slices.Clone(methods[:]), "other"),
	"mode":     route.Enforce.Words(),
	"severity": texts([]route.Severity{route.Error, route.Warning}),
	"priority": append(route.NormalPriority.Words(), "any"),
}

// words are those of the labels of one metric. What other packages count here by words of
// their own is checked against them by tests.
var words = map[string]map[string][]string{
	"ficus_graphql_unmatched_total": {"reason": {"mixed", "persisted", "batch", "too_large", "encoded", "content_type", "malformed", "unreadable", "upgrade"}},
	"ficus_policy_decisions_total":  {"cause": {"allowed", "denied", "undefined", "type", "error", "late", "missing", "body"}},
	"ficus_policy_parity_total":     {"policy": {allowed(true), allowed(false)}, "backend": {allowed(true), allowed(false)}},

	"ficus_table_source":        {"source": TableSources[:]},
	"ficus_table_reloads_total": {"result": {"applied", "rejected"}},

	"ficus_retries_total":           {"reason": {reasons[ReasonConnect], reasons[ReasonConnection], reasons[ReasonError], reasons[ReasonTimeout], reasons[ReasonStatus]}},
	"ficus_fallbacks_total":         {"reason": {reasons[ReasonOpen], reasons[ReasonFull], reasons[ReasonConnect], reasons[ReasonError], reasons[ReasonTimeout], reasons[ReasonStatus]}},
	"ficus_fallbacks_refused_total": {"reason": refusals[RefusedDisabled:]},
	"ficus_timeouts_total":          {"kind": timeouts[:]},

	"ficus_faults_injected_total": {"kind": faultKinds[:]},
	"ficus_streams_open":          {"kind": {"tunnel", "events"}},

	"ficus_connections_refused_total": {"reason": texts(connections.Reasons[:])},

	"ficus_shadow_total":         {"result": {"match", "status", "header", "json", "body", "too_large", "encoded", "error", "timeout"}},
	"ficus_shadow_dropped_total": {"reason": {"method", "body", "upgrade", "stream", "loop", "partial", "incomplete", "queue", "memory", "failing", "late", "refused", "closed"}},

	"ficus_changes_total":           {"kind": changeKinds()},
	"ficus_changes_delivered_total": {"sink": sinks[:], "result": deliveries[:]},

	"ficus_backend_breaker_transitions_total": {"to": texts(breaker.States[:])},
	"ficus_backend_rejected_total":            {"reason": texts(backend.Reasons[:])},
	"ficus_backend_health_checks_total":       {"result": {"passed", "failed"}},
}

func texts[T interface{ String() string }](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.String()
	}
	return list
}

// wordsOf returns what the labels of a metric can be, nil where that depends on the table.
func wordsOf(metric string, labels []string) map[string][]string {
	known := map[string][]string{}
	for _, label := range labels {
		if list := words[metric][label]; list != nil {
			known[label] = list
		} else if list := everywhere[label]; list != nil {
			known[label] = list
		}
	}
	if len(known) == 0 {
		return nil
	}
	return known
}
