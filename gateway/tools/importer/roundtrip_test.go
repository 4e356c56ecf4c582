package importer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/tools/export"
	"ficus/gateway/tools/export/exporttest"
)

// A table that goes to Caddy and comes back sends every request to the same address, and
// nothing of it is left out.
func TestThereAndBack(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 7))
		set, _ := exporttest.Table(r, exporttest.Kind{Hosts: seed%3 > 0, Conditions: seed%2 > 0})
		table := ownAddresses(t, set)
		result, err := export.Write(export.Caddy, set, table)
		if err != nil {
			t.Fatal(err)
		}
		draft, err := Caddy("caddy.json", []byte(result.Config), false)
		if err != nil {
			t.Fatal(err)
		}
		if lost := slices.DeleteFunc(draft.Lost, func(f Finding) bool { return behindAll(set, f) }); len(lost) > 0 {
			t.Fatalf("seed %d: left out: %v\n%s", seed, lost, result.Config)
		}
		back := checked(t, draft).Table
		for range 200 {
			q := exporttest.MakeRequest(r, exporttest.Spelling{Dots: true, Slashes: true, Needless: true})
			if got, want := addressOf(back, q), addressOf(table, q); got != want {
				t.Fatalf("seed %d: %s: goes to %s, once to %s\n%s", seed, q, got, want, draft.Text())
			}
		}
	}
}

// ownAddresses gives each backend an address of its own, and compiles the set.
func ownAddresses(t *testing.T, set route.Set) *routetable.Table {
	t.Helper()
	for i := range set.Backends {
		set.Backends[i].Addresses = []string{fmt.Sprintf("http://127.0.0.1:%d", i+1)}
	}
	table, problems := routetable.Compile(set, routetable.Options{})
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	return table
}

// behindAll says of a finding that it is the default of a table with a route for
// everything, which gets no request there either.
func behindAll(set route.Set, f Finding) bool {
	return strings.Contains(f.Message, "/: no request reaches it") &&
		slices.ContainsFunc(set.Routes, func(d route.Definition) bool { return covers(d.Match, "/") && d.When.Count() == 0 })
}

// addressOf is where a table sends a request.
func addressOf(table *routetable.Table, q exporttest.Request) string {
	owner := q.Owner(table)
	name := owner.BackendOf(owner.Sides()[0])
	for _, b := range table.Backends {
		if b.Name == name {
			return b.Addresses[0]
		}
	}
	return "nowhere: " + name
}
