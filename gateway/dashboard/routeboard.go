package dashboard

import (
	"fmt"

	"ficus/gateway/telemetry"
)

// routeBoard is about one route: legacy beside new.
func routeBoard(catalogue map[string]telemetry.Description) *board {
	b := newBoard(catalogue, RouteUID, "Ficus / Route", "One route: which side serves it, how well, and what changed when.",
		labelValues("route", "Route", `label_values(ficus_route_info{job=~"$job"}, route)`),
		hidden(labelValues("backend", "Backend of its new side", `label_values(ficus_route_info{job=~"$job",route=~"$route"}, backend)`)),
	)
	b.marks()
	b.routeFigures()
	b.sides()
	b.stand()
	b.resilience()
	b.shadowing()
	b.access()
	return b
}

func (b *board) routeFigures() {
	total := b.rate("", requests)
	stage := figure("Stage", "", "Where the route stands.", below(), ask("", "max("+b.stageNumbers()+")"))
	stage.FieldConfig.Defaults.Mappings = []mapping{stageNames}
	b.row("Now", 4, stage,
		figure("Weight", ratio, "Share of the cohorts that the new side serves by the table.", below(), ask("", b.value("max", "", "ficus_route_weight_ratio"))),
		figure("New side", ratio, "Share of the requests that the new side serves.", below(), ask("", share(b.rate("", requests, `side="new"`), total))),
		figure("Requests", perSecond, "Requests a second, of both sides.", below(), ask("", total)),
		figure("Errors", ratio, "Share of the requests that clients got 500 to 599 for.", rising(.001, .01), ask("", share(b.rate("", requests, failures), total))),
		figure("Killed", number, "1 while the kill switch has taken the route, or all routes, back to legacy.", rising(1, 1), ask("", orZero("max("+b.killed()+")"))),
		texts(figure("Belongs to", "", "Its group, its owner and the backend of its new side.", below(), ask("{{group}} {{owner}} {{backend}}", b.value("max", "group, owner, backend", "ficus_route_info")))),
		figure("Expires", date, "When the route should be gone from the table.", below(), ask("", "1000 * "+b.value("max", "", "ficus_route_expires_timestamp_seconds"))),
	)
}

func (b *board) sides() {
	b.row("Legacy beside new", 8,
		graph("Rate", perSecond, "Requests a second that each side served.", ask("{{side}}", b.rate("side", requests))),
		graph("Errors", ratio, "Share of each side's requests that it answered with 500 to 599.", ask("{{side}}", share(b.rate("side", requests, failures), b.rate("side", requests)))),
		graph("Under way", number, "Requests being served now, open streams and upgrades included.", ask("{{side}}", b.value("sum", "side", "ficus_requests_in_flight"))),
	)
	var panels []*panel
	for _, part := range []float64{.5, .95, .99} {
		panels = append(panels, graph(fmt.Sprintf("p%g", part*100), seconds, fmt.Sprintf("%g of 100 requests of each side take less, from their arrival to the end of their answer.", part*100),
			ask("{{side}}", b.quantile(part, "$__rate_interval", "side", "ficus_request_duration_seconds"))))
	}
	b.row("", 8, panels...)
	b.row("", 8,
		graph("Answers", perSecond, "Answers a second, by side and status code.", ask("{{side}} {{code}}", b.rate("side, code", requests))),
		graph("Methods", perSecond, "Requests a second, by side and method.", ask("{{side}} {{method}}", b.rate("side, method", requests))),
		graph("Bytes", bytesRate, "Bytes a second of bodies, to clients and from them.",
			ask("{{side}} to clients", b.rate("side", "ficus_response_body_bytes_total")), ask("{{side}} from clients", b.rate("side", "ficus_request_body_bytes_total"))),
	)
}

