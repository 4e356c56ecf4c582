package split

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

func TestDecide(t *testing.T) {
	cookie, ip := route.Source{Kind: route.FromCookie, Name: "sid"}, route.Source{Kind: route.FromClientIP}
	claim := route.Source{Kind: route.FromClaim, Name: "sub"}
	bySession := []route.Source{claim, cookie}
	cohort := testKey.Cohort("cart", "s1")
	entry := func(stage route.Stage, weight int, sources ...route.Source) *routetable.Entry {
		return &routetable.Entry{Stage: stage, Weight: weight, Group: "cart", Cohort: sources}
	}
	file := func(side route.Side, cohort int, from route.Source) Decision {
		return Decision{Side: side, Cohort: cohort, Source: from, Clock: ClockFile}
	}
	open := file(route.Legacy, -1, cookie)
	open.Open = true
	for _, tc := range []struct {
		name   string
		entry  *routetable.Entry
		claims map[string]string
		key    *Key
		want   Decision
	}{
		{"legacy", entry(route.StageLegacy, 0, cookie), nil, &testKey, file(route.Legacy, -1, route.Source{})},
		{"new", entry(route.StageNew, 0, cookie), nil, &testKey, file(route.New, -1, route.Source{})},
		{"retired", entry(route.StageRetired, 0, cookie), nil, &testKey, file(route.New, -1, route.Source{})},
		{"the first cohort not moved", entry(route.StageCanary, cohort, bySession...), nil, &testKey, file(route.Legacy, cohort, cookie)},
		{"the last cohort moved", entry(route.StageCanary, cohort+1, bySession...), nil, &testKey, file(route.New, cohort, cookie)},
		{"by claim", entry(route.StageCanary, 0, bySession...), map[string]string{"sub": "u1"}, &testKey,
			file(route.Legacy, testKey.Cohort("cart", "u1"), claim)},
		{"by address", entry(route.StageCanary, Cohorts, ip), nil, &testKey, file(route.New, testKey.Cohort("cart", "192.0.2.1"), ip)},
		{"no source", entry(route.StageCanary, Cohorts, claim), nil, &testKey, file(route.Legacy, -1, route.Source{})},
		{"no key", entry(route.StageCanary, 1, bySession...), nil, nil, open},
		{"no key, nobody moved", entry(route.StageCanary, 0, bySession...), nil, nil, file(route.Legacy, -1, cookie)},
		{"no key, all moved", entry(route.StageCanary, Cohorts, bySession...), nil, nil, file(route.New, -1, cookie)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &http.Request{Header: http.Header{"Cookie": {"sid=s1"}}}
			got := Decide(tc.entry, Ask{Request: r, ClientIP: "192.0.2.1", Claims: tc.claims, Key: tc.key, Now: forceNow})
			if got.Reason == "" {
				t.Error("no reason is given")
			}
			got.Reason = ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDecideCohort(t *testing.T) {
	e := &routetable.Entry{Stage: route.StageCanary, Weight: 1000}
	for cohort, want := range map[int]route.Side{0: route.New, 999: route.New, 1000: route.Legacy, Cohorts - 1: route.Legacy} {
		if got := DecideCohort(e, cohort); got.Side != want || got.Cohort != cohort {
			t.Errorf("cohort %d: got %+v, want %s", cohort, got, want)
		}
	}
	e.Stage = route.StageNew
	if got := DecideCohort(e, 9999); got.Side != route.New || got.Cohort != -1 {
		t.Errorf("a cohort has a say at stage new: %+v", got)
	}
}

func BenchmarkDecide(b *testing.B) {
	e := &routetable.Entry{Stage: route.StageCanary, Weight: 1000, Group: "cart", Cohort: []route.Source{{Kind: route.FromClientIP}}}
	r := &http.Request{Header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		Decide(e, Ask{Request: r, ClientIP: "192.0.2.1", Key: &testKey})
	}
}

func TestNewCohorts(t *testing.T) {
	for stage, want := range map[route.Stage]int{
		route.StageLegacy: 0, route.StageShadow: 0, route.StageCanary: 2500, route.StageNew: Cohorts, route.StageRetired: Cohorts,
	} {
		if got := NewCohorts(&routetable.Entry{Stage: stage, Weight: 2500}); got != want {
			t.Errorf("%v: %v, want %v", stage, got, want)
		}
	}
}
