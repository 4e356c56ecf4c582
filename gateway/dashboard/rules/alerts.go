package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// Severities: a page wakes somebody up, a ticket waits for the morning.
const (
	page   = "page"
	ticket = "ticket"
)

// An alert is one alerting rule; alerts of one name differ in severity or window.
type alert struct {
	name, severity string
	expr           string
	lasts          string            // how long it has to be so until it fires; "" for at once
	labels         map[string]string // beside severity
	summary        string
	description    string
}

// Alerts returns the names of all alerts, each once: the sections that the runbook has.
func Alerts() []string {
	var names []string
	for _, g := range alertGroups() {
		for _, a := range g.alerts {
			if !slices.Contains(names, a.name) {
				names = append(names, a.name)
			}
		}
	}
	return names
}

type alertGroup struct {
	name   string
	alerts []alert
}

func alertGroups() []alertGroup {
	return []alertGroup{
		{"ficus-alerts-objectives", burnAlerts()},
		{"ficus-alerts-routes", routeAlerts()},
		{"ficus-alerts-backends", backendAlerts()},
		{"ficus-alerts-table", tableAlerts()},
		{"ficus-alerts-gateway", gatewayAlerts()},
	}
}

func alerts(o Options) []group {
	var groups []group
	for _, g := range alertGroups() {
		made := group{Name: g.name}
		for _, a := range g.alerts {
			made.Rules = append(made.Rules, a.rule(o))
		}
		groups = append(groups, made)
	}
	return groups
}

func (a alert) rule(o Options) rule {
	r := rule{
		Alert: a.name, Expr: a.expr, For: a.lasts,
		Labels: map[string]string{"severity": a.severity},
		Annotations: map[string]string{
			"summary": a.summary, "description": a.description,
			"runbook_url": o.Runbook + "#" + strings.ToLower(a.name),
		},
	}
	maps.Copy(r.Labels, a.labels)
	if o.Board != "" && strings.Contains(a.description, "$labels.route") {
		separator := "?"
		if strings.Contains(o.Board, "?") {
			separator = "&"
		}
		r.Annotations["dashboard_url"] = o.Board + separator + "var-route={{ $labels.route }}"
	}
	return r
}

// owned adds the owner to what is known of routes.
func owned(expr string) string {
	return lines("("+expr+")", "* on (job, route) group_left (owner) job_route:ficus_route:info")
}

// bySide makes two alerts of one about backends: the monolith has nobody to answer in its
// place.
func bySide(a alert, expr string) []alert {
	legacy := a
	legacy.severity, legacy.expr = page, fmt.Sprintf(expr, `backend="`+route.LegacyBackend+`"`)
	a.severity, a.expr = ticket, fmt.Sprintf(expr, `backend!="`+route.LegacyBackend+`"`)
	return []alert{legacy, a}
}
