package rules

// backendAlerts are those about backends. What happens to the new side reaches clients
// only where nothing answers in its place, and then FicusErrorBudgetBurn says so.
func backendAlerts() []alert {
	// An open breaker tries again and again, and is half-open meanwhile.
	list := bySide(alert{
		name: "FicusBreakerOpen", lasts: "2m",
		summary:     "The breaker of backend {{ $labels.backend }} is open",
		description: "For two minutes, {{ $labels.instance }} has not sent backend {{ $labels.backend }} what it should: its breaker is open, or half-open to see whether it is well again.",
	}, lines(`ficus_backend_breaker_state{%[1]s} > 0`, `unless ficus_backend_breaker_overridden{%[1]s} == 1`))
	list = append(list, alert{
		name: "FicusBreakerOverridden", severity: ticket, lasts: "4h",
		expr:        "ficus_backend_breaker_overridden == 1",
		summary:     "The breaker of backend {{ $labels.backend }} has been set by hand for 4 hours",
		description: "On {{ $labels.instance }} the breaker of backend {{ $labels.backend }} was set by hand 4 hours ago or longer, and moves no more by itself.",
	})
	list = append(list, bySide(alert{
		name: "FicusBackendDown", lasts: "2m",
		summary:     "Backend {{ $labels.backend }} has no address that works",
		description: "For two minutes, {{ $labels.instance }} has found no address of backend {{ $labels.backend }} that it may send requests to.",
	}, "max by (job, instance, backend) (ficus_backend_address_up{%s}) == 0")...)
	return append(list, alert{
		name: "FicusAddressDown", severity: ticket, lasts: "5m",
		expr: lines("ficus_backend_address_up == 0",
			"unless on (job, instance, backend) max by (job, instance, backend) (ficus_backend_address_up) == 0"),
		summary:     "Address {{ $labels.address }} of backend {{ $labels.backend }} does not work",
		description: "For five minutes, {{ $labels.instance }} has sent nothing to {{ $labels.address }}: it fails its health check or was ejected. Other addresses of backend {{ $labels.backend }} do its work.",
	}, alert{
		name: "FicusRetryBudgetExhausted", severity: ticket, lasts: "10m",
		expr:        "sum by (job, backend) (rate(ficus_retry_budget_exhausted_total[5m])) > 0",
		summary:     "Backend {{ $labels.backend }} fails more often than may be tried again",
		description: "For ten minutes, {{ $value | humanize }} requests a second to backend {{ $labels.backend }} have failed and were not tried again: its retry budget is used up.",
	})
}
