// Package handover passes client connections from one HTTP server to the next, so
// that a reload, which replaces the server, closes none of them.
//
// A reload by itself loses connections twice over. net/http's Shutdown closes each
// keep-alive connection that is idle, and a client that sends its next request at
// that moment sees a reset. And where the new server listens on a socket of its own
// (SO_REUSEPORT), closing the old one resets what the kernel had not handed out yet.
//
// A [Hub] belongs to one address. Each server that listens there takes its
// connections through a [Listener] of the hub, and all of them share the socket
// that the first one brought. When a newer listener comes, it gets the connections
// from then on, and older ones go over to it as soon as they have no request: the
// old server reads an end of file, the new one accepts the very same socket.
//
// What can't go over ends as net/http ends it: HTTP/2 connections (which are told
// to go away, and clients open another), connections under TLS, whose state
// belongs to the old server, and upgraded ones, which belong to nobody and live on.
// A connection that serves one long response over the whole reload closes after it.
package handover

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
)

// A Hub knows the socket, the listeners and the connections of one address. The
// zero Hub is ready to use; it is safe for concurrent use.
type Hub struct {
	mu        sync.Mutex
	socket    *socket                // while there is a listener
	listeners []*Listener            // open ones, the newest last
	queue     []net.Conn             // on their way to the newest listener
	conns     map[*conn]struct{}     // accepted, and not closed or gone over
	waiting   map[chan struct{}]bool // to be woken when anything here changes
}

// socket is a listening socket and what comes out of it.
type socket struct {
	net.Listener
	accepted chan accepted
	done     chan struct{}
}

type accepted struct {
	conn net.Conn
	err  error
}

// Wrap returns a listener that from now on gets the address's connections. Where
// the hub has a socket already, that one stays and inner is closed: it has been
// open for no longer than it took to get here.
func (h *Hub) Wrap(inner net.Listener) *Listener {
	h.mu.Lock()
	if h.socket == nil {
		h.socket = &socket{inner, make(chan accepted), make(chan struct{})}
		go h.socket.pump()
	} else {
		_ = inner.Close()
	}
	l := &Listener{hub: h, socket: h.socket, done: make(chan struct{})}
	h.listeners = append(h.listeners, l)
	older := make([]*conn, 0, len(h.conns))
	for c := range h.conns {
		older = append(older, c)
	}
	h.wake()
	h.mu.Unlock()
	for _, c := range older {
		c.nudge()
	}
	return l
}

// pump accepts until the socket is closed. It takes a connection out of the kernel
// only when a server asks for one.
func (s *socket) pump() {
	for {
		raw, err := s.Accept()
		select {
		case s.accepted <- accepted{raw, err}:
		case <-s.done:
			if err == nil {
				_ = raw.Close()
			}
			return
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// Settle waits until no connection of an older listener is in the middle of a
// request, or the context ends. Whoever shuts the old server down after that loses
// no connection but those with long responses.
func (h *Hub) Settle(ctx context.Context) {
	for {
		h.mu.Lock()
		busy := 0
		for c := range h.conns {
			if h.newest() != nil && c.owner != h.newest() {
				busy++
			}
		}
		changed := h.changes()
		h.mu.Unlock()
		if busy == 0 {
			h.forget(changed)
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			h.forget(changed)
			return
		}
	}
}

// ConnState has to be called for each change of a connection's state (it is made to
// be an http.Server's ConnState): without it no connection goes over. Connections
// of other listeners are left alone.
func ConnState(nc net.Conn, state http.ConnState) {
	if c, ok := nc.(*conn); ok {
		c.setState(state)
	}
}

// changes returns a channel that is closed at the next change. The lock is held.
func (h *Hub) changes() chan struct{} {
	if h.waiting == nil {
		h.waiting = map[chan struct{}]bool{}
	}
	changed := make(chan struct{})
	h.waiting[changed] = true
	return changed
}

func (h *Hub) forget(changed chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waiting, changed)
}

// wake tells all who wait that something changed. The lock is held.
func (h *Hub) wake() {
	for changed := range h.waiting {
		close(changed)
	}
	clear(h.waiting)
}

func (h *Hub) newest() *Listener {
	if len(h.listeners) == 0 {
		return nil
	}
	return h.listeners[len(h.listeners)-1]
}

// supersedes reports whether connections of l should go over to another listener.
func (h *Hub) supersedes(l *Listener) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	newest := h.newest()
	return newest != nil && newest != l
}

// remove forgets a connection that was closed, upgraded or has gone over.
func (h *Hub) remove(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
	h.wake()
}

// give queues a connection for the newest listener; without one it is closed.
func (h *Hub) give(raw net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.newest() == nil {
		_ = raw.Close()
		return
	}
	h.queue = append(h.queue, raw)
	h.wake()
}

// A Listener is one server's view of a hub's address.
type Listener struct {
	hub     *Hub
	socket  *socket
	done    chan struct{}
	closing sync.Once
}

// Accept returns the next connection, new or handed over. While there is a newer
// listener it waits.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		raw, from, changed := l.next()
		if raw != nil {
			return l.wrap(raw), nil
		}
		select {
		case a := <-from:
			l.hub.forget(changed)
			if a.err != nil {
				return nil, a.err
			}
			return l.wrap(a.conn), nil
		case <-changed:
		case <-l.done:
			l.hub.forget(changed)
			return nil, net.ErrClosed
		}
	}
}

// next returns a connection from the queue, or else where the next one comes from
// and what tells that this has changed.
func (l *Listener) next() (raw net.Conn, from <-chan accepted, changed chan struct{}) {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	if l.hub.newest() == l {
		if len(l.hub.queue) > 0 {
			raw, l.hub.queue = l.hub.queue[0], l.hub.queue[1:]
			return raw, nil, nil
		}
		from = l.socket.accepted
	}
	return nil, from, l.hub.changes()
}

// wrap leaves TLS as it is: net/http wants to see it, and its state can't go over.
func (l *Listener) wrap(raw net.Conn) net.Conn {
	if _, ok := raw.(*tls.Conn); ok {
		return raw
	}
	c := &conn{Conn: raw, owner: l, fresh: true}
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	if l.hub.conns == nil {
		l.hub.conns = map[*conn]struct{}{}
	}
	l.hub.conns[c] = struct{}{}
	return c
}

// Addr returns the address of the socket.
func (l *Listener) Addr() net.Addr { return l.socket.Addr() }

// Close ends this view of the address. The last one closes the socket.
func (l *Listener) Close() error {
	var err error
	l.closing.Do(func() {
		close(l.done)
		err = l.hub.drop(l)
	})
	return err
}

func (h *Hub) drop(l *Listener) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners = slices.DeleteFunc(h.listeners, func(other *Listener) bool { return other == l })
	h.wake()
	if len(h.listeners) > 0 {
		return nil
	}
	for _, raw := range h.queue {
		_ = raw.Close()
	}
	h.queue = nil
	close(h.socket.done)
	err := h.socket.Close()
	h.socket = nil
	return err
}
