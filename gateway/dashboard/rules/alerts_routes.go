package rules

import "fmt"

// burnAlerts are those about the objectives of routes, through two windows each: the long
// one says that it matters, the short one that it still goes on. The rates are those of the
// SRE workbook: 2 % of a month's errors in an hour, 5 % in six, 10 % in one and in three days.
func burnAlerts() []alert {
	var list []alert
	for _, w := range []struct {
		severity, long, short, lasts string
		rate                         float64
		seconds                      int // of the long window
	}{
		{page, "1h", "5m", "2m", 14.4, 3600},
		{page, "6h", "30m", "15m", 6, 6 * 3600},
		{ticket, "1d", "2h", "1h", 3, 24 * 3600},
		{ticket, "3d", "6h", "3h", 1, 3 * 24 * 3600},
	} {
		list = append(list, alert{
			name: "FicusErrorBudgetBurn", severity: w.severity, lasts: w.lasts,
			labels: map[string]string{"window": w.long},
			// A route that few ask for is not worth a night because of one error.
			expr: lines(
				fmt.Sprintf("job_route:ficus_error_budget:burn_rate%s > %v", w.long, w.rate),
				fmt.Sprintf("and job_route:ficus_error_budget:burn_rate%s > %v", w.short, w.rate),
				fmt.Sprintf("and on (job, route) job_route:ficus_errors:rate%s * %d >= 10", w.long, w.seconds)),
			summary: "Route {{ $labels.route }} answers with too many errors",
			description: fmt.Sprintf("For %s, clients of route {{ $labels.route }} have got errors {{ $value | humanize }} times as often "+
				"as its objective leaves room for. The threshold is %v.", spoken[w.long], w.rate),
		})
	}
	return list
}

// spoken are lengths of windows as people say them.
var spoken = map[string]string{"1h": "an hour", "6h": "six hours", "1d": "a day", "3d": "three days"}

// routeAlerts are those about single routes, beside their objectives.
func routeAlerts() []alert {
	return append(migrationAlerts(), alert{
		name: "FicusPolicyFails", severity: page, lasts: "5m",
		expr:        owned(`job_route_mode:ficus_policy_failures:ratio_rate5m{mode="enforce"} > 0.01`),
		summary:     "The policy of route {{ $labels.route }} does not come to decisions",
		description: "{{ $value | humanizePercentage }} of the requests of route {{ $labels.route }} are refused because its policy is missing, fails, is late or says what can't be understood.",
	}, alert{
		name: "FicusPolicyFails", severity: ticket, lasts: "15m",
		expr:        owned(`job_route_mode:ficus_policy_failures:ratio_rate5m{mode="observe"} > 0.01`),
		summary:     "The policy that route {{ $labels.route }} observes does not come to decisions",
		description: "For {{ $value | humanizePercentage }} of the requests of route {{ $labels.route }} its policy is missing, fails, is late or says what can't be understood. It is only observed: no client notices.",
	}, alert{
		name: "FicusRouteExpired", severity: ticket, lasts: "1h",
		expr:        owned("(max by (job, route) (ficus_route_expires_timestamp_seconds)) < time()"),
		summary:     "Route {{ $labels.route }} should be gone from the table",
		description: "By its own date, route {{ $labels.route }} should have been gone by {{ $value | humanizeTimestamp }}.",
	}, alert{
		name: "FicusRouteKilled", severity: ticket, lasts: "8h",
		expr: lines(owned("max by (job, route) (ficus_route_killed)"),
			`or max by (job, route) (ficus_route_killed{route="*"})`),
		summary:     "The kill switch has been on for 8 hours for route {{ $labels.route }}",
		description: "The kill switch has kept route {{ $labels.route }} (* is all) on legacy for 8 hours, whatever the route files say.",
	})
}

// migrationAlerts are those about new sides whose failures do not reach clients.
func migrationAlerts() []alert {
	return []alert{{
		name: "FicusFallbacks", severity: ticket, lasts: "10m",
		expr: lines(owned("job_route:ficus_fallbacks:ratio_rate5m > 0.05"),
			"and on (job, route) job_route:ficus_fallbacks:rate5m * 300 >= 5"),
		summary:     "Legacy answers in the place of the new side of route {{ $labels.route }}",
		description: "Legacy answers {{ $value | humanizePercentage }} of the requests that the new side of route {{ $labels.route }} was to serve, because it failed.",
	}, {
		name: "FicusFallbacksRefused", severity: ticket, lasts: "5m",
		expr:        owned(`sum by (job, route) (rate(ficus_fallbacks_refused_total{reason=~"limit|rate|legacy|time"}[5m])) * 300 >= 5`),
		summary:     "Legacy can't answer for all failures of the new side of route {{ $labels.route }}",
		description: "In five minutes {{ $value | humanize }} failures of the new side of route {{ $labels.route }} reached clients, because the limits of fallbacks were reached, legacy was full or no time was left.",
	}, {
		name: "FicusShadowDiffers", severity: ticket, lasts: "15m",
		expr: lines(owned("job_route:ficus_shadow_differences:ratio_rate15m > 0.01"),
			`and on (job, route) sum by (job, route) (increase(ficus_shadow_total{result=~"status|header|json|body"}[1h])) >= 5`),
		summary:     "The new side of route {{ $labels.route }} answers otherwise than legacy",
		description: "{{ $value | humanizePercentage }} of the copies that the new side of route {{ $labels.route }} got were answered otherwise than by legacy.",
	}, {
		name: "FicusShadowFails", severity: ticket, lasts: "15m",
		expr: lines(owned("job_route:ficus_shadow_failures:ratio_rate15m > 0.05"),
			`and on (job, route) sum by (job, route) (increase(ficus_shadow_total{result=~"error|timeout"}[1h])) >= 5`),
		summary:     "The new side of route {{ $labels.route }} does not answer copies",
		description: "{{ $value | humanizePercentage }} of the copies that the new side of route {{ $labels.route }} got had no answer, or none in time.",
	}, {
		name: "FicusNewSideSlower", severity: ticket, lasts: "30m",
		expr: lines(owned(lines(
			`sum without (side) (job_route_side:ficus_request_duration_seconds:p95_rate5m{side="new"})`,
			`/ sum without (side) (job_route_side:ficus_request_duration_seconds:p95_rate5m{side="legacy"})`)+" > 2"),
			`and on (job, route) job_route_side:ficus_requests:rate5m{side="new"} >= 0.1`,
			`and on (job, route) job_route_side:ficus_requests:rate5m{side="legacy"} >= 0.1`,
			`and on (job, route) ficus_route_stage{stage="canary"} == 1`),
		summary:     "The new side of route {{ $labels.route }} is slower than legacy",
		description: "The slowest 5 % of the requests of route {{ $labels.route }} take {{ $value | humanize }} times as long on the new side as on legacy.",
	}}
}
