package routetable

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

// edits are sets that follow each other, as edits of one folder make them. What one leaves
// as it was is the same to the next.
func edits() []route.Set {
	set := setOf("GET /a/{id}", "POST /a", "/b/{path...}", "GET /c", "GET /c", "GET api.example.com/d")
	for i := range set.Routes {
		set.Routes[i].Same = new(route.Sameness)
	}
	set.Routes[0].Expires = route.Date{Time: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	set.Routes[4].When.Header = map[string]route.Wanted{"X-A": "1"}
	all := []route.Set{set}
	edit := func(change func(s *route.Set)) {
		next := all[len(all)-1]
		next.Routes, next.Backends = slices.Clone(next.Routes), slices.Clone(next.Backends)
		change(&next)
		for i := range next.Routes {
			next.Routes[i].Origin = route.Origin{File: "r.yaml", Line: 10*len(all) + i, Index: i}
		}
		all = append(all, next)
	}
	changed := func(d *route.Definition) *route.Definition {
		d.Same = new(route.Sameness)
		return d
	}
	edit(func(s *route.Set) { changed(&s.Routes[2]).Retry.Attempts = 2 })
	edit(func(s *route.Set) { changed(&s.Routes[2]).Match = "nonsense" })
	edit(func(s *route.Set) { changed(&s.Routes[2]).Match = "GET /a/{other}" }) // a conflict
	edit(func(s *route.Set) { changed(&s.Routes[2]).Match = "GET /a/x" })
	edit(func(s *route.Set) { s.Routes = slices.Insert(s.Routes, 0, s.Routes[3]) }) // an id that is taken
	edit(func(s *route.Set) { s.Routes = slices.Delete(s.Routes, 0, 2) })
	edit(func(s *route.Set) { changed(&s.Routes[2]).Backend = "nobody" })
	edit(func(s *route.Set) { changed(&s.Routes[2]).Backend = ""; s.Rest.Policy = "unknown" })
	edit(func(s *route.Set) { changed(&s.Routes[3]).Same, s.Rest.Policy = nil, "public" })
	edit(func(s *route.Set) { s.Routes = s.Routes[3:] })
	return all
}

// A Compiler that knows what was before comes to the same table and problems as one that
// knows nothing.
func TestCompilerKnowsNothingWrong(t *testing.T) {
	now := time.Date(2029, 12, 1, 0, 0, 0, 0, time.UTC)
	var c Compiler
	for i, set := range edits() {
		for range 2 { // before a route expires, and then
			want, wantProblems := Compile(set, Options{Now: now})
			got, problems := c.Compile(set, Options{Now: now})
			if diff := cmp.Diff(wantProblems, problems); diff != "" {
				t.Errorf("%d: (-want +got)\n%s", i, diff)
			}
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%d: other tables: %+v, want %+v", i, got, want)
			}
			now = now.AddDate(0, 2, 0)
		}
	}
}

// What is the same shares what was compiled, and what is new shares with it what it can.
func TestCompilerShares(t *testing.T) {
	var c Compiler
	all := edits()
	first, _ := c.Compile(all[0], Options{})
	second, _ := c.Compile(all[4], Options{})
	if first == nil || second == nil {
		t.Fatal("no table")
	}
	a, b := first.Entry(all[0].Routes[4].ID), second.Entry(all[0].Routes[4].ID)
	if a == b || a.When != b.When || a.Resilience != b.Resilience {
		t.Errorf("%+v and %+v", a, b)
	}
	if fresh := second.Entry(all[0].Routes[5].ID); fresh.Resilience != a.Resilience {
		t.Error("what says the same is there twice")
	}
}
