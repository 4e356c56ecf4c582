package backend

import (
	"cmp"
	"slices"
	"time"

	"ficus/gateway/backend/breaker"
)

// Status is what one backend is at one moment, for operators and metrics. What is counted
// is counted since the backend came into the table.
type Status struct {
	Name      string            `json:"name"`
	Breaker   *breaker.Snapshot `json:"breaker"`            // nil for none
	Operator  *Word             `json:"operator,omitempty"` // who has set the breaker, if anybody
	InFlight  int               `json:"in_flight"`
	Limit     int               `json:"limit,omitempty"` // of requests under way, now; 0 for none
	Queued    int               `json:"queued"`
	Addresses []AddressStatus   `json:"addresses"`

	Refused     map[string]uint64 `json:"refused"`     // by reason
	Transitions map[string]uint64 `json:"transitions"` // of the breaker, by the state they led to
	Ejections   uint64            `json:"ejections"`
	Checks      map[string]uint64 `json:"health_checks"` // by result: passed or failed
}

// AddressStatus is what one address of a backend is.
type AddressStatus struct {
	Address  string        `json:"address"`
	State    string        `json:"state"` // up, down, ejected, or unknown: not asked yet
	Share    float64       `json:"share"` // of what it would get; below 1 while it begins slowly
	InFlight int           `json:"in_flight"`
	Latency  time.Duration `json:"latency_ns"` // of answers' headers, of late; 0: none yet
	Failures int           `json:"failures"`   // one after the other
}

// Up reports whether the address may get requests.
func (a *AddressStatus) Up() bool { return a.State == "up" }

// Status returns what all backends are, by name. It changes nothing.
func (r *Registry) Status() []Status {
	r.mu.Lock()
	backends := make([]*Backend, 0, len(r.latest))
	for _, h := range r.latest {
		backends = append(backends, h.backend)
	}
	r.mu.Unlock()
	list := make([]Status, 0, len(backends))
	for _, b := range backends {
		list = append(list, b.status(time.Now()))
	}
	slices.SortFunc(list, func(a, b Status) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func (b *Backend) status(now time.Time) Status {
	s := Status{
		Name: b.name, Operator: b.ledger.word.Load(), InFlight: int(b.ledger.inFlight.Load()), Ejections: b.ledger.ejections.Load(),
		Refused: map[string]uint64{}, Transitions: map[string]uint64{},
		Checks: map[string]uint64{"failed": b.ledger.checks[0].Load(), "passed": b.ledger.checks[1].Load()},
	}
	for _, reason := range Reasons {
		s.Refused[reason.String()] = b.ledger.refused[reason].Load()
	}
	for _, state := range breaker.States {
		s.Transitions[state.String()] = b.ledger.transitions[state].Load()
	}
	if b.breaker != nil {
		snapshot := b.breaker.Snapshot()
		s.Breaker = &snapshot
	}
	if b.bulkhead != nil {
		s.Limit, _, s.Queued = b.bulkhead.figures()
	}
	for i := range b.members {
		s.Addresses = append(s.Addresses, b.members[i].status(now, b.slowStart))
	}
	return s
}

func (m *member) status(now time.Time, slowStart time.Duration) AddressStatus {
	s := AddressStatus{
		Address: m.text, State: "up", Share: m.weight(now, slowStart), InFlight: int(m.inFlight.Load()),
		Latency: time.Duration(m.latency.last() * float64(time.Second)), Failures: int(m.ejection.row.Load()),
	}
	switch {
	case m.check != nil && m.check.health() == Unknown:
		s.State = "unknown"
	case m.check != nil && m.check.health() == Down:
		s.State = "down"
	case m.ejection.out(now):
		s.State = "ejected"
	}
	if !s.Up() {
		s.Share = 0
	}
	return s
}
