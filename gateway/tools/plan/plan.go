// Package plan is what "ficus routes plan" says: what one version of the route files
// changes against another, by meaning and not by text. How files are formatted, named
// and ordered, and where defaults stand, is text.
//
// It compares twice. The first comparison is of what is written: routes and backends,
// key by key. The second is of what requests get: each set of requests that another
// route owns, or that its route treats differently, with an example for which the
// matcher itself gives both answers.
//
// The second is complete. A request moves from a route to another only if one of the
// two is new, gone, or matches other requests than before: of two routes that stand
// unchanged in both tables the same one wins in both. So every such route is held
// against all that overlap with it in the other table, and for each pair the requests
// are tried that [routetable.Sampler.Between] makes.
package plan

import (
	"ficus/gateway/control"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// A Version is one state of the route files.
type Version struct {
	Name    string // how people call it: a folder, or a git revision and a folder
	Verdict control.Verdict
}

// A Report says what a change of the route files does.
type Report struct {
	Old      Origin           `json:"old"`
	New      Origin           `json:"new"`
	Changes  bool             `json:"changes"` // whether anything does change
	Routes   Routes           `json:"routes"`
	Removal  *control.Removal `json:"removal,omitempty"` // most are gone: a gateway asks for a confirmation
	Backends Backends         `json:"backends"`
	Policies *Policies        `json:"policies,omitempty"`
	Requests []RequestSet     `json:"requests"` // whose route or treatment changes
	Traffic  *Traffic         `json:"traffic,omitempty"`
	compared *comparison
}

// An Origin names a version.
type Origin struct {
	Name     string `json:"name"`
	Revision string `json:"revision"` // of the table
	Routes   int    `json:"routes"`
}

// comparison holds both versions.
type comparison struct {
	old, new version
	sampler  *routetable.Sampler
}

type version struct {
	table *routetable.Table
	units []*unit // one for each entry, by its index
	byID  map[string]*unit
}

// unit is a route as written and as compiled. The default entry has one too.
type unit struct {
	entry   *routetable.Entry
	written *route.Definition

	all, noticed []property // see properties and treatment; made when first asked for
}

// Of compares two versions, both without errors.
func Of(old, new Version) *Report {
	c := &comparison{old: versionOf(old.Verdict), new: versionOf(new.Verdict)}
	c.sampler = routetable.NewSampler(c.old.table, c.new.table)
	r := &Report{Old: originOf(old), New: originOf(new), compared: c}
	r.Policies = c.policies(old.Verdict, new.Verdict)
	r.Changes = r.Policies != nil
	if r.Old.Revision == r.New.Revision {
		r.Routes, r.Backends, r.Requests = noRoutes(), noBackends(), []RequestSet{}
		return r
	}
	r.Routes, r.Backends = c.routes(), backends(old.Verdict.Table, new.Verdict.Table)
	r.Requests = c.requests()
	r.Removal = control.RemovalOf(old.Verdict.Table, new.Verdict.Table)
	r.Changes = r.Changes || r.Routes.count()+r.Backends.count()+len(r.Requests) > 0
	return r
}

func originOf(v Version) Origin {
	return Origin{Name: v.Name, Revision: v.Verdict.Table.Revision, Routes: len(v.Verdict.Set.Routes)}
}

// restOf is the default entry as a route: of the folder's defaults it has what decides
// who may, and resilience.
func restOf(set route.Set) *route.Definition {
	return &route.Definition{ID: route.DefaultID, Settings: route.Settings{
		Identity: set.Rest.Identity, Policy: set.Rest.Policy, Mode: set.Rest.Mode, Paths: set.Rest.Paths, PolicyInput: set.Rest.PolicyInput,
		Resilience: set.Rest.Resilience,
	}, Origin: set.RestOrigin}
}

func versionOf(v control.Verdict) version {
	byID := make(map[string]*unit, len(v.Set.Routes)+1)
	for i := range v.Set.Routes {
		byID[v.Set.Routes[i].ID] = &unit{written: &v.Set.Routes[i]}
	}
	byID[route.DefaultID] = &unit{written: restOf(v.Set)}
	units := make([]*unit, len(v.Table.Entries))
	for i, e := range v.Table.Entries {
		units[i] = byID[e.ID]
		units[i].entry = e
	}
	return version{table: v.Table, units: units, byID: byID}
}

func (v *version) unit(e *routetable.Entry) *unit { return v.units[e.Index] }
