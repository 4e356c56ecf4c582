package dashboard

import "ficus/gateway/telemetry"

// gatewayBoard is about the gateway itself: what it adds, what it serves by, and what it
// takes of its machine.
func gatewayBoard(catalogue map[string]telemetry.Description) *board {
	b := newBoard(catalogue, GatewayUID, "Ficus / Gateway", "The gateways themselves: overhead, table and policies, capacity and the Go process.",
		all(labelValues("instance", "Instance", `label_values(ficus_table_info{job=~"$job"}, instance)`)))
	b.markRevisions("table", plain, "ficus_table_info")
	b.markRevisions("policies", shadowColor, "ficus_policy_info")
	b.overhead()
	b.reloads()
	b.capacity()
	b.whoAsks()
	b.process()
	return b
}

func (b *board) overhead() {
	overhead := func(title string, part float64, about string) *panel {
		return graph(title, seconds, about, ask("{{instance}}", b.quantile(part, "$__rate_interval", "instance", "ficus_gateway_overhead_seconds")))
	}
	b.row("Overhead", 8,
		overhead("p50", .5, "What the gateway itself adds to half of the requests, until their answers' headers."),
		overhead("p99", .99, "What it adds to all but one of 100, waiting in queues and between tries included."),
		graph("Requests", perSecond, "Requests a second.", ask("{{instance}}", b.rate("instance", requests))),
	)
}

func (b *board) reloads() {
	b.row("Table and policies", 6,
		texts(figure("Table", "", "The revisions of the tables that serve: one, if all gateways have the same.", below(), ask("{{revision}}", b.value("max", "revision", "ficus_table_info")))),
		texts(figure("Policies", "", "The revisions of the policies that decide.", below(), ask("{{revision}}", b.value("max", "revision", "ficus_policy_info")))),
		texts(figure("From", "", "Where the tables came from; anything but the folder is an emergency.", below(), ask("{{source}}", b.value("max", "source", "ficus_table_source")+" == 1"))),
		figure("Table applied", date, "When the route folder was applied last.", below(), ask("", "1000 * "+b.value("max", "", "ficus_table_last_reload_success_timestamp_seconds"))),
		figure("Policies applied", date, "When policies were loaded last and not refused.", below(), ask("", "1000 * "+b.value("max", "", "ficus_policy_last_reload_success_timestamp_seconds"))),
		figure("Snapshot kept", yesNo, "Whether the folder applied last is kept for a start with a broken folder.", below(from(0, bad), from(1, good)), ask("", b.value("min", "", "ficus_table_snapshot_kept"))),
	)
	b.row("", 8,
		timeline("Last load of the folder", "Whether it was applied. If not, the table before serves.", goodNames, ask("{{instance}}", b.value("min", "instance", "ficus_table_last_reload_successful"))),
		timeline("Last load of policies", "Whether they decide. If not, those before do.", goodNames, ask("{{instance}}", b.value("min", "instance", "ficus_policy_last_reload_successful"))),
		graph("Loads", number, "How often the route folder was loaded, and whether it was applied.", ask("{{result}}: {{instance}}", b.count("instance, result", "ficus_table_reloads_total"))),
		stepped(graph("Problems", number, "What was found at the last load of the route folder.", ask("{{severity}} {{code}}", b.value("max", "severity, code", "ficus_table_problems")))),
	)
}

func (b *board) capacity() {
	b.row("Capacity", 8,
		graph("Requests under way", number, "Requests under way, whatever room they are in, and how many the gateway takes.",
			ask("{{instance}}", b.value("max", "instance", "ficus_capacity_used_requests")), ask("limit {{instance}}", b.value("max", "instance", "ficus_capacity_requests"))),
		graph("Shed", events, "Requests a second that were refused because the gateway was out of capacity, by priority.", ask("{{priority}}", b.rate("priority", "ficus_shed_total"))),
		graph("Rate limits", number, "Clients of routes that rate limits tell apart, and requests refused a second.",
			ask("clients", b.value("sum", "", "ficus_rate_limit_keys")), ask("refused/s", b.rate("", "ficus_rate_limited_total"))),
		graph("Fallbacks under way", number, "Requests that legacy serves now in the place of the new side.", ask("{{instance}}", b.value("max", "instance", "ficus_fallbacks_in_flight"))),
	)
	b.row("", 8,
		graph("Connections", number, "Connections of clients that are open, and how many may be, by the address where the gateway listens.",
			ask("{{listener}} {{instance}}", b.value("max", "listener, instance", "ficus_connections_open")), ask("limit {{listener}} {{instance}}", b.value("max", "listener, instance", "ficus_connections_limit"))),
		graph("Refused connections", events, "Connections a second that were reset at once: of a client that had as many as one may have, or of anybody, since all had as many as there may be.", ask("{{reason}} {{listener}}", b.rate("reason, listener", "ficus_connections_refused_total"))),
	)
	b.row("", 8,
		graph("Open streams", number, "Answers that stay open: upgrades and event streams.", ask("{{kind}}", b.value("sum", "kind", "ficus_streams_open"))),
		graph("Memory of copies", size, "What copies and the answers to be compared take.", ask("{{instance}}", b.value("max", "instance", "ficus_shadow_captured_bytes"))),
		graph("Faults on purpose", number, "Routes whose backends are being broken for a rehearsal.", ask("{{instance}}", b.value("max", "instance", "ficus_faults_active"))),
	)
}

func (b *board) whoAsks() {
	b.row("Who asks", 8,
		graph("Who vouches", events, "Requests a second by the source that knows who asks; refused where credentials were sent that do not count.", ask("{{source}}", b.rate("source", "ficus_identified_total"))),
		graph("Decisions not logged", events, "Decisions a second that the decision log had no room for.", ask("{{instance}}", b.rate("instance", "ficus_policy_log_dropped_total"))),
		graph("Changes told", events, "Changes a second that others were told of, by sink and result.", ask("{{result}}: {{sink}}", b.rate("sink, result", "ficus_changes_delivered_total"))),
	)
}

// process shows what the Go runtime and the process expose by themselves: no part of the
// catalogue.
func (b *board) process() {
	const scope = `{job=~"$job",instance=~"$instance"}`
	b.row("Process", 8,
		graph("CPU", number, "Cores that the process uses.", ask("{{instance}}", "rate(process_cpu_seconds_total"+scope+"[$__rate_interval])")),
		graph("Memory", size, "What the process takes, and what of it is heap in use.",
			ask("{{instance}}", "process_resident_memory_bytes"+scope), ask("heap {{instance}}", "go_memstats_heap_inuse_bytes"+scope)),
		graph("Goroutines", number, "Each request and each connection takes some.", ask("{{instance}}", "go_goroutines"+scope)),
		graph("File descriptors", number, "Each connection takes one; beyond the limit none is accepted.",
			ask("{{instance}}", "process_open_fds"+scope), ask("limit {{instance}}", "process_max_fds"+scope)),
	)
	b.row("", 8,
		graph("Garbage collection", ratio, "Share of the time that all goroutines stand still.", ask("{{instance}}", "rate(go_gc_duration_seconds_sum"+scope+"[$__rate_interval])")),
		figure("Running since", date, "When the process started.", below(), ask("{{instance}}", "1000 * process_start_time_seconds"+scope)),
		graph("Caddy's configuration", yesNo, "Whether the last reload of the Caddyfile was applied.", ask("{{instance}}", "caddy_config_last_reload_successful"+scope)),
	)
}
