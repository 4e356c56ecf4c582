package dashboard

import "ficus/gateway/telemetry"

// overviewBoard is about the migration as a whole: how far it is, what fails, and what
// changed.
func overviewBoard(catalogue map[string]telemetry.Description) *board {
	b := newBoard(catalogue, OverviewUID, "Ficus / Overview", "How far the migration is, which side serves, what fails and what changed.", groupVariable, routeVariable)
	b.variables = []string{"route"}
	b.marks()
	b.markRevisions("table", plain, "ficus_table_info")
	b.mark("refused", bad, "the route folder has errors", b.value("min", "", "ficus_table_last_reload_successful")+" < bool 1")
	b.overviewFigures()
	b.progress()
	b.failing()
	b.routesAndChanges()
	return b
}

const requests, failures = "ficus_requests_total", `code=~"5.."`

func (b *board) overviewFigures() {
	total := b.rate("", requests)
	b.row("Now", 4,
		figure("New side", ratio, "Share of the requests that the new side serves.", below(), ask("", share(b.rate("", requests, `side="new"`), total))),
		figure("Requests", perSecond, "Requests a second, of both sides.", below(), ask("", total)),
		figure("Errors", ratio, "Share of the requests that clients got 500 to 599 for.", rising(.001, .01), ask("", share(b.rate("", requests, failures), total))),
		figure("p99", seconds, "99 of 100 requests take less.", rising(.5, 2), ask("", b.quantile(.99, "$__rate_interval", "", "ficus_request_duration_seconds"))),
		figure("Fallbacks", events, "Requests a second that legacy answers because the new side failed.", rising(.001, 1), ask("", orZero(b.rate("", "ficus_fallbacks_total")))),
		figure("Breakers not closed", number, "Backends that get fewer requests than they should.", rising(1, 1), ask("", orZero("count("+b.value("max", "backend", "ficus_backend_breaker_state")+" > 0)"))),
		figure("Killed", number, "Routes that the kill switch has taken back to legacy; * for all counts as one.", rising(1, 1), ask("", orZero("count("+b.killed()+")"))),
		figure("Problems", number, "Errors of the route folder. While there are any, the table before serves.", rising(1, 1), ask("", orZero(b.value("max", "", "ficus_table_problems", `severity="error"`)))),
	)
}

func (b *board) progress() {
	b.row("Migration", 8,
		stepped(stacked(graph("Routes by stage", number, "How many routes stand at each stage, whichever are chosen above.", ask("{{stage}}", b.value("max", "stage", "ficus_table_routes"))))),
		upTo(1, stacked(graph("Traffic by side, share", ratio, "Which part of the requests each side serves.",
			ask("{{side}}", b.rate("side", requests)+" / ignoring (side) group_left () "+b.rate("", requests))))),
		stacked(graph("Traffic by side", perSecond, "Requests a second that each side serves.", ask("{{side}}", b.rate("side", requests)))),
	)
	b.row("", 8,
		graph("Errors by side", ratio, "Share of each side's requests that it answered with 500 to 599.", ask("{{side}}", share(b.rate("side", requests, failures), b.rate("side", requests)))),
		graph("p99 by side", seconds, "99 of 100 requests of each side take less.", ask("{{side}}", b.quantile(.99, "$__rate_interval", "side", "ficus_request_duration_seconds"))),
		graph("Bytes by side", bytesRate, "Bytes a second of bodies, to backends and to clients.",
			ask("{{side}} to clients", b.rate("side", "ficus_response_body_bytes_total")), ask("{{side}} from clients", b.rate("side", "ficus_request_body_bytes_total"))),
	)
}

func (b *board) failing() {
	b.row("What fails", 9,
		list("Top failing routes", "The twenty routes and sides with the most answers of 500 to 599, over the range shown.", "errors/s",
			tableColumn{"errors/s", perSecond, "topk(20, " + b.during("route, side", requests, failures) + " > 0)", nil},
			tableColumn{"errors", ratio, "topk(20, " + b.during("route, side", requests, failures) + " > 0) / " + b.during("route, side", requests), rising(.001, .01)},
		),
		list("Routes that fall back", "The twenty routes with the most requests that legacy answered because the new side failed, over the range shown.", "fallbacks/s",
			tableColumn{"fallbacks/s", events, "topk(20, " + b.during("route, reason", "ficus_fallbacks_total") + " > 0)", nil},
		),
		list("Routes whose copies differ", "The twenty routes at stage shadow with the most answers that differ from legacy's, over the range shown.", "differ/s",
			tableColumn{"differ/s", events, "topk(20, " + b.during("route, result", "ficus_shadow_total", `result!="match"`) + " > 0)", nil},
		),
	)
}

func (b *board) routesAndChanges() {
	b.row("Routes", 12, list("All routes", "Each route of the table that serves, over the range shown. Its name leads to its board.", "requests/s",
		tableColumn{"at stage", number, b.value("max", "route, stage", "ficus_route_stage"), nil},
		tableColumn{"belongs to", number, b.value("max", "route, group, owner, backend", "ficus_route_info"), nil},
		tableColumn{"weight", ratio, b.value("max", "route", "ficus_route_weight_ratio"), nil},
		tableColumn{"requests/s", perSecond, b.during("route", requests), nil},
		tableColumn{"new side", ratio, share(b.during("route", requests, `side="new"`), b.during("route", requests)), nil},
		tableColumn{"errors", ratio, share(b.during("route", requests, failures), b.during("route", requests)), rising(.001, .01)},
		tableColumn{"p99", seconds, b.quantile(.99, "$__range", "route", "ficus_request_duration_seconds"), nil},
		tableColumn{"expires", date, "1000 * " + b.value("max", "route", "ficus_route_expires_timestamp_seconds"), nil},
	))
	b.row("Changes", 10,
		timeline("Stage of each route", "Where each route stood when.", stageNames, ask("{{route}}", b.stageNumbers())),
		stepped(upTo(1, graph("Weight of each route", ratio, "Share of the cohorts that the new side serves by the table.", ask("{{route}}", b.value("max", "route", "ficus_route_weight_ratio"))))),
	)
	b.row("", 7,
		graph("Loads of the route folder", number, "How often the folder was loaded, and whether it was applied.", ask("{{result}}", b.count("result", "ficus_table_reloads_total"))),
		graph("Breakers", number, "How often breakers came to a state.", ask("{{to}}: {{backend}}", b.count("backend, to", "ficus_backend_breaker_transitions_total")+" > 0")),
		graph("Changes", number, "What happened to the gateway, by kind.", ask("{{kind}}", b.count("kind", "ficus_changes_total")+" > 0")),
	)
}
