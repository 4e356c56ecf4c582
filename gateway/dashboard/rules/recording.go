package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// recording returns what is recorded. Names are level:metric:operation, as usual: the level
// names the labels, and job keeps gateways apart that have nothing to do with each other.
func recording(table *routetable.Table, o Options) []group {
	return []group{
		{Name: "ficus-routes", Rules: append(owners(table), objectives(o))},
		{Name: "ficus-sides", Rules: sides()},
		{Name: "ficus-migration", Rules: migration()},
		{Name: "ficus-burn", Rules: burn("5m", "30m", "1h", "2h", "6h")},
		// They look at a lot of samples and change slowly.
		{Name: "ficus-burn-slow", Interval: "2m", Rules: burn("1d", "3d")},
	}
}

// owners gives each route that there is one series, with the label owner where the table
// names one: for alerts, which are sent to whom they concern.
func owners(table *routetable.Table) []rule {
	routes := map[string][]string{}
	for _, e := range table.Entries {
		if e.Owner != "" {
			routes[e.Owner] = append(routes[e.Owner], e.ID)
		}
	}
	const name = "job_route:ficus_route:info"
	var list []rule
	var owned []string
	for _, owner := range slices.Sorted(maps.Keys(routes)) {
		list = append(list, rule{Record: name, Expr: existing("=~", routes[owner]), Labels: map[string]string{"owner": owner}})
		owned = append(owned, routes[owner]...)
	}
	return append(list, rule{Record: name, Expr: existing("!~", owned)})
}

// objectives gives each route that there is its objective as a ratio, those that come later
// included.
func objectives(o Options) rule {
	routes := map[float64][]string{}
	for _, id := range slices.Sorted(maps.Keys(o.Objectives)) {
		routes[o.Objectives[id]] = append(routes[o.Objectives[id]], id)
	}
	of := func(routes string, percent float64) string {
		return routes + " * " + strconv.FormatFloat(percent/100, 'g', 9, 64)
	}
	var list []string
	for _, percent := range slices.Sorted(maps.Keys(routes)) {
		list = append(list, of(existing("=~", routes[percent]), percent))
	}
	list = append(list, of(existing("!~", slices.Sorted(maps.Keys(o.Objectives))), o.Objective))
	return rule{Record: "job_route:ficus_objective:ratio", Expr: strings.Join(list, "\nor ")}
}

// existing is 1 for each route that there is and that the list names, or does not name.
func existing(operator string, ids []string) string {
	selector := ""
	if len(ids) > 0 {
		quoted := make([]string, len(ids))
		for i, id := range ids {
			quoted[i] = regexp.QuoteMeta(id)
		}
		selector = fmt.Sprintf("{route%s%q}", operator, strings.Join(quoted, "|"))
	}
	return "group by (job, route) (ficus_route_stage" + selector + ")"
}

// sides are rate, errors and latency of each side of a route.
func sides() []rule {
	list := []rule{
		{Record: "job_route_side:ficus_requests:rate5m", Expr: "sum by (job, route, side) (rate(ficus_requests_total[5m]))"},
		{Record: "job_route_side:ficus_errors:rate5m", Expr: lines(
			`sum by (job, route, side) (rate(ficus_requests_total{code=~"5.."}[5m]))`,
			`or 0 * job_route_side:ficus_requests:rate5m`)},
		{Record: "job_route_side:ficus_errors:ratio_rate5m", Expr: "job_route_side:ficus_errors:rate5m / (job_route_side:ficus_requests:rate5m > 0)"},
	}
	for _, percentile := range []int{50, 95, 99} {
		list = append(list, rule{
			Record: fmt.Sprintf("job_route_side:ficus_request_duration_seconds:p%d_rate5m", percentile),
			Expr:   quantile(percentile, "job, route, side", "ficus_request_duration_seconds"),
		})
	}
	return append(list, rule{
		Record: "job_route:ficus_gateway_overhead_seconds:p99_rate5m",
		Expr:   quantile(99, "job, route", "ficus_gateway_overhead_seconds"),
	})
}

// quantile asks the native histogram, which is exact to a tenth, and the classic one where
// Prometheus does not keep that.
func quantile(percentile int, by, metric string) string {
	q := float64(percentile) / 100
	return lines(
		fmt.Sprintf("histogram_quantile(%v, sum by (%s) (rate(%s[5m])))", q, by, metric),
		fmt.Sprintf("or histogram_quantile(%v, sum by (%s, le) (rate(%s_bucket[5m])))", q, by, metric))
}

// migration is how the new sides do where their failures do not reach clients.
func migration() []rule {
	// Requests that the new side was asked to serve: it did, or legacy did in its place. No
	// two of these series have the same labels, so that "or" takes all.
	asked := `sum by (job, route) (rate(ficus_requests_total{side="` + route.New.String() + `"}[5m]) or rate(ficus_fallbacks_total[5m]))`
	share := func(name, what, of string) rule {
		return rule{Record: name, Expr: lines(`(`+what, `or 0 * `+of+`)`, `/ (`+of+` > 0)`)}
	}
	decisions := "sum by (job, route, mode) (rate(ficus_policy_decisions_total[5m]))"
	copies := "sum by (job, route) (rate(ficus_shadow_total%s[15m]))"
	return []rule{
		{Record: "job_route:ficus_fallbacks:rate5m", Expr: lines("sum by (job, route) (rate(ficus_fallbacks_total[5m]))", "or 0 * "+asked)},
		share("job_route:ficus_fallbacks:ratio_rate5m", "job_route:ficus_fallbacks:rate5m", asked),
		share("job_route_mode:ficus_policy_failures:ratio_rate5m",
			`sum by (job, route, mode) (rate(ficus_policy_decisions_total{cause=~"type|error|late|missing"}[5m]))`, decisions),
		share("job_route:ficus_shadow_differences:ratio_rate15m",
			fmt.Sprintf(copies, `{result=~"status|header|json|body"}`), fmt.Sprintf(copies, `{result=~"match|status|header|json|body"}`)),
		share("job_route:ficus_shadow_failures:ratio_rate15m",
			fmt.Sprintf(copies, `{result=~"error|timeout"}`), fmt.Sprintf(copies, "")),
	}
}

// burn is how fast routes use up the errors that their objectives leave them, seen through
// windows of some lengths: 1 uses up just all. Requests that were shed never reached a side,
// but their clients got an error.
func burn(windows ...string) []rule {
	var list []rule
	for _, w := range windows {
		requests, errors := "job_route:ficus_requests:rate"+w, "job_route:ficus_errors:rate"+w
		list = append(list,
			rule{Record: requests, Expr: fmt.Sprintf("sum by (job, route) (rate(ficus_requests_total[%s]) or rate(ficus_shed_total[%[1]s]))", w)},
			rule{Record: errors, Expr: lines(
				fmt.Sprintf(`sum by (job, route) (rate(ficus_requests_total{code=~"5.."}[%s]) or rate(ficus_shed_total[%[1]s]))`, w),
				"or 0 * "+requests)},
			rule{Record: "job_route:ficus_error_budget:burn_rate" + w, Expr: lines(
				errors+" / ("+requests+" > 0)",
				"/ on (job, route) group_left (owner) "+budget)})
	}
	return list
}

// budget is the share of requests that may fail, with the route's owner.
const budget = "(job_route:ficus_route:info * on (job, route) group_left () (1 - job_route:ficus_objective:ratio))"

func lines(list ...string) string { return strings.Join(list, "\n") }
