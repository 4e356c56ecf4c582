package golden

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"ficus/gateway/pipeline"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
	"ficus/gateway/tools/ask"
)

// An Answer is what becomes of a request.
type Answer struct {
	Route    string            `json:"route,omitempty"`
	Side     string            `json:"side,omitempty"` // legacy or new; canary where only the cohort tells
	Backends []string          `json:"backends,omitempty"`
	Policy   string            `json:"policy,omitempty"`
	Params   map[string]string `json:"params,omitempty"`
	Status   int               `json:"status,omitempty"` // of a request that the gateway refuses
	Reason   string            `json:"reason"`           // for the side, or the status

	entry   *routetable.Entry
	matches []*routetable.Entry // the entry and those that match too, the best first
	placed  bool                // at stage canary, by a cohort that is not given
}

// question is the request of a case that was checked.
func (c *Case) question() *ask.Question {
	method, target, _ := strings.Cut(c.Request, " ")
	q := &ask.Question{Method: method, ClientIP: c.ClientIP, Claims: c.Claims, Body: c.Body, Header: http.Header{}}
	if target = strings.TrimLeft(target, " "); strings.HasPrefix(target, "/") || isURL(target) {
		q.URL = target
	} else {
		q.Target = target
	}
	for name, value := range c.Headers {
		q.Header.Set(name, value)
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(c.Cookies)) {
		pairs = append(pairs, name+"="+c.Cookies[name])
	}
	if len(pairs) > 0 {
		q.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
	return q
}

func isURL(target string) bool {
	scheme, _, ok := strings.Cut(target, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// ask puts the case's request to a table.
func (c *Case) ask(table *routetable.Table) Answer {
	q := c.question()
	r, err := q.HTTP()
	if err != nil { // it is no HTTP, so that the server refuses it
		return Answer{Status: http.StatusBadRequest, Reason: strings.TrimPrefix(err.Error(), ask.ErrRefused.Error()+": ")}
	}
	entry, asked, err := pipeline.Ask(table, r)
	var refused *pipeline.Error
	if errors.As(err, &refused) {
		return Answer{Status: refused.Status, Reason: err.Error()}
	}
	a := Answer{
		Route: entry.ID, Policy: entry.Policy, Params: entry.Pattern.Params(asked.Path),
		entry: entry, matches: table.Matching(*asked),
	}
	a.decide(c, split.Ask{Request: r, ClientIP: q.Client(), Claims: c.Claims})
	return a
}

// decide fills in side and backends.
func (a *Answer) decide(c *Case, as split.Ask) {
	d := split.Decide(a.entry, as)
	a.Reason = d.Reason
	if a.entry.Stage == route.StageCanary {
		weight := float64(a.entry.Weight) / 100
		if c.Cohort != nil {
			d = split.DecideCohort(a.entry, *c.Cohort)
			a.Reason = fmt.Sprintf("%s: %d, weight %g %%", d.Reason, *c.Cohort, weight)
		} else {
			_, _, a.placed = split.Principal(a.entry.Cohort, as.Request, as.ClientIP, as.Claims)
		}
	}
	a.Side, a.Backends = d.Side.String(), []string{a.entry.BackendOf(d.Side)}
	if d.Open {
		a.Side, a.Backends = string(Canary), nil
		a.Reason = "it depends on the cohort: give the case one"
		for _, side := range a.entry.Sides() {
			a.Backends = append(a.Backends, a.entry.BackendOf(side))
		}
	}
}
