package routetable

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ficus/gateway/route"
)

// public is a route on the backend "new" with nothing to warn of.
func public(match string, stage route.Stage) route.Definition {
	return route.Definition{Match: match, Settings: route.Settings{Backend: "new", Stage: stage, Policy: route.PolicyPublic}}
}

func with(d route.Definition, change func(*route.Definition)) route.Definition {
	change(&d)
	return d
}

func when(d route.Definition, header, value string) route.Definition {
	d.When.Header = map[string]route.Wanted{header: route.Wanted(value)}
	return d
}

// warningsOf compiles routes with the ids r0, r1 and so on, and returns the code and
// the route of each problem.
func warningsOf(t *testing.T, routes ...route.Definition) []string {
	t.Helper()
	set := setOf()
	for i, d := range routes {
		d.ID, d.Origin = fmt.Sprintf("r%d", i), route.Origin{File: "routes/test.yaml", Index: i}
		set.Routes = append(set.Routes, d)
	}
	_, problems := Compile(set, Options{Now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)})
	var got []string
	for _, p := range problems {
		if p.Severity != route.Warning {
			t.Errorf("not a warning: %v", p)
		}
		got = append(got, fmt.Sprintf("%s %s %s", p.Code, p.Route, p.Path))
	}
	return got
}

func TestWarnings(t *testing.T) {
	date := func(text string) (d route.Date) {
		if err := d.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, tc := range []struct {
		name  string
		route route.Definition
		want  []string
	}{
		{"nothing", public("GET /a", route.StageNew), nil},
		{"CONNECT", public("CONNECT /a", route.StageNew), []string{"unreachable r0 routes[0].match"}},
		{"mutation by GET", with(public("GET /a", route.StageNew), func(d *route.Definition) {
			d.When.GraphQL.Type = route.Mutation
		}), []string{"unreachable r0 routes[0].match"}},
		{"mutation by POST", with(public("POST /a", route.StageNew), func(d *route.Definition) {
			d.When.GraphQL.Type = route.Mutation
		}), nil},
		{"subscription to several fields", with(public("/a", route.StageNew), func(d *route.Definition) {
			d.When.GraphQL = route.GraphQL{Type: route.Subscription, Fields: []string{"a", "b"}}
		}), nil},
		{"weight of no canary", with(public("/a", route.StageNew), func(d *route.Definition) { d.Weight = 5 }),
			[]string{"weight r0 routes[0].weight"}},
		{"weight of a canary", with(public("/a", route.StageCanary), func(d *route.Definition) { d.Weight = 5 }), nil},
		{"no policy for POST", with(public("POST /a", route.StageNew), func(d *route.Definition) { d.Policy = "" }),
			[]string{"no_policy r0 routes[0].match"}},
		{"no policy for any method", with(public("/a", route.StageNew), func(d *route.Definition) { d.Policy = "" }),
			[]string{"no_policy r0 routes[0].match"}},
		{"no policy for GET", with(public("GET /a", route.StageNew), func(d *route.Definition) { d.Policy = "" }), nil},
		{"expired yesterday", with(public("/a", route.StageNew), func(d *route.Definition) { d.Expires = date("2026-06-30") }),
			[]string{"expired r0 routes[0].expires"}},
		{"expires today", with(public("/a", route.StageNew), func(d *route.Definition) { d.Expires = date("2026-07-01") }), nil},
		{"backend that nobody uses", with(public("/a", route.StageLegacy), func(d *route.Definition) { d.Backend = "" }),
			[]string{"unused  backends.new"}},
		{"a shadow of GET", public("GET /a", route.StageShadow), nil},
		{"a shadow of all methods", public("/a", route.StageShadow), nil},
		{"a shadow of POST", public("POST /a", route.StageShadow), []string{"shadow r0 routes[0].stage"}},
		{"a fallback at stage retired", with(public("/a", route.StageRetired), func(d *route.Definition) { d.Fallback.Enabled = route.On }),
			[]string{"fallback r0 routes[0].fallback"}},
		{"no fallback at stage retired", with(public("/a", route.StageRetired), func(d *route.Definition) { d.Fallback.Enabled = route.Off }), nil},
		{"a wait as long as all", with(public("/a", route.StageNew), func(d *route.Definition) { d.Timeout, d.Retry.Wait = time.Second, time.Second }),
			[]string{"wait r0 routes[0].retry.wait"}},
		{"a wait, and no retry", with(public("/a", route.StageNew), func(d *route.Definition) {
			d.Timeout, d.Retry.Wait, d.Retry.Attempts = time.Second, time.Second, 1
		}), nil},
	} {
		if diff := cmp.Diff(tc.want, warningsOf(t, tc.route)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

// A backend without a breaker is a warning where legacy has to wait for it.
func TestBreakerWarning(t *testing.T) {
	for stage, want := range map[route.Stage]bool{
		route.StageLegacy: false, route.StageShadow: false, route.StageCanary: true, route.StageNew: true, route.StageRetired: false,
	} {
		for _, fallback := range []route.Switch{route.Default, route.Off} {
			set := setOf("/a")
			set.Routes[0].Stage, set.Routes[0].Fallback.Enabled = stage, fallback
			for i := range set.Backends {
				set.Backends[i].Breaker.Enabled = route.Off
			}
			_, problems := Compile(set, Options{})
			got := slices.ContainsFunc(problems, func(p route.Problem) bool {
				return p.Code == route.CodeBreaker && p.Path == "backends.new.breaker.enabled"
			})
			if got != (want && fallback != route.Off) {
				t.Errorf("stage %s, fallback %q: %v", stage, fallback, problems)
			}
		}
	}
}

// The first of the routes is retired.
func TestRetiredWarning(t *testing.T) {
	retired := func(match string) route.Definition { return public(match, route.StageRetired) }
	legacy := func(match string) route.Definition { return public(match, route.StageLegacy) }
	for _, tc := range []struct {
		name   string
		routes []route.Definition
		want   bool
	}{
		{"nothing else", []route.Definition{retired("/a/")}, false},
		{"legacy inside", []route.Definition{retired("/a/"), legacy("/a/b")}, true},
		{"canary inside", []route.Definition{retired("/a/"), public("/a/b", route.StageCanary)}, true},
		{"new inside", []route.Definition{retired("/a/"), public("/a/b", route.StageNew)}, false},
		{"retired inside", []route.Definition{retired("/a/"), retired("/a/b")}, false},
		{"legacy around", []route.Definition{retired("/a/b"), legacy("/a/")}, false},
		{"legacy beside", []route.Definition{retired("/a/b"), legacy("/a/c")}, false},
		{"the example of a wildcard", []route.Definition{retired("/a/" + sample), legacy("/a/{x}")}, false},
		{"one method", []route.Definition{retired("/a"), legacy("GET /a")}, true},
		{"HEAD of GET", []route.Definition{retired("GET /a"), legacy("HEAD /a")}, true},
		{"another method", []route.Definition{retired("POST /a"), legacy("GET /a")}, false},
		{"legacy for one host", []route.Definition{retired("/a"), legacy("h.io/")}, true},
		{"legacy for some hosts", []route.Definition{retired("*.io/a"), legacy("*.h.io/{x}")}, true},
		{"legacy for other hosts", []route.Definition{retired("*.io/a"), legacy("*.h.org/")}, false},
		{"legacy for all hosts", []route.Definition{retired("h.io/a"), legacy("/a")}, false},
		{"more conditions", []route.Definition{retired("/a"), when(legacy("/a"), "X", "1")}, true},
		{"fewer conditions", []route.Definition{when(retired("/a"), "X", "1"), legacy("/a")}, false},
		{"conditions apart", []route.Definition{when(retired("/a/"), "X", "1"), when(legacy("/a/b"), "X", "2")}, false},
		{"conditions together", []route.Definition{when(retired("/a/"), "X", "1"), when(legacy("/a/b"), "X", "1*")}, true},
	} {
		var want []string
		if tc.want {
			want = []string{"retired r0 routes[0].stage"}
		}
		if diff := cmp.Diff(want, warningsOf(t, tc.routes...)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestRetiredAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSet(t, true)
		kept, _ := accepted(set)
		set.Routes = nil
		for _, ref := range kept {
			ref.Stage = draw(t, route.Stages[:]...)
			set.Routes = append(set.Routes, ref.Definition)
		}
		want := map[string]bool{}
		for _, outer := range kept {
			for _, inner := range kept {
				if outer.Stage == route.StageRetired && inner.Stage.CallsLegacy() && inner.meet(outer) && inner.wins(outer) {
					want[outer.ID] = true
				}
			}
		}
		got := map[string]bool{}
		_, problems := Compile(set, Options{})
		for _, p := range problems {
			if p.Code == route.CodeRetired {
				got[p.Route] = true
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}
