package backend

import (
	"time"

	"ficus/gateway/route"
)

// choose picks the address of a try: one that is up, not ejected and not tried yet by
// this call. Where there is none, it makes do with less.
func (c *Call) choose() *member {
	members := c.backend.members
	if len(members) == 1 {
		return &members[0]
	}
	now := time.Now()
	for want := fresh; want < whichever; want++ {
		m := c.pick(want, now)
		if m == nil {
			continue
		}
		if weight := m.weight(now, c.backend.slowStart); weight < 1 && float64(c.backend.random(dice)) >= weight*dice {
			if other := c.pick(settled, now); other != nil {
				return other
			}
		}
		return m
	}
	return c.pick(whichever, now)
}

// wanted is what an address has to be.
type wanted int

const (
	settled wanted = iota // as fresh, and it has all of its share
	fresh                 // well, and new to the call
	well                  // up and not ejected
	untried               // new to the call: none is well
	whichever
)

const dice = 1000

func (c *Call) pick(want wanted, now time.Time) *member {
	b := c.backend
	n := len(b.members)
	if b.balance == route.RoundRobin {
		i := c.from(int(b.next.Add(1)%uint64(n)), -1, want, now)
		if i < 0 {
			return nil
		}
		return &b.members[i]
	}
	// Two random choices: nearly as even as asking all, without the herd that runs
	// to the one address that looked best (Mitzenmacher 2001).
	i := c.from(b.random(n), -1, want, now)
	if i < 0 {
		return nil
	}
	j := c.from(b.random(n), i, want, now)
	if j >= 0 && b.cost(&b.members[j], now) < b.cost(&b.members[i], now) {
		i = j
	}
	return &b.members[i]
}

// from returns the first index from start on that is as wanted, all around, but not the
// one excluded; -1 for none.
func (c *Call) from(start, exclude int, want wanted, now time.Time) int {
	n := len(c.backend.members)
	for step := range n {
		i := (start + step) % n
		if i != exclude && c.is(&c.backend.members[i], want, now) {
			return i
		}
	}
	return -1
}

func (c *Call) is(m *member, want wanted, now time.Time) bool {
	switch want {
	case settled:
		return m.well(now) && !c.hasTried(m) && m.weight(now, c.backend.slowStart) >= 1
	case fresh:
		return m.well(now) && !c.hasTried(m)
	case well:
		return m.well(now)
	case untried:
		return !c.hasTried(m)
	}
	return true
}

func (b *Backend) cost(m *member, now time.Time) float64 {
	inFlight := m.inFlight.Load()
	if b.balance == route.LeastTime {
		return m.latency.cost(now, inFlight)
	}
	return float64(inFlight)
}
