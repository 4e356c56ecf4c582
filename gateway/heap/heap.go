// Package heap lets the heap of a process grow to a size below which it does not pay to
// collect garbage.
//
// Go collects when the heap has doubled. A gateway keeps little and throws much away: with
// 15 MiB alive that is a collection every 15 MiB, some 1,500 requests, and each marks all
// that is alive. Below the floor it may grow further; above it, Go's own rule holds.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// DefaultFloor is 64 MiB.
const DefaultFloor = 64 << 20

const standard = 100 // percent; Go's own

// Keep has the heap grow to the floor, in bytes, before it is collected, until stop is
// called. It does nothing where GOGC is set in the environment. A memory limit (GOMEMLIMIT)
// stays in force. The runtime has one such setting: two floors at a time would be in each
// other's way.
func Keep(floor uint64) (stop func()) {
	if _, set := os.LookupEnv("GOGC"); set {
		return func() {}
	}
	k := &keeper{floor: floor, percent: standard}
	k.adjust()
	return k.stop
}

// keeper sets anew after each collection how much the heap may grow.
type keeper struct {
	mu      sync.Mutex
	floor   uint64
	percent int
	stopped bool
}

// sentinel is collected by the next collection. It has to have an allocation of its own.
type sentinel struct{ _ *sentinel }

func (k *keeper) adjust() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return
	}
	if next := percentOf(k.floor, alive()); differs(k.percent, next) {
		debug.SetGCPercent(next)
		k.percent = next
	}
	runtime.AddCleanup(new(sentinel), (*keeper).adjust, k)
}

func (k *keeper) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	debug.SetGCPercent(standard)
}

// alive returns how many bytes the last collection left.
func alive() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// minAlive is what a process keeps in any case, so that the percentage stays in bounds.
const minAlive = 4 << 20

// percentOf returns by how many percent so many bytes may grow to reach the floor.
func percentOf(floor, alive uint64) int {
	alive = max(alive, minAlive)
	if floor <= 2*alive {
		return standard
	}
	return int(100 * (floor - alive) / alive)
}

// differs reports whether a change is worth it: to set it stops the world for some
// microseconds.
func differs(old, next int) bool {
	const worth = 10 // percent
	return 100*max(old-next, next-old) > worth*old
}
