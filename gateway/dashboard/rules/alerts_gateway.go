package rules

// tableAlerts are those about the table and the policies that serve: whether they are what
// the files say.
func tableAlerts() []alert {
	return []alert{{
		name: "FicusTableRejected", severity: ticket, lasts: "5m",
		expr:        "ficus_table_last_reload_successful == 0",
		summary:     "An edit of the route files has no effect on {{ $labels.instance }}",
		description: "The route folder of {{ $labels.instance }} has errors, or lacks most of its routes. The table before serves on, and no edit counts until that is mended or confirmed.",
	}, {
		name: "FicusTableNotFromFolder", severity: page, lasts: "1m",
		expr:        `ficus_table_source{source=~"unguarded|legacy_only"} == 1`,
		summary:     "{{ $labels.instance }} serves less than its routes ({{ $labels.source }})",
		description: `{{ $labels.instance }} has started with broken files: {{ if eq $labels.source "unguarded" }}routes that a policy guards answer 503{{ else }}it knows no route, and sends all to legacy{{ end }}.`,
	}, {
		name: "FicusTableNotFromFolder", severity: ticket, lasts: "5m",
		expr:        `ficus_table_source{source="snapshot"} == 1`,
		summary:     "{{ $labels.instance }} serves the last good table instead of its route files",
		description: "{{ $labels.instance }} has started with broken route files and serves its last good snapshot. No edit counts until they are right.",
	}, {
		name: "FicusTablesDiffer", severity: ticket, lasts: "10m",
		expr:        "count by (job) (group by (job, revision) (ficus_table_info)) > 1",
		summary:     "Gateways of {{ $labels.job }} serve different tables",
		description: "The gateways of {{ $labels.job }} have served {{ $value }} different tables for ten minutes: clients get one or the other.",
	}, {
		name: "FicusSnapshotNotKept", severity: ticket, lasts: "15m",
		expr:        "ficus_table_snapshot_kept == 0",
		summary:     "{{ $labels.instance }} can't keep its table for a restart",
		description: "The state folder of {{ $labels.instance }} does not hold the table that serves. A start with broken route files would serve an older one, or legacy alone.",
	}, {
		name: "FicusPoliciesRejected", severity: ticket, lasts: "5m",
		expr:        "ficus_policy_last_reload_successful == 0",
		summary:     "New policies have no effect on {{ $labels.instance }}",
		description: "The policies that {{ $labels.instance }} loaded last were refused. Those before decide on, or none where there were none.",
	}, {
		name: "FicusDecisionLogDrops", severity: ticket, lasts: "5m",
		expr:        "rate(ficus_policy_log_dropped_total[5m]) > 0",
		summary:     "The decision log of {{ $labels.instance }} has gaps",
		description: "{{ $labels.instance }} has no room for {{ $value | humanize }} decisions a second in its decision log.",
	}}
}

// gatewayAlerts are those about the gateway itself.
func gatewayAlerts() []alert {
	return []alert{{
		name: "FicusAbsent", severity: page, lasts: "5m",
		expr: lines("group by (job) (last_over_time(ficus_table_info[1d])) unless on (job) ficus_table_info",
			"or absent_over_time(ficus_table_info[1d])"),
		summary:     "No gateway tells its metrics",
		description: "Prometheus has had no metric of any gateway{{ with $labels.job }} of {{ . }}{{ end }} for five minutes: none runs, or none is asked.",
	}, {
		name: "FicusGatewayDown", severity: ticket, lasts: "5m",
		expr:        "up == 0 and on (job) group by (job) (last_over_time(ficus_table_info[1d]))",
		summary:     "{{ $labels.instance }} does not answer",
		description: "The gateway {{ $labels.instance }} has not answered Prometheus for five minutes.",
	}, {
		name: "FicusLoadShed", severity: page, lasts: "5m",
		expr:        `sum by (job, priority) (rate(ficus_shed_total{priority!="low"}[5m])) * 300 >= 5`,
		summary:     "The gateway is out of capacity",
		description: "In five minutes, {{ $labels.job }} refused {{ $value | humanize }} requests of priority {{ $labels.priority }} with 503, because it was out of capacity.",
	}, {
		name: "FicusLoadShed", severity: ticket, lasts: "15m",
		expr:        `sum by (job, priority) (rate(ficus_shed_total{priority="low"}[5m])) * 300 >= 5`,
		summary:     "The gateway is short of capacity",
		description: "In five minutes, {{ $labels.job }} refused {{ $value | humanize }} requests of low priority with 503, to serve the others.",
	}, {
		name: "FicusOverhead", severity: ticket, lasts: "10m",
		expr: lines(owned("job_route:ficus_gateway_overhead_seconds:p99_rate5m > 0.05"),
			"and on (job, route) job_route:ficus_requests:rate5m * 300 >= 100"),
		summary:     "The gateway itself is slow on route {{ $labels.route }}",
		description: "The gateway adds {{ $value | humanizeDuration }} or more to the slowest 1 % of the requests of route {{ $labels.route }}: not in the backend, but in policies, queues and between tries.",
	}, {
		name: "FicusFaultsActive", severity: ticket, lasts: "1h",
		expr:        "ficus_faults_active > 0",
		summary:     "Backends have been broken on purpose for an hour",
		description: "For an hour, {{ $labels.instance }} has broken requests of {{ $value }} routes on purpose. Was a rehearsal forgotten?",
	}}
}