func (b *board) stand() {
	b.row("Where it stands", 7,
		timeline("Stage", "Where the route stood when.", stageNames, ask("stage", "max("+b.stageNumbers()+")")),
		stepped(upTo(1, graph("Weight, and what is served", ratio, "Share of the cohorts that the new side serves by the table, and its share of the requests. They differ where few clients ask, and while the new side fails or is killed.",
			ask("weight", b.value("max", "", "ficus_route_weight_ratio")), ask("new side", share(b.rate("", requests, `side="new"`), b.rate("", requests)))))),
		upTo(1, graph("Breaker", ratio, "Share of the requests that the breaker of the new side's backend lets through.", ask("{{backend}}", b.value("min", "backend", "ficus_backend_breaker_share_ratio")))),
	)
}

func (b *board) resilience() {
	b.row("When the new side fails", 8,
		graph("Fallbacks", events, "Requests a second that legacy answered because the new side failed, by reason.", ask("{{reason}}", b.rate("reason", "ficus_fallbacks_total"))),
		graph("Refused fallbacks", events, "Failures of the new side a second that legacy did not answer for, by reason: clients got them.", ask("{{reason}}", b.rate("reason", "ficus_fallbacks_refused_total"))),
		graph("Retries", events, "Requests a second that were sent again to the same backend, by reason.", ask("{{reason}}", b.rate("reason", "ficus_retries_total"))),
		graph("Timeouts", events, "Requests and tries a second that took too long, by kind.", ask("{{kind}}", b.rate("kind", "ficus_timeouts_total"))),
	)
	b.row("", 8,
		timeline("State of the breaker", "That of the new side's backend.", breakerNames, ask("{{backend}}", b.value("max", "backend", "ficus_backend_breaker_state"))),
		graph("Refused by limits", events, "Requests a second that were refused: by the route's rate limit, or because the gateway was out of capacity.",
			ask("rate limit", b.rate("", "ficus_rate_limited_total")), ask("shed, {{priority}}", b.rate("priority", "ficus_shed_total"))),
		graph("Faults on purpose", events, "Requests a second that were broken for a rehearsal, by kind.", ask("{{kind}}", b.rate("kind", "ficus_faults_injected_total"))),
		graph("Overhead", seconds, "What the gateway itself adds to half of the requests, and to all but one of 100.",
			b.halfAndMost("", "ficus_gateway_overhead_seconds")...),
	)
}

func (b *board) shadowing() {
	b.row("Shadow", 8,
		stacked(graph("Copies", events, "Copies a second, by what the comparison with legacy's answer came to.", ask("{{result}}", b.rate("result", "ficus_shadow_total")))),
		upTo(1, graph("Parity", ratio, "Share of the compared copies that were answered as legacy did.",
			ask("match", share(b.rate("", "ficus_shadow_total", `result="match"`), b.rate("", "ficus_shadow_total", `result=~"match|status|header|json|body"`))))),
		graph("No copy", events, "Requests a second of which no copy was sent, by reason.", ask("{{reason}}", b.rate("reason", "ficus_shadow_dropped_total"))),
		graph("Time of copies", seconds, "What half of the copies stay below, and all but one of 100.",
			b.halfAndMost("new ", "ficus_shadow_duration_seconds")...),
	)
}

func (b *board) access() {
	b.row("Who may", 8,
		graph("Decisions", events, "Decisions of the route's policy a second, by cause and mode.", ask("{{cause}}, {{mode}}", b.rate("cause, mode", "ficus_policy_decisions_total"))),
		graph("Time to decide", seconds, "What half of the decisions stay below, and all but one of 100.",
			b.halfAndMost("", "ficus_policy_decision_duration_seconds")...),
		graph("Policy beside backend", events, "Requests a second that a policy only observes, by what it decided and what the backend did.", ask("policy {{policy}}, backend {{backend}}", b.rate("policy, backend", "ficus_policy_parity_total"))),
		graph("GraphQL let pass", events, "Requests a second that a GraphQL condition let pass to this route, by reason.", ask("{{reason}}", b.rate("reason", "ficus_graphql_unmatched_total"))),
	)
}

// halfAndMost asks what half of the durations stay below, and all but one of 100.
func (b *board) halfAndMost(legend, metric string) []target {
	return []target{
		ask(legend+"p50", b.quantile(.5, "$__rate_interval", "", metric)),
		ask(legend+"p99", b.quantile(.99, "$__rate_interval", "", metric)),
	}
}
