package dashboard

import (
	"fmt"
	"strings"

	"ficus/gateway/route"
)

// What stages and breakers are called where their numbers are shown.
var (
	stageNames   = states(mapped{Text: "legacy", Color: legacyColor}, mapped{Text: "shadow", Color: shadowColor}, mapped{Text: "canary", Color: canaryColor}, mapped{Text: "new", Color: newColor}, mapped{Text: "retired", Color: retiredColor})
	breakerNames = states(mapped{Text: "closed", Color: good}, mapped{Text: "half open", Color: warn}, mapped{Text: "open", Color: bad})
	upNames      = states(mapped{Text: "down", Color: bad}, mapped{Text: "up", Color: good})
	goodNames    = states(mapped{Text: "refused", Color: bad}, mapped{Text: "applied", Color: good})
)

// stageNumbers is the stage of each route as a number, 0 for legacy.
func (b *board) stageNumbers() string {
	var list []string
	for i, stage := range route.Stages {
		list = append(list, fmt.Sprintf("%d * %s", i, b.value("max", "route", "ficus_route_stage", fmt.Sprintf("stage=%q", stage))))
	}
	return strings.Join(list, " or ")
}

// marks are the changes of routes and backends, as annotations. Each is seen for a minute.
func (b *board) marks() {
	stage := b.value("max", "route, stage", "ficus_route_stage")
	b.mark("stage", canaryColor, "{{route}}: {{stage}}", came(stage, "and on (route) "+earlier(b.value("max", "route", "ficus_route_stage"))))
	b.mark("weight", newColor, "{{route}}: another weight", fmt.Sprintf("max by (route) (changes(%s[1m])) > 0", b.of("ficus_route_weight_ratio")))
	killed := b.killed()
	b.mark("killed", bad, "{{route}}: killed", came(killed, ""))
	b.mark("unkilled", good, "{{route}}: not killed any more", earlier(killed)+" unless "+killed)
	b.markBreakers()
}

// markBreakers shows when breakers came to a state.
func (b *board) markBreakers() {
	b.mark("breaker", bad, "{{backend}}: breaker {{to}}", fmt.Sprintf("sum by (backend, to) (increase(%s[1m])) > 0", b.of("ficus_backend_breaker_transitions_total")))
}

// markRevisions shows when a metric that tells a revision came to tell another one.
func (b *board) markRevisions(what, color, metric string) {
	b.mark(what, color, what+" {{revision}}", came(b.value("max", "revision", metric), "and on () "+earlier(b.value("max", "", metric))))
}

// killed are the routes that the kill switch has taken back, and * where it has all.
func (b *board) killed() string {
	b.described("ficus_route_killed")
	return `max by (route) (ficus_route_killed{job=~"$job",route=~"$route|[*]"})`
}

// came is what is there now and was not a minute ago, though what else is given was.
func came(query, though string) string {
	return strings.TrimSpace(query + " unless " + earlier(query) + " " + though)
}

// earlier is a query as it was a minute ago.
func earlier(query string) string {
	return strings.ReplaceAll(query, "})", "} offset 1m)")
}
