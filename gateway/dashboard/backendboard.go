package dashboard

import "ficus/gateway/telemetry"

// backendBoard is about backends: whether they can serve, and what keeps them from being
// drowned.
func backendBoard(catalogue map[string]telemetry.Description) *board {
	b := newBoard(catalogue, BackendUID, "Ficus / Backends", "Backends: breakers, health, load, queues, retries and the latency of each address.",
		all(labelValues("backend", "Backend", `label_values(ficus_backend_in_flight{job=~"$job"}, backend)`)))
	b.markBreakers()
	b.mark("ejected", warn, "{{backend}}: an address was left out", "sum by (backend) (increase("+b.of("ficus_backend_ejections_total")+"[1m])) > 0")
	b.breakers()
	b.load()
	b.addresses()
	b.spare()
	return b
}

func (b *board) breakers() {
	b.row("Breakers", 8,
		timeline("State", "The worst of all gateways.", breakerNames, ask("{{backend}}", b.value("max", "backend", "ficus_backend_breaker_state"))),
		upTo(1, graph("Share let through", ratio, "Share of the requests that the breaker lets through: 0 where it is not closed, below 1 where it comes back.", ask("{{backend}}", b.value("min", "backend", "ficus_backend_breaker_share_ratio")))),
		graph("Transitions", number, "How often breakers came to a state.", ask("{{to}}: {{backend}}", b.count("backend, to", "ficus_backend_breaker_transitions_total"))),
		stepped(graph("Set by hand", number, "1 where an operator has set the breaker: it does not move by itself.", ask("{{backend}}", b.value("max", "backend", "ficus_backend_breaker_overridden")))),
	)
}

func (b *board) load() {
	b.row("Load", 8,
		graph("Under way", number, "Requests under way, streams and upgrades included, and how many may be.",
			ask("{{backend}}", b.value("sum", "backend", "ficus_backend_in_flight")), ask("{{backend}}, limit", b.value("sum", "backend", "ficus_backend_limit"))),
		graph("Queue", number, "Requests that wait for a place.", ask("{{backend}}", b.value("sum", "backend", "ficus_backend_queued"))),
		graph("Refused", events, "Requests a second that the backend did not take, by reason. They fall back, or clients get 503.", ask("{{backend}} {{reason}}", b.rate("backend, reason", "ficus_backend_rejected_total"))),
	)
}

func (b *board) addresses() {
	b.row("Addresses", 8,
		timeline("Up", "Whether an address may get requests. It is down where it fails its health check, was not asked yet or is left out.", upNames, ask("{{backend}} {{address}}", b.value("min", "backend, address", "ficus_backend_address_up"))),
		graph("Latency", seconds, "How long answers of each address take until their headers, of late; slow ones weigh more.", ask("{{backend}} {{address}}", b.value("max", "backend, address", "ficus_backend_address_latency_seconds"))),
		graph("Under way by address", number, "Requests under way to each address.", ask("{{backend}} {{address}}", b.value("sum", "backend, address", "ficus_backend_address_in_flight"))),
	)
	b.row("", 8,
		graph("Health checks", events, "Health checks a second, by result.", ask("{{result}}: {{backend}}", b.rate("backend, result", "ficus_backend_health_checks_total"))),
		graph("Left out", number, "How often an address was left out for failing often in a row.", ask("{{backend}}", b.count("backend", "ficus_backend_ejections_total"))),
	)
}

func (b *board) spare() {
	b.row("Retries and copies", 8,
		graph("Retry budget left", number, "Retries that the backend's budget would allow now, at the gateway that has the fewest.", ask("{{backend}}", b.value("min", "backend", "ficus_retry_budget_left"))),
		graph("Retries that there were not", events, "Retries a second that the budget did not allow.", ask("{{backend}}", b.rate("backend", "ficus_retry_budget_exhausted_total"))),
		graph("Copies under way", number, "Copies of requests at stage shadow.", ask("{{backend}}", b.value("sum", "backend", "ficus_shadow_in_flight"))),
		graph("Copies that wait", number, "Those that are too many are dropped.", ask("{{backend}}", b.value("sum", "backend", "ficus_shadow_queued"))),
	)
}
