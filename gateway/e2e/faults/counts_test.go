package faults

import (
	"fmt"
	"sync"
)

// A count is how often a request came: how often any of it, and how often all of it.
type count struct{ begun, whole int }

func (c count) plus(d count) count { return count{c.begun + d.begun, c.whole + d.whole} }

func (c count) String() string {
	switch cut := c.begun - c.whole; {
	case cut == 0:
		return fmt.Sprint(c.whole)
	case c.whole == 0:
		return fmt.Sprintf("%d cut", cut)
	default:
		return fmt.Sprintf("%d and %d cut", c.whole, cut)
	}
}

// counts says how often each request came, by its id. It is safe for concurrent use.
type counts struct {
	mu  sync.Mutex
	got map[string]count
}

func newCounts() *counts { return &counts{got: map[string]count{}} }

func (c *counts) begin(id string)  { c.add(id, count{begun: 1}) }
func (c *counts) finish(id string) { c.add(id, count{whole: 1}) }

func (c *counts) add(id string, n count) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got[id] = c.got[id].plus(n)
}

// of is what came of one request.
func (c *counts) of(id string) count {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got[id]
}

// len is how many came at all.
func (c *counts) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.got)
}
