package change

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Kept is how many events a recorder keeps.
const Kept = 512

// A Recorder keeps the newest events and hands each on to who subscribed. Its methods may
// be called concurrently and never wait for anyone; a nil Recorder records nothing.
type Recorder struct {
	now func() time.Time

	mu          sync.Mutex
	ring        [Kept]Event
	count       uint64 // of all that were recorded
	subscribers []*Subscription
}

// NewRecorder returns an empty recorder. now is time.Now, outside tests.
func NewRecorder(now func() time.Time) *Recorder { return &Recorder{now: now} }

// maxEventText bounds what an event says, in bytes: a hint at what to look at.
const maxEventText = 500

// Record keeps an event.
func (r *Recorder) Record(e Event) {
	if r == nil {
		return
	}
	if e.Time.IsZero() {
		e.Time = r.now()
	}
	e.Kind, e.Text = e.Kind.known(), strings.ToValidUTF8(e.Text[:min(len(e.Text), maxEventText)], "")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ring[r.count%Kept] = e
	r.count++
	for _, s := range r.subscribers {
		s.offer(e)
	}
}

// Recent returns up to n events that keep accepts, the newest first; a nil keep accepts
// all of them.
func (r *Recorder) Recent(n int, keep func(*Event) bool) []Event {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []Event
	for i := range min(r.count, Kept) {
		e := &r.ring[(r.count-1-i)%Kept]
		if len(found) == n {
			break
		}
		if keep == nil || keep(e) {
			found = append(found, *e)
		}
	}
	return found
}

// Count returns how many events were recorded so far.
func (r *Recorder) Count() uint64 {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// A Subscription gets events as they come. Those that it has no room for are dropped.
type Subscription struct {
	recorder *Recorder
	events   chan Event
	dropped  atomic.Uint64
}

// Subscribe begins a subscription with room for some events, at least one.
func (r *Recorder) Subscribe(room int) *Subscription {
	s := &Subscription{recorder: r, events: make(chan Event, max(1, room))}
	if r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.subscribers = append(r.subscribers, s)
	}
	return s
}

// Events returns the channel on which events come. It is never closed.
func (s *Subscription) Events() <-chan Event { return s.events }

// Dropped returns how many events there was no room for.
func (s *Subscription) Dropped() uint64 { return s.dropped.Load() }

// Close ends the subscription: no more events come. A second call does nothing.
func (s *Subscription) Close() {
	if s.recorder == nil {
		return
	}
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	s.recorder.subscribers = slices.DeleteFunc(s.recorder.subscribers, func(other *Subscription) bool { return other == s })
}

func (s *Subscription) offer(e Event) {
	select {
	case s.events <- e:
	default:
		s.dropped.Add(1)
	}
}
