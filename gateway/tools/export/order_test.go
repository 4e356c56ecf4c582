package export

import (
	"math/rand/v2"
	"slices"
	"testing"

	"ficus/gateway/routetable"
	"ficus/gateway/tools/export/exporttest"
)

// The first rule that matches a request is the entry that owns it.
func TestOrderIsTheMatchers(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		set, table := exporttest.Table(r, exporttest.Kind{Hosts: true, Conditions: true})
		s := newSource(set, table)
		for range 100 {
			q := exporttest.MakeRequest(r, exporttest.Spelling{Dots: true, Slashes: true, Needless: true})
			path, query := q.Parts()
			matching := table.Matching(routetable.Request{Method: q.Method, Host: q.Host, Path: path, RawQuery: query, Header: q.Header})
			i := slices.IndexFunc(s.rules, func(r *rule) bool { return slices.Contains(matching, r.Entry) })
			if got := s.rules[i].Entry; got != matching[0] {
				t.Fatalf("%s: the first rule is %s (%s), the owner %s (%s)", q, got.ID, got.Pattern, matching[0].ID, matching[0].Pattern)
			}
		}
	}
}
