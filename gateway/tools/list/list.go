// Package list is "ficus routes list": the routes of a table, filtered, sorted and
// laid out, for people or for programs.
package list

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// A Route is one route of a table.
type Route struct {
	ID          string      `json:"id"`
	Description string      `json:"description,omitempty"`
	Match       string      `json:"match"`
	When        string      `json:"when,omitempty"` // the conditions, for people
	Stage       route.Stage `json:"stage"`
	Weight      *float64    `json:"weight,omitempty"`  // percent, at stage canary
	Backend     string      `json:"backend,omitempty"` // the new side
	Group       string      `json:"group"`
	Cohort      []string    `json:"cohort"`
	Force       string      `json:"force"`
	Owner       string      `json:"owner,omitempty"`
	Policy      string      `json:"policy,omitempty"`
	Expires     string      `json:"expires,omitempty"` // a day
	File        string      `json:"file"`
	Line        int         `json:"line"`
	Column      int         `json:"column"`

	backends []string // of the sides that may serve
}

// A List is what is shown of a table.
type List struct {
	Revision string  `json:"revision"`
	Routes   []Route `json:"routes"`
	Total    int     `json:"total"` // routes of the table
}

// None is the value of a filter that wants routes which name none.
const None = "none"

// A Filter says which routes are shown: those that have one of the values, of each
// list that is not empty.
type Filter struct {
	Stages   []string
	Groups   []string
	Backends []string // that may serve, or are named as the new side
	Owners   []string
}

// Check returns an error where the filter wants what can't be.
func (f *Filter) Check() error {
	for _, text := range f.Stages {
		if err := new(route.Stage).UnmarshalText([]byte(text)); err != nil {
			return err
		}
	}
	return nil
}

func (f *Filter) takes(r *Route) bool {
	has := func(wanted []string, values ...string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(wanted, cmp.Or(v, None)) })
	}
	return has(f.Stages, r.Stage.String()) && has(f.Groups, r.Group) && has(f.Owners, r.Owner) &&
		has(f.Backends, append(r.backends, r.Backend)...)
}

// Of lists the routes of a table that a filter takes, in an order of [Orders].
func Of(table *routetable.Table, filter Filter, order string) (*List, error) {
	compare, ok := orders[order]
	if !ok {
		return nil, fmt.Errorf("unknown order %q (use %s)", order, strings.Join(Orders, ", "))
	}
	if err := filter.Check(); err != nil {
		return nil, err
	}
	l := &List{Revision: table.Revision, Routes: []Route{}, Total: len(table.Entries) - 1}
	for _, e := range table.Entries {
		if r := routeOf(e); e != table.Default() && filter.takes(&r) {
			l.Routes = append(l.Routes, r)
		}
	}
	slices.SortStableFunc(l.Routes, func(a, b Route) int { return compare(&a, &b) }) // which were sorted by id
	return l, nil
}

func routeOf(e *routetable.Entry) Route {
	r := Route{
		ID: e.ID, Description: e.Description, Match: e.Pattern.String(), When: e.When.String(),
		Stage: e.Stage, Backend: e.Backend, Group: e.Group, Cohort: []string{}, Force: e.Force.String(),
		Owner: e.Owner, Policy: e.Policy, Expires: e.Expires.String(),
		File: e.Origin.File, Line: e.Origin.Line, Column: e.Origin.Column,
	}
	if e.Stage == route.StageCanary {
		weight := float64(e.Weight) / 100
		r.Weight = &weight
	}
	for _, s := range e.Cohort {
		r.Cohort = append(r.Cohort, s.String())
	}
	for _, side := range e.Sides() {
		r.backends = append(r.backends, e.BackendOf(side))
	}
	return r
}
