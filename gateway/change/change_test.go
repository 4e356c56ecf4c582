package change

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

var noon = time.Date(2027, 1, 2, 12, 0, 0, 0, time.UTC)

func newRecorder() *Recorder { return NewRecorder(Config{Now: func() time.Time { return noon }}) }

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
	if len(even) != 3 || even[0].Route != "260" || even[1].Route != "250" {
		t.Errorf("those that are wanted: %+v", even)
	}
}

func TestWhatARecorderFillsIn(t *testing.T) {
	r := newRecorder()
	r.Record(Event{Kind: "nonsense", Text: strings.Repeat("x", maxEventText-1) + "→", By: "ann\xff"})
	want := []Event{{Time: noon, Kind: Unspecified, Text: strings.Repeat("x", maxEventText-1), By: "ann"}}
	if diff := cmp.Diff(want, r.Recent(1, nil)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var none *Recorder
	none.Record(Event{})
	if none.Recent(1, nil) != nil || none.Count() != 0 {
		t.Error("a nil recorder has recorded")
	}
	none.Subscribe(1, nil).Close()
}

// Who doesn't read holds nobody up, and is told what it missed.
func TestSubscriberThatDoesNotRead(t *testing.T) {
	r := newRecorder()
	dropped := 0
	slow, quick := r.Subscribe(2, func() { dropped++ }), r.Subscribe(10, nil)
	for i := range 5 {
		r.Record(Event{Kind: Killed, Route: fmt.Sprint(i)})
	}
	if dropped != 3 || (<-slow.Events()).Route != "0" || len(quick.Events()) != 5 {
		t.Errorf("dropped %d, not 3", dropped)
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
				s := r.Subscribe(1, nil)
				r.Record(Event{Kind: BreakerOpened})
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
	want := []Event{{Kind: StageMoved, Count: 500, Text: "500 routes: legacy → new (500, r00000 and others)"}}
	if diff := cmp.Diff(want, Between(before, after)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	after = table(t, func(d *route.Definition) {
		switch n := len(d.ID); {
		case d.ID == "r00007":
			d.Owner = "ann"
		case d.ID[n-1] == '0':
			d.Stage, d.Weight = route.StageCanary, 5
		case d.ID < "r00003":
			d.Stage, d.Weight = route.StageCanary, float64(d.ID[n-1])
		}
	}, append(many(300), "z")...)
	want = []Event{
		{Kind: RouteChanged, Route: "r00007", Backend: "cart", Text: "changed: owner"},
		{Kind: RouteAdded, Route: "z", Backend: "cart", Text: "added at legacy"},
		{Kind: RouteRemoved, Count: 200, Text: "200 routes: removed; it was at legacy (200, r00300 and others)"},
		{Kind: StageMoved, Count: 32, Text: "32 routes: legacy → canary 5 % (30, r00000 and others); r00001 legacy → canary 49 %; r00002 legacy → canary 50 %"},
	}
	if diff := cmp.Diff(want, Between(before, after)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if sum := &want[3]; !sum.Concerns("r00000") || sum.Stands() != 32 || want[0].Concerns("r00000") || !want[0].Concerns("r00007") {
		t.Error("a sum concerns every route, others their own")
	}
}

// A burst becomes one event, from its first to its last.
func TestSumUp(t *testing.T) {
	at := func(second int, kind Kind, backend, text string) Event {
		return Event{Time: noon.Add(time.Duration(second) * time.Second), Kind: kind, Backend: backend, Text: text}
	}
	events := []Event{
		at(0, AddressDown, "a", "timeout"), at(1, Draining, "", "ends"), at(2, AddressDown, "b", "timeout"), at(4, AddressDown, "c", "it answers 500"),
	}
	sum := at(0, AddressDown, "", "3 times: timeout (2, a and others); c it answers 500")
	sum.Count, sum.Until = 3, noon.Add(4*time.Second)
	if diff := cmp.Diff([]Event{events[1], sum}, SumUp(events, 2)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(events, SumUp(events, 3)); diff != "" {
		t.Errorf("few: (-want +got)\n%s", diff)
	}
	twice := SumUp([]Event{sum, at(6, AddressDown, "d", "timeout")}, 1)
	if len(twice) != 1 || twice[0].Count != 4 || !twice[0].Until.Equal(noon.Add(6*time.Second)) {
		t.Errorf("a sum of a sum: %+v", twice)
	}
}

// What breakers do by themselves pushes no edit out, and all is in its order.
func TestFlappingPushesNoEditOut(t *testing.T) {
	r := newRecorder()
	r.Record(Event{Kind: Killed, Text: "first"})
	for range 10 * Kept {
		r.Record(Event{Kind: BreakerOpened})
	}
	r.Record(Event{Kind: Unkilled, Text: "last"})
	got := r.Recent(Kept+10, nil)
	if len(got) != Kept+2 || got[0].Text != "last" || got[1].Kind != BreakerOpened || got[Kept].Kind != BreakerOpened || got[Kept+1].Text != "first" {
		t.Errorf("%d events: %+v … %+v", len(got), got[0], got[len(got)-1])
	}
}

// An event is one line of the log, as loud as its kind, and is counted.
func TestLogAndCounter(t *testing.T) {
	var log strings.Builder
	counts := map[Kind]int{}
	r := NewRecorder(Config{
		Now: func() time.Time { return noon }, Count: func(kind Kind, by int) { counts[kind] += by },
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})),
	})
	r.Record(Event{Kind: AddressDown, Backend: "cart", Address: "http://127.0.0.1:1", Text: "it answers 500"})
	r.Record(Event{Kind: TableRejected, Revision: "1f2e", Text: "a\nb"})
	r.Record(Event{Kind: StageMoved, Count: 40, Text: "many"})
	want := `level=WARN msg="address down" change=address_down backend=cart address=http://127.0.0.1:1 text="it answers 500"
level=ERROR msg="table rejected" change=table_rejected revision=1f2e text="a\nb"
level=INFO msg="stage moved" change=stage_moved text=many count=40
`
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[Kind]int{AddressDown: 1, TableRejected: 1, StageMoved: 40}, counts); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What was recorded before the end is handed on, and nothing after it.
func TestRunHandsOnWhatIsLeft(t *testing.T) {
	r := newRecorder()
	s := r.Subscribe(10, nil)
	ctx, cancel := context.WithCancel(t.Context())
	r.Record(Event{Kind: Killed})
	cancel()
	r.Record(Event{Kind: Unkilled})
	var got []Kind
	s.Run(ctx, func(e Event) { got = append(got, e.Kind) })
	r.Record(Event{Kind: Draining})
	if diff := cmp.Diff([]Kind{Killed, Unkilled}, got); diff != "" || len(s.Events()) != 0 {
		t.Errorf("(-want +got)\n%s", diff)
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
		r.Record(Event{Kind: BreakerOpened, Backend: "cart", Text: "open"})
	}
}
