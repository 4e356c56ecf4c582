package backend

import (
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/route"
)

// address is one place where a backend listens, with its own connections. It lives as
// long as any table has it, whatever else of the backend is edited.
type address struct {
	text         string // as written
	scheme, host string
	leaf         Leaf

	inFlight atomic.Int64 // requests whose answer's body is not closed
	latency  latency
	warm     atomic.Int64 // Unix nanoseconds since when it gets a growing share; 0: all of it
	ejection ejection
	open     openBodies // kept only where the backend drains
	drain    atomic.Int64
}

func newAddress(text string, leaf Leaf) *address {
	scheme, host, err := route.Target(text)
	if err != nil {
		// routetable.CheckBackend has refused what is no URL.
		panic("backend: " + err.Error())
	}
	return &address{text: text, scheme: scheme, host: host, leaf: leaf}
}

// leave closes the idle connections; what is open goes on until it ends, or until the
// backend's drain is over.
func (a *address) leave() {
	_ = a.leaf.Close() // nothing to be done about it, and nobody waits
	if drain := time.Duration(a.drain.Load()); drain > 0 {
		a.open.cutAfter(drain)
	}
}

// weight is the part of its share that the address gets while it warms up.
func (a *address) weight(now time.Time, slowStart time.Duration) float64 {
	from := a.warm.Load()
	if from == 0 {
		return 1
	}
	elapsed := now.UnixNano() - from
	if elapsed >= int64(slowStart) {
		a.warm.CompareAndSwap(from, 0)
		return 1
	}
	return max(coldest, float64(elapsed)/float64(slowStart))
}

const coldest = 0.1

// ejection keeps an address out for a time that grows when it fails again as soon as it is
// back.
type ejection struct {
	row   atomic.Int32 // failures one after the other
	until atomic.Int64 // Unix nanoseconds; 0: never out

	mu    sync.Mutex
	times int // how often in a row it was out
}

func (e *ejection) out(now time.Time) bool {
	until := e.until.Load()
	return until != 0 && now.UnixNano() < until
}

// longestEjection bounds how long an address is out, unless a single time is longer.
const longestEjection = 5 * time.Minute

// begin takes the address out and returns for how long; 0 where it is out already. One
// more failure after that is enough to take it out again.
func (e *ejection) begin(now time.Time, once time.Duration, after int) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.out(now) {
		return 0
	}
	length := e.length(once)
	if last := e.until.Load(); e.times > 0 && now.UnixNano()-last > int64(length) {
		e.times = 0 // it has been well for a while
	}
	e.times++
	length = e.length(once)
	e.row.Store(int32(after) - 1)
	e.until.Store(now.Add(length).UnixNano())
	return length
}

func (e *ejection) length(once time.Duration) time.Duration {
	most := max(once, longestEjection)
	for range e.times - 1 {
		if once *= 2; once >= most {
			return most
		}
	}
	return once
}
