package routetable

import (
	"math/rand/v2"
	"slices"
	"testing"

	"ficus/gateway/route"
)

func TestRevision(t *testing.T) {
	set := setOf(shopPatterns(20)...)
	table, _ := Compile(set, Options{})
	shuffled := route.Set{Backends: slices.Clone(set.Backends), Routes: slices.Clone(set.Routes)}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled.Routes), func(i, j int) {
		shuffled.Routes[i], shuffled.Routes[j] = shuffled.Routes[j], shuffled.Routes[i]
	})
	for i := range shuffled.Routes {
		shuffled.Routes[i].Origin = route.Origin{File: "other.yaml", Index: i}
	}
	slices.Reverse(shuffled.Backends)
	other, _ := Compile(shuffled, Options{})
	if table.Revision != other.Revision || len(table.Revision) != 12 {
		t.Errorf("revisions %q and %q of one set", table.Revision, other.Revision)
	}
	for i, e := range table.Entries {
		if other.Entries[i].ID != e.ID || e.Index != i || table.Entry(e.ID) != e {
			t.Errorf("entry %d is %s and %s", i, e.ID, other.Entries[i].ID)
		}
	}
	if table.Entry("none") != nil {
		t.Error("there is an entry of no id")
	}
	shuffled.Routes[3].Weight = 1
	if changed, _ := Compile(shuffled, Options{}); changed.Revision == table.Revision {
		t.Error("another set has the same revision")
	}
}

func TestLegacyOnly(t *testing.T) {
	set := setOf("GET /a", "GET /a", "nonsense")
	if table, problems := Compile(set, Options{}); table != nil || !problems.HasErrors() {
		t.Fatalf("a broken set compiles: %v", problems)
	}
	table, ok := LegacyOnly(set)
	if !ok || table.Match(&Request{Method: "GET", Path: "/a"}) != table.Default() || len(table.Backends) != 1 {
		t.Errorf("%+v, %v", table, ok)
	}
	set.Backends[0].Addresses = nil
	if table, ok := LegacyOnly(set); ok {
		t.Errorf("without an address: %+v", table)
	}
}

func TestWhy(t *testing.T) {
	for _, tc := range []struct{ winner, other, want string }{
		{"h.io/", "/a", "the host h.io is more specific than any"},
		{"x.h.io/", "*.h.io/a", "the host x.h.io is more specific than *.h.io"},
		{"*.h.io/", "*.io/", "the host *.h.io is more specific than *.io"},
		{"/a/b", "/a/{x}", "its path is less specific"},
		{"GET /a", "/a", "its method is less specific"},
		{"GET /a/b", "/a/", "its path and its method are less specific"},
	} {
		a, b := &Entry{Pattern: mustParse(t, tc.winner)}, &Entry{Pattern: mustParse(t, tc.other)}
		if got := Why(a, b); got != tc.want || !Overlap(a, b) {
			t.Errorf("Why(%s, %s) = %q, want %q", tc.winner, tc.other, got, tc.want)
		}
	}
	table := compile(t, "GET /a")
	e := table.Entry("r0")
	if got := Why(e, table.Default()); got != "it answers what no route takes" || !Overlap(table.Default(), e) {
		t.Errorf("the default entry: %q", got)
	}
	two := setOf("/a", "/a", "/a")
	two.Routes[1].When.Header = map[string]route.Wanted{"X": "1"}
	two.Routes[2].When.Header = map[string]route.Wanted{"X": "2"}
	table, _ = Compile(two, Options{})
	for other, want := range map[string]string{
		"r0": "it has fewer conditions: 0 instead of 1", "r2": "its conditions exclude those of the winner",
	} {
		if got := Why(table.Entry("r1"), table.Entry(other)); got != want {
			t.Errorf("%s: %q, want %q", other, got, want)
		}
	}
}
