package backend

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"ficus/gateway/route"
)

// bulkhead bounds how many requests are under way. The next ones wait in a queue, first in
// first out, until one ends; that one hands its place over, so that nobody jumps the queue.
type bulkhead struct {
	capacity int // of the queue
	patience time.Duration

	mu       sync.Mutex
	limit    int // now
	inFlight int
	waiting  int
	first    *waiter
	last     *waiter
	adaptive *adaptive // nil where the limit stays
}

// waiter is one place in the queue.
type waiter struct {
	granted        chan struct{} // closed by who hands over
	queued         bool
	previous, next *waiter
}

// newBulkhead returns nil where there is no limit.
func newBulkhead(b *route.Backend) *bulkhead {
	if b.MaxInflight == 0 {
		return nil
	}
	h := &bulkhead{
		capacity: cmp.Or(b.Queue.Size, b.MaxInflight/4),
		patience: cmp.Or(b.Queue.Timeout, 100*time.Millisecond),
		limit:    b.MaxInflight,
	}
	if b.Adaptive == route.On {
		h.adaptive = newAdaptive(b.MaxInflight)
		h.limit = h.adaptive.whole()
	}
	return h
}

// try takes a place if there is one right now.
func (h *bulkhead) try() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.inFlight >= h.limit || h.first != nil {
		return false
	}
	h.inFlight++
	return true
}

var errQueueTimeout = errors.New("waited too long in the backend's queue")

// wait takes a place, or waits for one: ErrFull says that the queue is full,
// errQueueTimeout that it took too long; else the error is the context's.
func (h *bulkhead) wait(ctx context.Context) error {
	h.mu.Lock()
	if h.inFlight < h.limit && h.first == nil {
		h.inFlight++
		h.mu.Unlock()
		return nil
	}
	if h.waiting >= h.capacity {
		h.mu.Unlock()
		return ErrFull
	}
	w := &waiter{granted: make(chan struct{})}
	h.push(w)
	h.mu.Unlock()

	timer := time.NewTimer(h.patience)
	defer timer.Stop()
	var err error
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = errQueueTimeout
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.queued {
		h.remove(w)
		return err
	}
	if ctx.Err() == nil {
		return nil // the place came in the same moment
	}
	h.inFlight--
	h.handOver()
	return err
}

// release gives a place back.
func (h *bulkhead) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inFlight--
	h.handOver()
}

// learn tells the adaptive limit how long an answer took, or that none came in time.
func (h *bulkhead) learn(took time.Duration, failed bool) {
	if h.adaptive == nil {
		return
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.adaptive.sample(now, took, failed, h.inFlight)
	h.limit = h.adaptive.whole()
	h.handOver()
}

// handOver gives free places to those who wait longest.
func (h *bulkhead) handOver() {
	for h.first != nil && h.inFlight < h.limit {
		w := h.first
		h.remove(w)
		h.inFlight++
		close(w.granted)
	}
}

func (h *bulkhead) push(w *waiter) {
	w.queued, w.previous = true, h.last
	if h.last != nil {
		h.last.next = w
	} else {
		h.first = w
	}
	h.last = w
	h.waiting++
}

func (h *bulkhead) remove(w *waiter) {
	if w.previous != nil {
		w.previous.next = w.next
	} else {
		h.first = w.next
	}
	if w.next != nil {
		w.next.previous = w.previous
	} else {
		h.last = w.previous
	}
	w.queued, w.previous, w.next = false, nil, nil
	h.waiting--
}

// figures returns the limit, and how many are under way and wait.
func (h *bulkhead) figures() (limit, inFlight, waiting int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.limit, h.inFlight, h.waiting
}
