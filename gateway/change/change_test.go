package change

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

var noon = time.Date(2027, 1, 2, 12, 0, 0, 0, time.UTC)

func newRecorder() *Recorder { return NewRecorder(func() time.Time { return noon }) }

func TestRingKeepsTheNewest(t *testing.T) {
	r := newRecorder()
	for i := range Kept + 10 {
		r.Record(Event{Kind: Killed, Route: fmt.Sprint(i)})
	}
	got := r.Recent(Kept+10, nil)
	if len(got) != Kept || got[0].Route != fmt.Sprint(Kept+9) || got[Kept-1].Route != "10" || r.Count() != Kept+10 {
		t.Errorf("%d events, from %s to %s", len(got), got[0].Route, got[len(got)-1].Route)
	}
	even := r.Recent(3, func(e *Event) bool { return strings.HasSuffix(e.Route, "0") })
	if len(even) != 3 || even[0].Route != "520" || even[1].Route != "510" {
		t.Errorf("those that are wanted: %+v", even)
	}
}

func TestWhatARecorderFillsIn(t *testing.T) {
	r := newRecorder()
	r.Record(Event{Kind: "nonsense", Text: strings.Repeat("x", maxEventText+1)})
	want := []Event{{Time: noon, Kind: Unspecified, Text: strings.Repeat("x", maxEventText)}}
	if diff := cmp.Diff(want, r.Recent(1, nil)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var none *Recorder
	none.Record(Event{})
	if none.Recent(1, nil) != nil || none.Count() != 0 {
		t.Error("a nil recorder has recorded")
	}
	none.Subscribe(1).Close()
}

// Who doesn't read holds nobody up, and is told what it missed.
func TestSubscriberThatDoesNotRead(t *testing.T) {
	r := newRecorder()
	slow, quick := r.Subscribe(2), r.Subscribe(10)
	for i := range 5 {
		r.Record(Event{Kind: Killed, Route: fmt.Sprint(i)})
	}
	if slow.Dropped() != 3 || quick.Dropped() != 0 || (<-slow.Events()).Route != "0" || len(quick.Events()) != 5 {
		t.Errorf("dropped %d and %d", slow.Dropped(), quick.Dropped())
	}
	slow.Close()
	slow.Close()
	r.Record(Event{})
	if len(slow.Events()) != 1 || len(quick.Events()) != 6 {
		t.Error("a subscription that ended gets events, or the other one none")
	}
}

func TestConcurrently(t *testing.T) {
	r := newRecorder()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				s := r.Subscribe(1)
				r.Record(Event{Kind: Breaker})
				r.Recent(10, nil)
				s.Close()
			}
		})
	}
	all.Wait()
	if r.Count() != 400 || len(r.subscribers) != 0 {
		t.Errorf("%d events, %d subscribers left", r.Count(), len(r.subscribers))
	}
}

// table compiles routes that are given by the stage of each.
func table(t testing.TB, edit func(*route.Definition), ids ...string) *routetable.Table {
	t.Helper()
	set := route.Set{Backends: []route.Backend{
		{Name: "legacy", Addresses: []string{"http://127.0.0.1:1"}}, {Name: "cart", Addresses: []string{"http://127.0.0.1:2"}},
	}}
	for _, id := range ids {
		d := route.Definition{ID: id, Match: "GET /" + id}
		d.Backend = "cart"
		if edit != nil {
			edit(&d)
		}
		set.Routes = append(set.Routes, d)
	}
	compiled, problems := routetable.Compile(set, routetable.Options{AnyPolicy: true})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return compiled
}

func TestBetween(t *testing.T) {
	before := table(t, nil, "a", "b", "c", "e")
	after := table(t, func(d *route.Definition) {
		switch d.ID {
		case "b":
			d.Stage, d.Weight = route.StageCanary, 12.5
		case "c":
			d.Owner, d.Resilience.Timeout, d.Match = "ann", time.Second, "GET /other"
		}
	}, "b", "c", "d", "e")
	want := []Event{
		{Kind: RouteRemoved, Route: "a", Text: "removed; it was at legacy"},
		{Kind: StageMoved, Route: "b", Backend: "cart", Text: "legacy → canary 12.5 %"},
		{Kind: RouteChanged, Route: "c", Backend: "cart", Text: "changed: match, owner, resilience"},
		{Kind: RouteAdded, Route: "d", Backend: "cart", Text: "added at legacy"},
	}
	if diff := cmp.Diff(want, Between(before, after)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	heavier := table(t, func(d *route.Definition) {
		if d.Stage, d.Weight = route.StageCanary, 12.5; d.ID == "b" {
			d.Weight = 25
		}
	}, "b")
	lighter := table(t, func(d *route.Definition) { d.Stage, d.Weight = route.StageCanary, 12.5 }, "b")
	want = []Event{{Kind: WeightMoved, Route: "b", Backend: "cart", Text: "weight 12.5 % → 25 %"}}
	if diff := cmp.Diff(want, Between(lighter, heavier)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if Between(nil, after) != nil || Between(after, after) != nil {
		t.Error("nothing changed, and something is told")
	}
}

func many(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("r%05d", i))
	}
	return ids
}

func TestBetweenIsBounded(t *testing.T) {
	before := table(t, nil, many(500)...)
	after := table(t, func(d *route.Definition) { d.Stage = route.StageNew }, many(500)...)
	got := Between(before, after)
	if len(got) != maxBetween+1 || got[maxBetween].Text != "and 400 more changes of routes" {
		t.Errorf("%d events, the last: %+v", len(got), got[len(got)-1])
	}
}

func BenchmarkBetween10000(b *testing.B) {
	before := table(b, nil, many(10_000)...)
	after := table(b, func(d *route.Definition) {
		if d.ID == "r05000" {
			d.Stage = route.StageNew
		}
	}, many(10_000)...)
	for b.Loop() {
		if len(Between(before, after)) != 1 {
			b.Fatal("not one change")
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	r := newRecorder()
	b.ReportAllocs()
	for b.Loop() {
		r.Record(Event{Kind: Breaker, Backend: "cart", Text: "open"})
	}
}
