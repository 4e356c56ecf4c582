package limit

import (
	"sync/atomic"

	"ficus/gateway/route"
)

// Capacity is how many requests the gateway takes at a time. From a part of it on it
// refuses those that matter least. The zero Capacity takes all; it is safe for concurrent
// use.
type Capacity struct {
	under  atomic.Int64 // way
	limits atomic.Pointer[limits]
}

// limits are how many requests may be under way, itself included, that one of a priority
// is taken.
type limits [route.CriticalPriority + 1]int64

// shares are percent of the capacity.
var shares = [len(limits{})]int64{
	route.LowPriority: 70, route.NormalPriority: 85, route.HighPriority: 95, route.CriticalPriority: 100,
}

// Set changes the capacity; 0 is no limit. Requests under way stay.
func (c *Capacity) Set(requests int) {
	if requests == 0 {
		c.limits.Store(nil)
		return
	}
	var l limits
	for priority, share := range shares {
		l[priority] = max(1, int64(requests)*share/100)
	}
	c.limits.Store(&l)
}

// Begin counts a request, until End. Full says that no request has a place any more,
// whatever its priority.
func (c *Capacity) Begin() (full bool) {
	under, l := c.under.Add(1), c.limits.Load()
	return l != nil && under > l[route.CriticalPriority]
}

// Crowded reports whether a request that has begun has to go, because others matter more.
func (c *Capacity) Crowded(p route.Priority) bool {
	l := c.limits.Load()
	return l != nil && c.under.Load() > l[p]
}

// End ends what Begin began.
func (c *Capacity) End() { c.under.Add(-1) }

// Under returns how many requests are under way, streams and upgrades included.
func (c *Capacity) Under() int64 { return c.under.Load() }

// Limit returns how many may be; 0 is no limit.
func (c *Capacity) Limit() int64 {
	if l := c.limits.Load(); l != nil {
		return l[route.CriticalPriority]
	}
	return 0
}
