package console

import (
	"net/http"
	"slices"
	"time"

	"ficus/gateway/history"
	"ficus/gateway/overview"
	"ficus/gateway/route"
)

// maxRows bounds how many routes a page lists.
const maxRows = 200

type overviewData struct {
	overview.Overview
	Stages []stageShare
	New    float64 // share of the requests that the new side serves, in percent; -1 for none

	Filter   overview.Filter
	Filtered bool
	Sort     string
	Owners   []string
	Groups   []group
	Found    int // routes that the filter wants
	Hidden   int // of them, those that are not listed

	Window time.Duration // how far back lines reach
	Active int           // sides with traffic: if they are very many, lines are short
}

// stageShare is a part of the bar of stages, in percent of its width.
type stageShare struct {
	overview.StageCount
	At, Width string
}

type group struct {
	Name string
	Rows []row
}

type row struct {
	overview.Route
	Rates, Errs, P99s spark
	Active            bool // on either side, in the window
}

func (c *Console) overviewPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	d := overviewData{
		Overview: c.Of(0, 6), Owners: c.Owners(), Sort: q.Get("sort"),
		Filter: overview.Filter{Text: q.Get("q"), Stage: q.Get("stage"), Owner: q.Get("owner")},
	}
	d.Filtered = d.Filter != overview.Filter{}
	d.Stages, d.New = shares(&d.Overview), newShare(&d.Traffic)
	spread, _ := c.span(window, sparkPoints)
	_, d.Active = c.History.Reach()
	d.Window = time.Duration(spread) * history.Interval
	list := c.Routes(d.Filter)
	d.Found = len(list) - countDefault(list)
	sortRoutes(list, d.Sort)
	d.Hidden = max(0, len(list)-maxRows)
	d.Groups = c.grouped(list[:len(list)-d.Hidden], d.Sort != "")
	c.show(w, r, "overview", "Routes", d)
}

// sortRoutes sorts by a column, the largest first; "" leaves the order of groups.
func sortRoutes(list []overview.Route, by string) {
	value := map[string]func(*overview.Route) overview.Number{
		"rate":   func(r *overview.Route) overview.Number { return r.Legacy.Rate + r.New.Rate },
		"errors": func(r *overview.Route) overview.Number { return max(r.Legacy.Errors, r.New.Errors) },
		"p99":    func(r *overview.Route) overview.Number { return max(orZero(r.Legacy.P99), orZero(r.New.P99)) },
	}[by]
	if value == nil {
		return
	}
	slices.SortStableFunc(list, func(a, b overview.Route) int {
		switch x, y := value(&a), value(&b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
}

// countDefault counts the default entry, which is no route.
func countDefault(list []overview.Route) int {
	if slices.ContainsFunc(list, func(r overview.Route) bool { return r.ID == route.DefaultID }) {
		return 1
	}
	return 0
}

func orZero(n overview.Number) overview.Number {
	if !n.Known() {
		return 0
	}
	return n
}

// grouped makes rows of routes; flat puts all of them into one group without a name.
func (c *Console) grouped(list []overview.Route, flat bool) []group {
	var groups []group
	for _, r := range list {
		name := r.Group
		switch {
		case flat:
			name = ""
		case r.ID == route.DefaultID:
			name = "what no route takes"
		case r.Group == r.ID:
			name = "routes without a group"
		}
		i := slices.IndexFunc(groups, func(g group) bool { return g.Name == name })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{Name: name})
		}
		groups[i].Rows = append(groups[i].Rows, c.row(r))
	}
	return groups
}

func (c *Console) row(r overview.Route) row {
	spread, n := c.span(window, sparkPoints)
	legacy, new := c.figuresOf(r.ID, route.Legacy, spread, n), c.figuresOf(r.ID, route.New, spread, n)
	return row{
		Route: r, Active: legacy.rate != nil || new.rate != nil,
		Rates: newSpark(legacy.rate, new.rate, 1), Errs: newSpark(legacy.errors, new.errors, .02), P99s: newSpark(legacy.p99, new.p99, .01),
	}
}

// shares lays the stages out side by side, by their number of routes.
func shares(o *overview.Overview) []stageShare {
	var list []stageShare
	at := 0.0
	for _, s := range o.Stages {
		width := 0.0
		if o.Routes > 0 {
			width = 100 * float64(s.Routes) / float64(o.Routes)
		}
		list = append(list, stageShare{s, coordinate(at), coordinate(width)})
		at += width
	}
	return list
}

func newShare(s *overview.Sides) float64 {
	total := s.Legacy.Rate + s.New.Rate
	if total == 0 {
		return -1
	}
	return 100 * float64(s.New.Rate/total)
}
