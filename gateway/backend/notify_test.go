package backend

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/change"
	"ficus/gateway/route"
)

// Who watches changes learns when a breaker opens, and who did it.
func TestBreakerIsToldOf(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	changes := change.NewRecorder(change.Config{Now: func() time.Time { return noon }})
	b := newBreaker("cart", route.Breaker{}.Filled(), &ledger{}, changes)
	b.Set(breaker.ForceOpen)
	want := []change.Event{{Time: noon, Kind: change.BreakerOpened, Backend: "cart", Text: "closed → open, set by hand"}}
	if diff := cmp.Diff(want, changes.Recent(2, nil)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What an operator says, what health checks find and what is ejected are changes, each of
// its kind.
func TestWhatBackendsTell(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	changes := change.NewRecorder(change.Config{Now: func() time.Time { return noon }})
	r := &Registry{Config: Config{Changes: changes}}
	r.tellHealth("cart", "http://a:1", Down, "it answers 500")
	r.tellHealth("cart", "http://a:1", Up, "")
	(&Backend{name: "cart", changes: changes}).tellEjected("http://a:1", 5*time.Second)
	want := []change.Event{
		{Time: noon, Kind: change.AddressEjected, Backend: "cart", Address: "http://a:1", Text: "http://a:1 fails and gets no requests for 5s"},
		{Time: noon, Kind: change.AddressUp, Backend: "cart", Address: "http://a:1", Text: "http://a:1 passes its health check again"},
		{Time: noon, Kind: change.AddressDown, Backend: "cart", Address: "http://a:1", Text: "http://a:1 fails its health check and gets no requests: it answers 500"},
	}
	if diff := cmp.Diff(want, changes.Recent(9, nil)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for word, want := range map[Word]string{
		{Set: breaker.ForceOpen, Reason: "it burns"}: "an operator holds it open: it burns",
		{Set: breaker.ForceClosed}:                   "an operator holds it closed: no reason given",
		{Set: breaker.Auto}:                          "an operator leaves it to itself again",
	} {
		if got := wordText(word); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
