package backend

import (
	"sync/atomic"
	"time"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/change"
	"ficus/gateway/route"
)

// A Backend is a named destination. It is safe for concurrent use.
type Backend struct {
	name     string
	members  []member
	balance  route.Balance
	breaker  *breaker.Breaker // nil for none
	bulkhead *bulkhead        // nil for none
	ledger   *ledger
	random   func(n int) int
	changes  *change.Recorder
	next     atomic.Uint64 // for round robin

	slow, ejectFor, slowStart, drain time.Duration
	ejectAfter                       int // 0: never
}

// member is an address of a backend, and what is known of its health.
type member struct {
	*address
	check *check // nil where nobody asks
}

// Name returns the backend's name.
func (b *Backend) Name() string { return b.name }

// well reports whether the address may get requests.
func (m *member) well(now time.Time) bool {
	return (m.check == nil || m.check.health() == Up) && !m.ejection.out(now)
}

// learn takes in what a try came to.
func (b *Backend) learn(m *member, outcome breaker.Outcome, took time.Duration, now time.Time) {
	switch outcome {
	case breaker.Failure:
		if took.Seconds() > m.latency.last() { // a quick failure is no sign of speed
			m.latency.observe(now, took)
		}
		b.failed(m, now)
	case breaker.Success:
		m.latency.observe(now, took)
		if m.ejection.row.Load() != 0 {
			m.ejection.row.Store(0)
		}
	}
}

// failed counts a failure of the address, and takes it out after many in a row: never the
// last one that is well.
func (b *Backend) failed(m *member, now time.Time) {
	if int(m.ejection.row.Add(1)) < b.ejectAfter || b.ejectAfter == 0 || !b.anotherIsWell(m, now) {
		return
	}
	length := m.ejection.begin(now, b.ejectFor, b.ejectAfter)
	if length == 0 {
		return
	}
	m.warm.Store(now.Add(length).UnixNano())
	b.ledger.ejections.Add(1)
	b.tellEjected(m.text, length)
}

func (b *Backend) anotherIsWell(m *member, now time.Time) bool {
	for i := range b.members {
		if other := &b.members[i]; other != m && other.well(now) {
			return true
		}
	}
	return false
}
