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
