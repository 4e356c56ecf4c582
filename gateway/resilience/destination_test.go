package resilience

import (
	"testing"

	"ficus/gateway/route"
	"ficus/gateway/telemetry"
)

// Fallbacks leave legacy room for its own requests.
func TestFallbackLimit(t *testing.T) {
	for _, tc := range []struct {
		inflight, limit int
		want            int64
	}{{0, 0, 512}, {10_000, 0, 512}, {256, 0, 128}, {1, 0, 1}, {256, 200, 200}, {0, 3, 3}} {
		b := &route.Backend{Name: route.LegacyBackend, MaxInflight: tc.inflight, FallbackLimit: route.FallbackLimit{MaxInflight: tc.limit}}
		a := newAllowance(b, telemetry.New())
		for range tc.want {
			if refused := a.beginFallback(); refused != telemetry.NotRefused {
				t.Fatalf("%+v: refused: %v", tc, refused)
			}
		}
		if refused := a.beginFallback(); refused != telemetry.RefusedLimit {
			t.Errorf("%+v: one more is let in: %v", tc, refused)
		}
		a.endFallback()
		if refused := a.beginFallback(); refused != telemetry.NotRefused {
			t.Errorf("%+v: refused after one ended: %v", tc, refused)
		}
	}
}
