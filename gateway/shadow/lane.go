package shadow

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/backend"
	"ficus/gateway/parity"
	"ficus/gateway/route"
	"ficus/gateway/telemetry"
)

// A Copy is a request to be sent, and the answer that the client got.
type Copy struct {
	Request *http.Request // nothing of it is anybody else's; it has no body

	// Send makes the request what the backend gets, and the answer what a client would
	// get; to sends it. It is called once, by a worker.
	Send func(r *http.Request, to http.RoundTripper) (*http.Response, error)

	Route string
	Count *telemetry.Route

	capture *Capture
	legacy  parity.Answer
	paid    int       // bytes of memory, beside the capture's
	since   time.Time // it waits
}

// A Lane takes copies to one backend. It is safe for concurrent use.
type Lane struct {
	copier     *Copier
	definition route.Backend
	limit      route.ShadowLimit
	addresses  []address
	next       atomic.Uint64   // of the addresses
	ctx        context.Context // of all copies; ends with the lane
	cancel     context.CancelFunc
	gauges     telemetry.ShadowBackend

	mu      sync.Mutex // held for moments only
	waiting []*Copy    // at most limit.Queue
	workers int        // at most limit.MaxInflight
	closed  bool
	rest    rest
}

// address is where copies go, with a transport of its own.
type address struct {
	scheme, host string
	leaf         backend.Leaf
}

func newLane(c *Copier, b route.Backend) (*Lane, error) {
	l := &Lane{copier: c, definition: b, limit: b.ShadowLimit.Filled()}
	for _, text := range b.Addresses {
		leaf, err := c.NewLeaf(b)
		if err != nil {
			l.closeLeaves()
			return nil, fmt.Errorf("the transport of copies to the backend %q can't be made: %w", b.Name, err)
		}
		scheme, host, err := route.Target(text)
		if err != nil {
			// routetable.CheckBackend has refused what is no URL.
			panic("shadow: " + err.Error())
		}
		l.addresses = append(l.addresses, address{scheme, host, leaf})
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.gauges = c.Metrics.ShadowBackend(b.Name)
	return l, nil
}

// busy returns why another copy would not be taken now, "" where it would.
func (l *Lane) busy() Reason {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return Closed
	case l.rest.lasts(l.copier.Now()):
		return Failing
	case l.workers >= l.limit.MaxInflight && len(l.waiting) >= l.limit.Queue:
		return Queue
	}
	return ""
}

// Send hands a copy over, or drops and counts it. It never waits.
func (l *Lane) Send(c *Copy, answer *Capture) {
	c.capture, c.since = answer, l.copier.Now()
	var reason Reason
	if c.legacy, reason = answer.answer(); reason == "" {
		if n := sizeOf(c.Request); l.copier.memory.take(n) {
			c.paid = n
			reason = l.put(c)
		} else {
			reason = Memory
		}
	}
	if reason != "" {
		l.drop(c, reason)
	}
}

func (l *Lane) put(c *Copy) Reason {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return Closed
	case l.rest.lasts(c.since):
		return Failing
	case l.workers < l.limit.MaxInflight:
		l.workers++
		l.copier.workers.Go(func() { l.work(c) })
	case len(l.waiting) < l.limit.Queue:
		l.waiting = append(l.waiting, c)
		l.gauges.Queued(1)
	default:
		return Queue
	}
	return ""
}

// work sends a copy, and then those that wait, until there are none.
func (l *Lane) work(c *Copy) {
	scratch := l.copier.scratch.Get().(*[scratchSize]byte)
	defer l.copier.scratch.Put(scratch)
	for ; c != nil; c = l.take() {
		l.gauges.InFlight(1)
		l.learn(l.send(c, scratch[:]))
		l.gauges.InFlight(-1)
	}
}

// learn lets the lane rest where the other side failed. What waits is dropped.
func (l *Lane) learn(failed bool) {
	l.mu.Lock()
	var dropped []*Copy
	if l.rest.learn(failed, l.copier.Now()); failed {
		dropped, l.waiting = l.waiting, nil
		l.gauges.Queued(-len(dropped))
	}
	l.mu.Unlock()
	for _, c := range dropped {
		l.drop(c, Failing)
	}
}

// take returns the copy that waits longest. Where there is none the worker ends, and the
// last one of a closed lane closes the transports.
func (l *Lane) take() *Copy {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		c := l.waiting[0]
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
		l.gauges.Queued(-1)
		return c
	}
	l.waiting = nil
	if l.workers--; l.workers == 0 && l.closed {
		l.closeLeaves()
	}
	return nil
}

// close drops what waits and cuts off what is under way.
func (l *Lane) close() {
	l.mu.Lock()
	waiting := l.waiting
	l.closed, l.waiting = true, nil
	l.gauges.Queued(-len(waiting))
	if l.workers == 0 {
		l.closeLeaves()
	}
	l.mu.Unlock()
	l.cancel()
	for _, c := range waiting {
		l.drop(c, Closed)
	}
}

// closeLeaves closes the transports: nothing is to be done about an error, and nobody waits.
func (l *Lane) closeLeaves() {
	for _, a := range l.addresses {
		_ = a.leaf.Close()
	}
}

func (l *Lane) drop(c *Copy, reason Reason) {
	c.Count.ShadowDropped(string(reason))
	l.release(c)
}

func (l *Lane) release(c *Copy) {
	c.capture.Release()
	l.copier.memory.give(c.paid)
	c.paid = 0
}

// sizeOf is about what a request takes in memory, in bytes.
func sizeOf(r *http.Request) int {
	n := 2048 + len(r.URL.Opaque) + len(r.URL.Path) + len(r.URL.RawQuery)
	for name, lines := range r.Header {
		n += len(name) + 64
		for _, line := range lines {
			n += len(line) + 16
		}
	}
	return n
}
