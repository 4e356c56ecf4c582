// Package explain says which route owns a request and why, which side serves it and
// what decided that: all that the gateway would do with the request, without doing
// it. It asks the matcher and the decision that the gateway itself uses.
package explain

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"ficus/gateway/pipeline"
	"ficus/gateway/rewrite"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
	"ficus/gateway/tools/ask"
	"ficus/gateway/traffic"
)

// An Answer says what becomes of a request.
type Answer struct {
	Method        string `json:"method"`
	Host          string `json:"host"`
	Path          string `json:"path"`           // raw, as it goes over the wire
	CanonicalPath string `json:"canonical_path"` // as routes and policies see it

	Revision string            `json:"revision"` // of the table that was asked
	Route    Route             `json:"route"`
	Params   map[string]string `json:"params,omitempty"` // what the match's wildcards took
	Others   []Other           `json:"others"`           // that match too, the next best first
	Note     string            `json:"note,omitempty"`   // on a GraphQL request that a condition let pass

	Stage  string   `json:"stage"`
	Weight *float64 `json:"weight,omitempty"` // percent, at stage canary
	Group  string   `json:"group"`
	Cohort *Cohort  `json:"cohort,omitempty"` // at stage canary
	Side   string   `json:"side"`             // legacy, new, or canary where the cohort can't be known
	Clock  string   `json:"clock"`            // what decided
	Reason string   `json:"reason"`

	Backends []Backend `json:"backends"` // of the side, or of both where the side is not known
	Policy   string    `json:"policy"`   // "" where none is named
	Fallback string    `json:"fallback"` // what answers if the backend fails

	Resilience Resilience `json:"resilience"`
}

// A Route is the entry that owns the request, or one that matches it too.
type Route struct {
	ID    string `json:"id"`
	Match string `json:"match,omitempty"`
	When  string `json:"when,omitempty"`
	Place string `json:"place,omitempty"` // file:line:column
	Owner string `json:"owner,omitempty"`
}

// Other is an entry that matches the request and does not own it.
type Other struct {
	Route
	Why string `json:"why"` // it lost
}

// Cohort is where a client falls.
type Cohort struct {
	Number *int   `json:"number,omitempty"` // 0 to 9,999; nil where it can't be known
	Source string `json:"source,omitempty"` // what of the request it comes from
}

// Backend is a backend that would be asked.
type Backend struct {
	Side      string   `json:"side"`
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	Rewrite   *Rewrite `json:"rewrite,omitempty"` // nil where nothing is changed on the way
}

// Rewrite is what a backend gets in place of what the client sent.
type Rewrite struct {
	Target  string                 `json:"target"` // path and query
	Host    string                 `json:"host"`
	Headers []rewrite.HeaderChange `json:"headers,omitempty"`
	Rules   []string               `json:"rules"` // of the route, answers included
}

// A Gateway is what of a running gateway decides beside the table. Both may be nil where
// they are not at hand: then the side of a canary request is not known, and nothing killed.
type Gateway struct {
	Key   *split.Key
	Kills *traffic.Kills
}

// Explain answers a question by a table.
func Explain(table *routetable.Table, q *ask.Question, gateway Gateway, now time.Time) (*Answer, error) {
	r, err := q.HTTP()
	if err != nil {
		return nil, err
	}
	entry, asked, err := pipeline.Ask(table, r)
	var refused *pipeline.Error
	if errors.As(err, &refused) {
		return nil, fmt.Errorf("the gateway refuses it with %d: %w", refused.Status, err)
	}
	a := &Answer{
		Method: r.Method, Host: r.Host, Path: rawPath(r), CanonicalPath: asked.Path,
		Revision: table.Revision, Route: routeOf(entry), Params: entry.Pattern.Params(asked.Path),
		Others: others(table, *asked, entry), Note: graphQLNote(entry, asked),
		Stage: entry.Stage.String(), Group: entry.Group, Policy: entry.Policy,
	}
	a.decide(table, entry, asked, split.Ask{
		Request: r, ClientIP: q.Client(), Claims: q.Claims, Now: now, Key: gateway.Key,
		Killed: gateway.Kills.Of(entry.ID, entry.Stage) != nil,
	})
	if kill := gateway.Kills.Of(entry.ID, entry.Stage); kill != nil {
		a.Reason = killReason(kill)
	}
	return a, nil
}

func killReason(k *traffic.Kill) string {
	reason := "killed since " + k.Since.Format(time.RFC3339) + ", so legacy serves"
	if k.By != "" {
		reason += ", by " + k.By
	}
	if k.Reason != "" {
		reason += ": " + k.Reason
	}
	return reason
}

func rawPath(r *http.Request) string {
	for i := range r.RequestURI {
		if r.RequestURI[i] == '?' {
			return r.RequestURI[:i]
		}
	}
	return r.RequestURI
}

func routeOf(e *routetable.Entry) Route {
	return Route{ID: e.ID, Match: e.Pattern.String(), When: e.When.String(), Place: e.Origin.String(), Owner: e.Owner}
}

func others(table *routetable.Table, asked routetable.Request, winner *routetable.Entry) []Other {
	list := []Other{}
	for _, e := range table.Matching(asked) {
		if e != winner {
			list = append(list, Other{Route: routeOf(e), Why: routetable.Why(winner, e)})
		}
	}
	return list
}

func graphQLNote(winner *routetable.Entry, asked *routetable.Request) string {
	switch {
	case winner.When.AsksGraphQL():
	case asked.Refused != "":
		return fmt.Sprintf("a GraphQL condition did not see what is asked for: %s", asked.Refused)
	case asked.Mixed:
		return "the operation asks for fields of several routes, so none of them takes it"
	}
	return ""
}

// decide fills in what room 4 would decide.
func (a *Answer) decide(table *routetable.Table, e *routetable.Entry, asked *routetable.Request, as split.Ask) {
	d := split.Decide(e, as)
	rewriters := rewrite.Compile(table)
	a.Side, a.Clock, a.Reason = d.Side.String(), d.Clock, d.Reason
	sides := []route.Side{d.Side}
	if d.Open {
		a.Side, sides = route.StageCanary.String(), e.Sides()
	}
	if e.Stage == route.StageCanary {
		weight := float64(e.Weight) / 100
		a.Weight = &weight
		if d.Source != (route.Source{}) || d.Cohort >= 0 {
			a.Cohort = &Cohort{Source: d.Source.String()}
			if d.Cohort >= 0 {
				a.Cohort.Number = &d.Cohort
			}
		}
	}
	for _, side := range sides {
		b := Backend{Side: side.String(), Name: e.BackendOf(side), Rewrite: rewriteOf(rewriters.Of(e, side), asked)}
		b.Addresses = table.Backend(b.Name).Addresses
		a.Backends = append(a.Backends, b)
	}
	a.resilience(table, e, as.Request, sides)
}

func rewriteOf(r *rewrite.Rewriter, asked *routetable.Request) *Rewrite {
	if r == nil {
		return nil
	}
	gets := r.Preview(asked)
	target := gets.Path
	if gets.RawQuery != "" {
		target += "?" + gets.RawQuery
	}
	return &Rewrite{Target: target, Host: gets.Host, Headers: gets.Headers, Rules: r.Describe()}
}
