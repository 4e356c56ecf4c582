// Package routetable compiles a [route.Set] to a [Table] and asks it which entry
// owns a request. Every room and every tool that needs to know asks this matcher;
// there is no second one.
//
// Of two patterns that match a request the more specific one wins: by host first
// (an exact name, then the longest "*." wildcard, then none), then by path and
// method; of equal patterns the one with more conditions. Where neither is more
// specific, and one request can meet both, the set does not compile, and the problem
// shows requests that prove it. So the order of routes and files can never matter.
//
// A Table is immutable and owns nothing that needs closing: it names backends and
// leaves it to the pipeline to hold them. Its methods may be called concurrently.
package routetable

import (
	"slices"
	"strings"
	"time"

	"ficus/gateway/route"
)

// An Entry is one route as compiled. What a match looks at stands first.
type Entry struct {
	ID     string
	Index  int         // place in Table.Entries; the default entry is the last
	When   *Conditions // nil where there are none
	rivals *rivals     // all entries of the pattern, where they are several; at the first of them

	Pattern     Pattern // zero for the default entry
	Description string
	Owner       string
	Stage       route.Stage    // where the route stands
	Force       route.Force    // who may choose the side of a request
	Weight      int            // cohorts that the new side serves at stage canary: 0 to 10,000
	Group       string         // routes of one group share cohorts
	Cohort      []route.Source // where the cohort comes from, in order
	Backend     string         // the new side; "" where there is none
	Identity    []string       // sources that are asked who the client is; nil for all
	Policy      string         // who may; "" where none is named
	Mode        route.Mode     // what becomes of its decision
	Paths       route.Paths    // how the backends read paths
	Input       route.PolicyInput
	Claims      []string          // of the principal, for the new side
	Rewrite     *route.Rewrite    // nil where nothing is changed
	Resilience  *route.Resilience // never nil; shared by all entries that say the same
	Expires     route.Date        // zero: never
	Origin      route.Origin      // where it was written
}

// BackendOf returns the name of the backend that serves a side of the entry.
func (e *Entry) BackendOf(side route.Side) string {
	if side == route.New {
		return e.Backend
	}
	return route.LegacyBackend
}

// Guarded reports whether a policy decides who may.
func (e *Entry) Guarded() bool { return e.Policy != "" && e.Policy != route.PolicyPublic }

// CallsLegacy reports whether legacy may serve requests of the entry.
func (e *Entry) CallsLegacy() bool { return e.Stage.CallsLegacy() }

// Sides returns the sides that may serve requests of the entry.
func (e *Entry) Sides() []route.Side {
	switch e.Stage {
	case route.StageLegacy, route.StageShadow:
		return []route.Side{route.Legacy}
	case route.StageCanary:
		return []route.Side{route.Legacy, route.New}
	}
	return []route.Side{route.New}
}

// Reaches reports whether a backend has what the entry's requests ask for: its own, and
// legacy, which may have it still when the route is retired.
func (e *Entry) Reaches(backend string) bool {
	return backend == e.Backend || backend == route.LegacyBackend
}

// A Table is a set as compiled.
type Table struct {
	Entries  []*Entry        // sorted by id; the default entry is the last
	Backends []route.Backend // sorted by name
	Revision string          // 12 hexadecimal digits; equal sets have equal revisions

	hosts  hostIndex
	folded hostIndex // of the patterns in lower case; nil where they are in lower case
}

// Default is the entry that answers when no route matches: legacy.
func (t *Table) Default() *Entry { return t.Entries[len(t.Entries)-1] }

// Match returns the entry that owns a request, never nil. A match allocates nothing
// but what a GraphQL condition needs to read the request.
func (t *Table) Match(r *Request) *Entry {
	e := t.hosts.match(r)
	if e == nil {
		return t.Default()
	}
	if e.When.AsksGraphQL() {
		r.Refused, r.Mixed = "", false // another condition saw what the request asks for
	}
	return e
}

// Entry returns the entry of that id, or nil.
func (t *Table) Entry(id string) *Entry {
	if id == route.DefaultID {
		return t.Default()
	}
	routes := t.Entries[:len(t.Entries)-1]
	i, ok := slices.BinarySearchFunc(routes, id, func(e *Entry, id string) int { return strings.Compare(e.ID, id) })
	if !ok {
		return nil
	}
	return routes[i]
}

// Backend returns the backend of that name, or nil.
func (t *Table) Backend(name string) *route.Backend {
	i, ok := slices.BinarySearchFunc(t.Backends, name, func(b route.Backend, name string) int { return strings.Compare(b.Name, name) })
	if !ok {
		return nil
	}
	return &t.Backends[i]
}

// Options are what a compilation depends on beside the set.
type Options struct {
	// Now is when it happens: routes that expired by then are warnings.
	Now time.Time

	// Policies lists the policies that there are, beside public. A route that names
	// another is an error.
	Policies []string

	// AnyPolicy takes every policy for known, where it can't be said which there are.
	AnyPolicy bool
}

// Compile checks a set and compiles it. With an error among the problems the
// table is nil, and nothing is said about warnings. Problems carry the file and the
// path inside it; the folder they came from can add line and column (routefile's
// Locate).
func Compile(set route.Set, options Options) (*Table, route.Problems) {
	return new(Compiler).Compile(set, options)
}

// LegacyOnly returns the table that sends everything to the monolith, as far as
// the set tells where it is: ok is false where no usable backend legacy is
// defined. It serves when a gateway starts with a broken folder.
func LegacyOnly(set route.Set) (table *Table, ok bool) {
	var legacy []route.Backend
	for _, b := range set.Backends {
		if b.Name == route.LegacyBackend {
			legacy = append(legacy, b)
		}
	}
	table, _ = Compile(route.Set{Backends: legacy}, Options{})
	return table, table != nil
}
