package backend

import (
	"sync/atomic"

	"ficus/gateway/backend/breaker"
)

// A Reason is why a backend took no request.
type Reason int

// The reasons.
const (
	RefusedOpen    Reason = iota // the breaker is open
	RefusedRamp                  // the breaker comes back
	RefusedFull                  // bulkhead and queue are full
	RefusedTimeout               // the queue took too long
)

var reasonNames = [...]string{"open", "ramp", "full", "queue_timeout"}

// Reasons lists all reasons.
var Reasons = [...]Reason{RefusedOpen, RefusedRamp, RefusedFull, RefusedTimeout}

func (r Reason) String() string { return reasonNames[r] }

// ledger is what is kept of a backend by its name alone: whatever is edited but the name,
// its counters go on, and an operator's word stays in force.
type ledger struct {
	inFlight    atomic.Int64
	word        atomic.Pointer[Word]
	refused     [len(Reasons)]atomic.Uint64
	transitions [len(breaker.States)]atomic.Uint64 // by the state they led to
	ejections   atomic.Uint64
	checks      [2]atomic.Uint64 // of health: that failed, that passed
}
