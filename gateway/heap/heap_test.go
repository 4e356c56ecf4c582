package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestPercentOf(t *testing.T) {
	for _, tc := range []struct {
		floor, alive uint64
		want         int
	}{
		{64 << 20, 16 << 20, 300},
		{64 << 20, 32 << 20, 100},
		{64 << 20, 31 << 20, 106},
		{64 << 20, 100 << 20, 100},
		{64 << 20, 0, 1500},
		{0, 16 << 20, 100},
	} {
		if got := percentOf(tc.floor, tc.alive); got != tc.want {
			t.Errorf("floor %d, alive %d: %d %%, want %d", tc.floor, tc.alive, got, tc.want)
		}
	}
}

// After a collection the percentage fits what that left, and stop gives Go's own back.
func TestKeep(t *testing.T) {
	if _, set := os.LookupEnv("GOGC"); set {
		t.Skip("GOGC is set: nothing is kept")
	}
	stop := Keep(DefaultFloor)
	small := percent()
	if small <= standard {
		t.Errorf("%d %% with a small heap, want more than %d", small, standard)
	}
	ballast := make([]byte, DefaultFloor)
	for percent() != standard { // the cleanup runs a moment after the collection
		runtime.GC()
	}
	runtime.KeepAlive(ballast)
	for percent() < small/2 {
		runtime.GC()
	}
	stop()
	if got := percent(); got != standard {
		t.Errorf("%d %% after stop, want %d", got, standard)
	}
}

func TestGOGCStays(t *testing.T) {
	t.Setenv("GOGC", "150")
	before := percent()
	stop := Keep(DefaultFloor)
	if got := percent(); got != before {
		t.Errorf("%d %%, want %d as before", got, before)
	}
	stop()
	if got := percent(); got != before {
		t.Errorf("%d %% after stop, want %d as before", got, before)
	}
}

func percent() int {
	old := debug.SetGCPercent(standard)
	debug.SetGCPercent(old)
	return old
}
