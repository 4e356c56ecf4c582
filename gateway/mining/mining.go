// Package mining finds out what legacy alone serves: it takes requests that no route
// moves yet and clusters their paths into templates, such as /wp/{n}/edit, ranked by use.
// From them come the next routes.
//
// The pipeline offers requests with [Miner.Offer], which never waits: what there is no
// room for is dropped and counted. One goroutine, [Miner.Run], puts them into a tree.
// Whatever clients send, tree and queue are bounded, and what is old fades: after a day a
// request counts half.
//
// Paths hold what nobody should keep. A segment that may be a secret or a person (long
// random text, addresses of mail) is never kept: it becomes a wildcard before the tree
// sees it. Queries are not looked at.
package mining

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	queueLength = 1024
	drainEvery  = 100 * time.Millisecond // so up to 10,000 requests a second are looked at
	fadeEvery   = time.Hour
	hourly      = 0.9715 // half after 24 hours

	// MaxPath is the longest path that is looked at, in bytes.
	MaxPath = 512
)

// A Miner collects templates. Its methods may be called concurrently; a nil Miner takes
// nothing.
type Miner struct {
	queue   chan visit
	dropped atomic.Uint64 // the queue was full

	mu    sync.Mutex
	tree  tree
	taken uint64
}

type visit struct{ method, path string }

// New returns a miner that knows nothing.
func New() *Miner { return &Miner{queue: make(chan visit, queueLength), tree: newTree()} }

// Offer offers a request that legacy has answered: its method, its canonical path and the
// status of the answer. What legacy does not have does not count, or scanners would.
// It never waits and allocates nothing; path is kept for a moment.
func (m *Miner) Offer(method, path string, status int) {
	if m == nil || len(path) > MaxPath || !counts(status) {
		return
	}
	select {
	case m.queue <- visit{method, path}:
	default:
		m.dropped.Add(1)
	}
}

func counts(status int) bool {
	switch status {
	case 400, 404, 405, 410, 421, 426, 431, 501:
		return false
	}
	return status >= 100
}

// Run takes what is offered until the context ends.
func (m *Miner) Run(ctx context.Context) {
	drain, fade := time.NewTicker(drainEvery), time.NewTicker(fadeEvery)
	defer drain.Stop()
	defer fade.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-drain.C:
			m.drain()
		case <-fade.C:
			m.mu.Lock()
			m.tree.fade(hourly)
			m.mu.Unlock()
		}
	}
}

// drain takes what is in the queue now, which is bounded: what comes meanwhile waits.
func (m *Miner) drain() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for range len(m.queue) {
		v := <-m.queue
		m.tree.add(v.method, v.path)
		m.taken++
	}
}

// Findings are the templates, and how much they are worth.
type Findings struct {
	Templates []Template // the most used first
	More      int        // that are not listed
	Count     float64    // requests by all templates, older ones count less
	Taken     uint64     // requests looked at since the start
	Dropped   uint64     // and those that there was no room for
}

// Findings returns up to n templates.
func (m *Miner) Findings(n int) Findings {
	if m == nil {
		return Findings{}
	}
	m.drain()
	m.mu.Lock()
	defer m.mu.Unlock()
	f := Findings{Taken: m.taken, Dropped: m.dropped.Load() + m.tree.lost}
	f.Templates, f.Count = m.tree.templates()
	if f.More = max(0, len(f.Templates)-n); f.More > 0 {
		f.Templates = f.Templates[:n]
	}
	return f
}
