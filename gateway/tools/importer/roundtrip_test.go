package importer

import (
	"math/rand/v2"
	"testing"

	"ficus/gateway/routetable"
	"ficus/gateway/tools/export"
	"ficus/gateway/tools/export/exporttest"
)

// takesAll reports whether nothing is left for the default entry.
func takesAll(e *routetable.Entry) bool {
	all, err := routetable.ParsePattern("/")
	return err == nil && e.When == nil && routetable.Covers(e.Pattern, all)
}

// A table that goes to Caddy and comes back gives every request its old owner.
func TestThereAndBack(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 7))
		set, table := exporttest.Table(r, exporttest.Kind{Hosts: seed%3 > 0, Conditions: seed%2 > 0})
		result, err := export.Write(export.Caddy, set, table)
		if err != nil {
			t.Fatal(err)
		}
		draft, err := Caddy("caddy.json", []byte(result.Config), false)
		if err != nil {
			t.Fatal(err)
		}
		if len(draft.Lost) > 0 {
			t.Fatalf("seed %d: left out: %v\n%s", seed, draft.Lost, result.Config)
		}
		back := checked(t, draft).Table
		for range 200 {
			q := exporttest.MakeRequest(r, exporttest.Spelling{Dots: true, Slashes: true, Needless: true})
			if got, want := q.Owner(back), q.Owner(table); got.ID != want.ID && !(got == back.Default() && takesAll(want)) {
				t.Fatalf("seed %d: %s: owned by %s (%s), once by %s (%s)\n%s", seed, q, got.ID, got.Pattern, want.ID, want.Pattern, draft.Text())
			}
		}
	}
}
