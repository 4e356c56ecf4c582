package console

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"ficus/gateway/change"
	"ficus/gateway/history"
	"ficus/gateway/overview"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/traffic"
)

type routeData struct {
	overview.Route
	Charts   []chart
	Settings []setting
	Place    string
	Lines    []string // as written
	First    int      // the number of the first
	Stale    bool     // the file may say something newer than what serves
	Changes  []change.Event
	Problems route.Problems
	Explain  explainData
}

// setting is a key of an entry as compiled.
type setting struct{ Key, Value string }

func (c *Console) routePage(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	found, ok := c.Route(id)
	if !ok {
		c.fail(w, r, http.StatusNotFound, "The table that serves has no route "+id+".")
		return
	}
	status := c.Status()
	entry := status.Table.Entry(id)
	if entry == nil {
		c.fail(w, r, http.StatusNotFound, "The route "+id+" has just gone.")
		return
	}
	d := routeData{Route: found, Charts: c.charts(id), Settings: settings(entry), Place: entry.Origin.String(), Stale: !status.LastReloadOK}
	d.Lines, d.First, _ = c.Tables.Written(entry.Origin) // none is shown where the file can't be read
	d.Changes = c.Changes.Recent(20, func(e *change.Event) bool { return e.Route == id || e.Route == traffic.AllRoutes })
	for _, p := range status.Problems {
		if p.Route == id {
			d.Problems = append(d.Problems, p)
		}
	}
	d.Explain = c.explain(r, entry)
	c.show(w, r, "route", id, d)
}

// charts are those of a route: all that is known.
func (c *Console) charts(id string) []chart {
	to := c.Now()
	if newest := c.History.Times(1); len(newest) > 0 {
		to = newest[0]
	}
	spread, columns := c.span(math.MaxInt64, chartPoints)
	from := to.Add(-time.Duration(spread) * history.Interval)
	legacy, new := c.figuresOf(id, route.Legacy, spread, columns), c.figuresOf(id, route.New, spread, columns)
	latency := func(side string, f figures) []lineOf {
		return []lineOf{{"p99", side + " p99", f.p99}, {"p95", side + " p95", f.p95}, {"p50", side + " p50", f.p50}}
	}
	top := highest(legacy.p99, new.p99) // both sides have one scale, so that they can be compared
	return []chart{
		newChart("rate", "Requests a second", "/s", from, to, 0, []lineOf{{"legacy", "legacy", legacy.rate}, {"new", "new", new.rate}}),
		newChart("errors", "Errors: answers with 5xx", "%", from, to, 0, []lineOf{{"legacy", "legacy", legacy.errors}, {"new", "new", new.errors}}),
		newChart("latency-legacy", "Latency of legacy", "s", from, to, top, latency("legacy", legacy)),
		newChart("latency-new", "Latency of the new side", "s", from, to, top, latency("new", new)),
	}
}

// settings lists what an entry says, those keys that say something.
func settings(e *routetable.Entry) []setting {
	var list []setting
	add := func(key, value string) {
		if value != "" {
			list = append(list, setting{key, value})
		}
	}
	add("description", e.Description)
	add("match", e.Pattern.String())
	add("when", e.When.String())
	add("stage", e.Stage.String())
	add("backend", e.Backend)
	add("group", e.Group)
	if e.Stage == route.StageCanary {
		add("weight", fmt.Sprintf("%g %%: %d of 10,000 cohorts", float64(e.Weight)/100, e.Weight))
		add("cohort", joined(e.Cohort))
		add("force", e.Force.String())
	}
	add("owner", e.Owner)
	add("policy", e.Policy)
	if e.Guarded() {
		add("mode", e.Mode.String())
	}
	add("identity", strings.Join(e.Identity, ", "))
	add("claims", strings.Join(e.Claims, ", "))
	add("paths", e.Paths.String())
	add("expires", e.Expires.String())
	if e.Rewrite != nil {
		add("rewrite", "yes: ask below what a request becomes")
	}
	return append(list, resilience(e)...)
}

func joined(sources []route.Source) string {
	texts := make([]string, len(sources))
	for i, s := range sources {
		texts[i] = s.String()
	}
	return strings.Join(texts, ", ")
}

// resilience lists what protects the route, defaults filled in, where it has a new side.
func resilience(e *routetable.Entry) []setting {
	r := e.Resilience
	var list []setting
	for _, t := range []struct {
		key  string
		time time.Duration
	}{{"timeout", r.Timeout}, {"try_timeout", r.TryTimeout}, {"idle_timeout", r.IdleTimeout}} {
		if t.time > 0 {
			list = append(list, setting{t.key, t.time.String()})
		}
	}
	if r.MinBodyRate > 0 {
		list = append(list, setting{"min_body_rate", fmt.Sprintf("%d bytes a second", r.MinBodyRate)})
	}
	if e.Backend == "" || len(e.Sides()) == 1 && e.Sides()[0] == route.Legacy {
		return list
	}
	retry, fallback := r.Retry.Filled(), r.Fallback.Filled()
	list = append(list, setting{"retry", fmt.Sprintf("%d attempts, on %v", retry.Attempts, retry.Status)})
	if e.CallsLegacy() || e.Stage == route.StageNew {
		list = append(list, setting{"fallback", fmt.Sprintf("%s, on %v", cmp.Or(fallback.Enabled.String(), "on"), fallback.Status)})
	}
	return list
}
