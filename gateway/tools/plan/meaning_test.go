package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// unitOf makes a unit without a table, so that it may have any policy.
func unitOf(s route.Settings) *unit {
	d := &route.Definition{ID: "r", Match: "/a/{id}", Settings: s}
	e := &routetable.Entry{ID: "r", Group: d.CohortGroup(), Cohort: s.Cohort, Stage: s.Stage}
	if len(e.Cohort) == 0 {
		e.Cohort = []route.Source{{Kind: route.FromClientIP}}
	}
	return &unit{entry: e, written: d}
}

func TestMeaning(t *testing.T) {
	cookie := []route.Source{{Kind: route.FromCookie, Name: "sid"}}
	canary := func(weight float64) route.Settings {
		return route.Settings{Stage: route.StageCanary, Weight: weight, Backend: "cart"}
	}
	with := func(s route.Settings, change func(*route.Settings)) route.Settings { change(&s); return s }
	at := func(stage route.Stage) route.Settings { return route.Settings{Stage: stage, Backend: "cart"} }
	policy := func(name string) route.Settings { return route.Settings{Policy: name} }
	for _, tc := range []struct {
		name     string
		old, new route.Settings
		want     []string
	}{
		{"nothing", canary(10), canary(10), nil},
		{"to new", at(route.StageLegacy), at(route.StageNew), []string{"moved to the new side: all clients"}},
		{"back", at(route.StageNew), at(route.StageLegacy), []string{"moved back to legacy: all clients"}},
		{"retired", at(route.StageNew), at(route.StageRetired), []string{"no client changes sides", "legacy is never called again"}},
		{"not retired any more", at(route.StageRetired), at(route.StageNew), []string{"no client changes sides", "legacy may be called again"}},
		{"more", canary(10), canary(25), []string{"15 % of the clients move to new, none back"}},
		{"less", canary(25.25), canary(10), []string{"15.25 % of the clients move back to legacy, none to new"}},
		{"the last", canary(99.99), at(route.StageNew), []string{"0.01 % of the clients move to new, none back"}},
		{"canary of none", at(route.StageLegacy), canary(0), []string{"no client changes sides"}},
		{"canary of all", at(route.StageNew), canary(100), []string{"no client changes sides"}},
		{"canary of all with a cookie", with(canary(100), func(s *route.Settings) { s.Cohort = cookie }), at(route.StageNew),
			[]string{"no client changes sides", "requests without cookie:sid move to new too"}},
		{"another group", canary(10), with(canary(20), func(s *route.Settings) { s.Group = "g" }),
			[]string{"another group deals clients anew: about 18 % move to new, about 8 % back to legacy"}},
		{"another group of all", canary(100), with(canary(100), func(s *route.Settings) { s.Group = "g" }), nil},
		{"another cohort", canary(50), with(canary(50), func(s *route.Settings) { s.Cohort = cookie }),
			[]string{"other cohort sources deal clients anew: about 25 % move to new, about 25 % back to legacy"}},
		{"another backend", canary(10), with(canary(20), func(s *route.Settings) { s.Backend = "b" }),
			[]string{"10 % of the clients move to new, none back", "the 10 % that stay on the new side get b instead of cart"}},
		{"another backend for all", at(route.StageNew), with(at(route.StageNew), func(s *route.Settings) { s.Backend = "b" }),
			[]string{"all clients get b instead of cart"}},
		{"another backend for nobody", at(route.StageLegacy), with(at(route.StageLegacy), func(s *route.Settings) { s.Backend = "b" }), nil},
		{"tightened", policy("public"), policy("shop.cart"), []string{"policy tightened: shop.cart decides, before everybody could"}},
		{"tightened from none", policy(""), policy("shop.cart"), []string{"policy tightened: shop.cart decides, before everybody could"}},
		{"loosened", policy("shop.cart"), policy("public"), []string{"policy loosened: everybody may, before shop.cart decided"}},
		{"loosened to none", policy("shop.cart"), policy(""), []string{"policy loosened: everybody may, before shop.cart decided"}},
		{"another policy", policy("shop.cart"), policy("shop.all"), []string{"policy changed: shop.all decides, before shop.cart did"}},
		{"none and public", policy(""), policy("public"), nil},
		{"forced", canary(1), with(canary(1), func(s *route.Settings) { s.Force = route.ForceSigned }),
			[]string{"who holds a signed token may choose the side"}},
		{"forced no more", with(canary(1), func(s *route.Settings) { s.Force = route.ForceSigned }), canary(1),
			[]string{"nobody may choose the side any more"}},
		{"rewritten", at(route.StageNew), with(at(route.StageNew), func(s *route.Settings) { s.Rewrite.New.AddPrefix = "/v2" }),
			[]string{"requests to new are rewritten differently"}},
		{"rewritten for nobody", at(route.StageLegacy), with(at(route.StageLegacy), func(s *route.Settings) { s.Rewrite.New.AddPrefix = "/v2" }), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := unitOf(tc.old), unitOf(tc.new)
			if diff := cmp.Diff(tc.want, meaning(a, b)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Keys that are one in meaning are not told as a change, whatever their spelling.
func TestChangesByMeaning(t *testing.T) {
	with := func(change func(*route.Definition)) *unit {
		d := route.Definition{ID: "r", Match: "/a/{x}/{y}", Settings: route.Settings{Stage: route.StageNew, Backend: "a"}}
		d.When.GraphQL.Fields = []string{"f", "g"}
		d.When.Header = map[string]route.Wanted{"X-A": "1"}
		d.Rewrite.New = route.SideRewrite{
			Path: "/b/{x}", Headers: route.Changes{Set: map[string]string{"X-B": "{y}"}, Remove: []string{"X-C", "X-D"}},
		}
		if change != nil {
			change(&d)
		}
		v := versionOf(verdictOf(t, d))
		return v.byID["r"]
	}
	for _, tc := range []struct {
		name   string
		change func(*route.Definition)
		want   []Change
	}{
		{"order of fields", func(d *route.Definition) { d.When.GraphQL.Fields = []string{"g", "f"} }, []Change{}},
		{"names of headers", func(d *route.Definition) {
			d.When.Header = map[string]route.Wanted{"x-a": "1"}
			d.Rewrite.New.Headers = route.Changes{Set: map[string]string{"x-b": "{y}"}, Remove: []string{"x-d", "x-c"}}
		}, []Change{}},
		{"names of wildcards", func(d *route.Definition) {
			d.Match, d.Rewrite.New.Path = "/a/{u}/{v}", "/b/{u}"
			d.Rewrite.New.Headers.Set = map[string]string{"X-B": "{v}"}
		}, []Change{}},
		{"the group it has without one", func(d *route.Definition) { d.Group = "r" }, []Change{}},
		{"the cohort it has without one", func(d *route.Definition) { d.Cohort = []route.Source{{Kind: route.FromClientIP}} }, []Change{}},
		{"wildcards that change places", func(d *route.Definition) { d.Match = "/a/{y}/{x}" }, []Change{
			{"rewrite.new.path", "/b/{1}", "/b/{2}"}, {"rewrite.new.headers.set.X-B", "{2}", "{1}"},
		}},
		{"a condition more", func(d *route.Definition) { d.When.Header = map[string]route.Wanted{"X-A": "1", "A": "*"} }, []Change{
			{"when.header.A", "", "*"},
		}},
		{"a condition less", func(d *route.Definition) { d.When.Header = nil; d.Weight = 2 }, []Change{
			{"when.header.X-A", "1", ""}, {"weight", "0", "2"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := changes(with(nil).properties(), with(tc.change).properties())
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"a \"b\" é":             "a \"b\" é",
		"two\nlines \"b\"\x1b[": `two\nlines "b"\x1b[`,
	} {
		if got := visible(text); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}
