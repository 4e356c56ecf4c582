package lean

import (
	"slices"
	"sync"
	"time"
)

// pool are the connections that are idle, the last one first out.
type pool struct {
	mu     sync.Mutex
	idle   []*conn
	closed bool
}

// take returns one that is still good, nil for none.
func (p *pool) take() *conn {
	for {
		p.mu.Lock()
		last := len(p.idle) - 1
		if last < 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		p.mu.Unlock()
		if c.timer.Stop() && c.quiet() {
			c.reused = true
			return c
		}
		_ = c.net.Close()
	}
}

// put keeps a connection, and reports whether it does.
func (p *pool) put(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= c.transport.MaxIdle {
		return false
	}
	if c.timer == nil {
		c.timer = time.AfterFunc(c.transport.IdleFor, func() { p.expire(c) })
	} else {
		c.timer.Reset(c.transport.IdleFor)
	}
	p.idle = append(p.idle, c)
	return true
}

// expire drops a connection, unless it has just been taken.
func (p *pool) expire(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.idle, c); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
		_ = c.net.Close()
	}
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		c.timer.Stop()
		_ = c.net.Close()
	}
	p.idle = nil
}
