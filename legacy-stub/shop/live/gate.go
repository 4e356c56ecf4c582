// Package live is what the shop tells while it happens: an event stream of stock changes, and a support chat over a websocket.
//
// Package shop mounts its handlers and closes it. It promises that every stream ends soon after Gate.Close, cleanly, and that a reader
// who is too slow costs nobody else anything. It reads the store's change feed; it changes nothing.
package live

import (
	"context"
	"sync"
)

// Gate counts the streams that are open, and ends them.
type Gate struct {
	ctx  context.Context
	end  context.CancelFunc
	mu   sync.Mutex // guards the order of open.Add and shut
	shut bool
	open sync.WaitGroup
}

// NewGate is an open gate.
func NewGate() *Gate {
	ctx, end := context.WithCancel(context.Background())
	return &Gate{ctx: ctx, end: end}
}

// Enter lets a stream in. Its context ends with the gate; it must call leave when it has ended. It is not ok once the gate is closed.
func (g *Gate) Enter() (ctx context.Context, leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return nil, nil, false
	}
	g.open.Add(1)
	return g.ctx, g.open.Done, true
}

// Close tells all streams to end and waits until they have. It may be called more than once.
func (g *Gate) Close() {
	g.mu.Lock()
	g.shut = true
	g.mu.Unlock()
	g.end()
	g.open.Wait()
}
