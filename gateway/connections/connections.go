// Package connections bounds how many connections clients may have open where the gateway
// listens: all together, and each of them.
//
// A [Limiter] belongs to one place, such as ":443", and outlives its listeners: a reload
// changes the bounds, and what is open goes on to count. A connection beyond a bound is
// taken out of the kernel's queue and reset at once, so that it stands in nobody's way and
// leaves nothing behind. (netutil.LimitListener of golang.org/x/net stops accepting
// instead, which lets one client shut all others out, and tells no clients apart.)
//
// Clients are told apart by address alone, before a byte of them was read. What they send
// then, other rooms bound.
package connections

import (
	"encoding/binary"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Bounds are how many connections may be open; 0 is no bound.
type Bounds struct {
	All       int            // of all clients together
	PerClient int            // of each one
	Except    []netip.Prefix // of clients for whom only the first bound is: proxies in front
}

// Config is what a Limiter works with. All fields are required.
type Config struct {
	Place  string // where it listens, for log and metrics
	Logger *slog.Logger
	Now    func() time.Time // time.Now, outside tests
}

// A Limiter counts the connections of one place. It is safe for concurrent use, and holds
// one number for each client that has a connection open.
type Limiter struct {
	Config

	mu      sync.Mutex // held to look up one number
	bounds  Bounds
	open    int
	clients map[client]int // connections; those who have none are not in it
	refused [len(Reasons)]uint64
	told    time.Time // of refusals, in the log
	untold  int       // refusals since
}

// New returns a Limiter for a place where nothing is open yet.
func New(config Config, b Bounds) *Limiter {
	return &Limiter{Config: config, bounds: b, clients: map[client]int{}}
}

// Set changes the bounds. What is open stays open.
func (l *Limiter) Set(b Bounds) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bounds = b
}

// A Reason is why a connection is refused.
type Reason int

// The reasons.
const (
	PerClient Reason = iota // its client has as many as one may have
	All                     // all together have as many as there may be
)

// Reasons lists all reasons.
var Reasons = [...]Reason{PerClient, All}

func (r Reason) String() string { return [...]string{"client", "all"}[r] }

// Status says how a place stands.
type Status struct {
	Place   string
	Open    int
	Limit   int                  // of all clients together; 0 for none
	Refused [len(Reasons)]uint64 // since the start, by reason
}

// Status returns how the place stands now.
func (l *Limiter) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Status{l.Place, l.open, l.bounds.All, l.refused}
}

// client is whom a connection counts for. Of IPv6 it is the first 64 bits: who has one
// address has all that begin with these (RFC 6177).
type client struct {
	bits   uint64
	family byte // 4 or 6; 0 for who has no address, at a Unix socket
}

func clientAt(a netip.Addr) client {
	switch {
	case a.Is4():
		four := a.As4()
		return client{uint64(binary.BigEndian.Uint32(four[:])), 4}
	case a.Is6():
		six := a.As16()
		return client{binary.BigEndian.Uint64(six[:8]), 6}
	}
	return client{}
}

// take counts a connection, until give, or refuses it and says so in the log.
func (l *Limiter) take(from netip.Addr) (who client, ok bool) {
	who = clientAt(from)
	l.mu.Lock()
	reason, ok := l.judge(from, who)
	if ok {
		l.open++
		l.clients[who]++
		l.mu.Unlock()
		return who, true
	}
	l.refused[reason]++
	l.untold++
	open, untold, now := l.open, l.untold, l.Now()
	tell := now.Sub(l.told) >= tellEvery
	if tell {
		l.told, l.untold = now, 0
	}
	l.mu.Unlock()
	if tell {
		l.Logger.Warn("connections of clients are refused: there are as many as may be open",
			"listener", l.Place, "reached", reason.String(), "client", from.String(), "open", open, "refused", untold)
	}
	return who, false
}

// tellEvery is how often refusals are logged at most.
const tellEvery = 10 * time.Second

// judge says whether a client may have one more, and why not. The lock is held.
func (l *Limiter) judge(from netip.Addr, who client) (Reason, bool) {
	b := &l.bounds
	if b.All > 0 && l.open >= b.All {
		return All, false
	}
	if b.PerClient == 0 || who.family == 0 || l.clients[who] < b.PerClient {
		return 0, true
	}
	return PerClient, slices.ContainsFunc(b.Except, func(p netip.Prefix) bool { return p.Contains(from) })
}

// give takes a connection back that take has counted.
func (l *Limiter) give(who client) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.clients[who]--; l.clients[who] == 0 {
		delete(l.clients, who)
	}
}
