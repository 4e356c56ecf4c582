package importer

import (
	"reflect"
	"slices"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// compile leaves out definitions until the rest is a table without errors, then gives
// them their ids.
func (b *builder) compile(definitions []route.Definition) {
	var table *routetable.Table
	for {
		var problems route.Problems
		table, problems = routetable.Compile(route.Set{Backends: b.known(), Routes: definitions}, routetable.Options{Now: time.Time{}})
		if !problems.HasErrors() {
			break
		}
		left := b.leaveOut(definitions, problems)
		if len(left) == len(definitions) { // a backend is at fault, which address has let pass
			b.lose(route.Origin{File: b.draft.From}, "%v", problems)
			b.draft.Backends = []route.Backend{{Name: route.LegacyBackend, Addresses: []string{unknownAddress}}}
			left = nil
		}
		definitions = left
	}
	if b.ordered {
		b.checkOrder(definitions, table)
	}
	slices.SortStableFunc(definitions, func(x, y route.Definition) int { return comparePlaces(x.Origin, y.Origin) })
	taken := map[string]bool{route.DefaultID: true}
	for _, d := range definitions {
		c := b.candidates[d.Origin.Index]
		d.ID = b.idOf(c, taken)
		b.draft.Routes = append(b.draft.Routes, Route{Comment: printable(c.comment), Definition: d})
	}
	b.draft.Backends = slices.DeleteFunc(b.draft.Backends, func(backend route.Backend) bool {
		return backend.Name != route.LegacyBackend && !slices.ContainsFunc(definitions, func(d route.Definition) bool { return d.Backend == backend.Name })
	})
}

// known returns the backends with an address in place of what the environment will say.
func (b *builder) known() []route.Backend {
	backends := slices.Clone(b.draft.Backends)
	for i := range backends {
		if backends[i].Addresses[0] == unknownAddress {
			backends[i].Addresses = []string{"http://127.0.0.1:8080"}
		}
	}
	return backends
}

// leaveOut drops the definitions that problems name, and lists them.
func (b *builder) leaveOut(definitions []route.Definition, problems route.Problems) []route.Definition {
	return slices.DeleteFunc(slices.Clone(definitions), func(d route.Definition) bool {
		i := slices.IndexFunc(problems, func(p route.Problem) bool { return p.Severity == route.Error && p.Route == d.ID })
		if i >= 0 {
			b.lose(d.Origin, "%s: %s", d.Match, problems[i].Message)
		}
		return i >= 0
	})
}

// checkOrder notes where the table prefers another route than the source does, so that
// some requests change their backend.
func (b *builder) checkOrder(definitions []route.Definition, table *routetable.Table) {
	entries := make([]*routetable.Entry, len(definitions))
	for i, d := range definitions {
		entries[i] = table.Entry(d.ID)
	}
	for i, first := range definitions {
		for j := i + 1; j < len(definitions); j++ {
			second := definitions[j]
			if !alike(first, second) && routetable.Overlap(entries[i], entries[j]) && routetable.Wins(entries[j], entries[i]) {
				b.note(second.Origin, "%s: of what both match, %s (%s) gets nothing any more: the more specific wins, not the first", second.Match, first.Match, first.Origin)
			}
		}
	}
}

// alike reports whether two routes do the same with a request.
func alike(a, b route.Definition) bool {
	return a.Backend == b.Backend && reflect.DeepEqual(a.Rewrite, b.Rewrite)
}
