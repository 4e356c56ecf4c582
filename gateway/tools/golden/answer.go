package golden

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"ficus/gateway/pipeline"
	"ficus/gateway/rewrite"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
	"ficus/gateway/tools/ask"
)

// An Answer is what becomes of a request.
type Answer struct {
	Route    string            `json:"route,omitempty"`
	Side     string            `json:"side,omitempty"`     // legacy or new; canary where only the cohort tells
	Backends []Backend         `json:"backends,omitempty"` // the one that serves, or all that may
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

// judge knows what becomes of requests.
type judge struct {
	table     *routetable.Table
	rewriters rewrite.Rewriters
}

// ask says what becomes of a case's request.
func (j *judge) ask(c *Case) Answer {
	q := c.question()
	r, err := q.HTTP()
	if err != nil { // it is no HTTP, so that the server refuses it
		return Answer{Status: http.StatusBadRequest, Reason: strings.TrimPrefix(err.Error(), ask.ErrRefused.Error()+": ")}
	}
	entry, asked, err := pipeline.Ask(j.table, r)
	var refused *pipeline.Error
	if errors.As(err, &refused) {
		return Answer{Status: refused.Status, Reason: err.Error()}
	}
	a := Answer{
		Route: entry.ID, Policy: entry.Policy, Params: entry.Pattern.Params(asked.Path),
		entry: entry, matches: j.table.Matching(*asked),
	}
	for _, side := range a.decide(c, split.Ask{Request: r, ClientIP: q.Client(), Claims: c.Claims}) {
		a.Backends = append(a.Backends, backendOf(entry, side, j.rewriters.Of(entry, side), r, asked))
	}
	return a
}

// decide fills in the side, and returns all that may serve.
func (a *Answer) decide(c *Case, as split.Ask) []route.Side {
	d := split.Decide(a.entry, as)
	a.Reason = d.Reason
	if a.entry.Stage == route.StageCanary {
		if c.Cohort != nil {
			d = split.DecideCohort(a.entry, *c.Cohort)
			a.Reason = fmt.Sprintf("%s: %d, weight %g %%", d.Reason, *c.Cohort, float64(a.entry.Weight)/100)
		} else {
			_, _, a.placed = split.Principal(a.entry.Cohort, as.Request, as.ClientIP, as.Claims)
		}
	}
	if d.Open {
		a.Side, a.Reason = string(Canary), "it depends on the cohort: give the case one"
		return a.entry.Sides()
	}
	a.Side = d.Side.String()
	return []route.Side{d.Side}
}
