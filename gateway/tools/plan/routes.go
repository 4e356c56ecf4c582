package plan

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// Routes are the differences between the routes as written.
type Routes struct {
	Added   []Route        `json:"added"`
	Removed []Route        `json:"removed"`
	Changed []ChangedRoute `json:"changed"`
}

func noRoutes() Routes {
	return Routes{Added: []Route{}, Removed: []Route{}, Changed: []ChangedRoute{}}
}

func (r *Routes) count() int { return len(r.Added) + len(r.Removed) + len(r.Changed) }

// A Route is a route that is in one of the versions.
type Route struct {
	Treatment
	Match string `json:"match"`
	When  string `json:"when,omitempty"`
	Place string `json:"place"` // file:line:column
}

// A ChangedRoute is a route that is in both, under the same id or, where nothing else
// tells them apart, the same match.
type ChangedRoute struct {
	ID      string   `json:"id"`
	OldID   string   `json:"old_id,omitempty"` // where the id changes
	Match   string   `json:"match"`
	Place   string   `json:"place"`
	Changes []Change `json:"changes"`
	Meaning []string `json:"meaning"`
}

// Treatment says what a route does with its requests.
type Treatment struct {
	Route   string   `json:"route"`
	Stage   string   `json:"stage"`
	Weight  *float64 `json:"weight,omitempty"` // percent, at stage canary
	Backend string   `json:"backend"`          // of the new side; "" for none
	Policy  string   `json:"policy"`           // "" for none
}

func treatmentOf(u *unit) Treatment {
	d := u.written
	t := Treatment{Route: d.ID, Stage: d.Stage.String(), Backend: d.Backend, Policy: d.Policy}
	if d.Stage == route.StageCanary {
		t.Weight = &d.Weight
	}
	return t
}

// routes compares the routes as written.
func (c *comparison) routes() Routes {
	r := noRoutes()
	renamed := c.renamed()
	for _, id := range slices.Sorted(maps.Keys(c.old.byID)) {
		a, b := c.old.byID[id], c.new.byID[cmp.Or(renamed[id], id)]
		if b == nil {
			r.Removed = append(r.Removed, routeOf(a))
		} else if changed, ok := changedRoute(a, b); ok {
			r.Changed = append(r.Changed, changed)
		}
	}
	before := map[string]bool{}
	for _, id := range renamed {
		before[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(c.new.byID)) {
		if c.old.byID[id] == nil && !before[id] {
			r.Added = append(r.Added, routeOf(c.new.byID[id]))
		}
	}
	return r
}

// renamed finds routes whose id alone is new: it takes an id that is gone to the new
// one of the route that matches the same requests.
func (c *comparison) renamed() map[string]string {
	key := func(u *unit) string { return u.entry.Pattern.Shape() + "\n" + u.entry.When.String() }
	gone := map[string]string{}
	for id, u := range c.old.byID {
		if c.new.byID[id] == nil {
			gone[key(u)] = id
		}
	}
	renamed := map[string]string{}
	for id, u := range c.new.byID {
		if old, ok := gone[key(u)]; ok && c.old.byID[id] == nil {
			renamed[old] = id
		}
	}
	return renamed
}

func routeOf(u *unit) Route {
	return Route{
		Treatment: treatmentOf(u), Match: u.written.Match, When: u.entry.When.String(), Place: u.written.Origin.String(),
	}
}

func changedRoute(a, b *unit) (ChangedRoute, bool) {
	if sameText(a.written, b.written) {
		return ChangedRoute{}, false
	}
	list := changes(a.properties(), b.properties())
	if len(list) == 0 {
		return ChangedRoute{}, false
	}
	changed := ChangedRoute{
		ID: b.written.ID, Match: b.written.Match, Place: b.written.Origin.String(),
		Changes: list, Meaning: append([]string{}, meaning(a, b)...),
	}
	if a.written.ID != b.written.ID {
		changed.OldID = a.written.ID
	}
	return changed, true
}

// sameText reports whether two routes are written the same, wherever they stand: most
// of a large table.
func sameText(a, b *route.Definition) bool {
	x, y := *a, *b
	x.Origin, y.Origin = route.Origin{}, route.Origin{}
	return reflect.DeepEqual(x, y)
}

// Backends are the differences between the backends.
type Backends struct {
	Added   []Backend        `json:"added"`
	Removed []Backend        `json:"removed"`
	Changed []ChangedBackend `json:"changed"`
}

func noBackends() Backends {
	return Backends{Added: []Backend{}, Removed: []Backend{}, Changed: []ChangedBackend{}}
}

func (b *Backends) count() int { return len(b.Added) + len(b.Removed) + len(b.Changed) }

// A Backend is a backend that is in one of the versions.
type Backend struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
}

// A ChangedBackend is a backend that is in both.
type ChangedBackend struct {
	Name    string   `json:"name"`
	Changes []Change `json:"changes"`
	Meaning []string `json:"meaning"`
}

func backends(old, new *routetable.Table) Backends {
	list := noBackends()
	find := func(t *routetable.Table, name string) *route.Backend {
		for i := range t.Backends {
			if t.Backends[i].Name == name {
				return &t.Backends[i]
			}
		}
		return nil
	}
	for _, a := range old.Backends {
		b := find(new, a.Name)
		if b == nil {
			list.Removed = append(list.Removed, Backend{a.Name, a.Addresses})
			continue
		}
		var was, is []property
		flatten(reflect.ValueOf(backendOf(a)), "", &was)
		flatten(reflect.ValueOf(backendOf(*b)), "", &is)
		if changed := changes(was, is); len(changed) > 0 {
			list.Changed = append(list.Changed, ChangedBackend{a.Name, changed, append([]string{}, meaningOfBackend(a, *b, changed)...)})
		}
	}
	for _, b := range new.Backends {
		if find(old, b.Name) == nil {
			list.Added = append(list.Added, Backend{b.Name, b.Addresses})
		}
	}
	return list
}
