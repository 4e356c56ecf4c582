package change

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"ficus/gateway/internal/clip"
)

// Kept is how many events a recorder keeps of each of two sorts: of what somebody did, and
// of what breakers and addresses did by themselves. So a backend that comes and goes all
// night pushes no edit out.
const Kept = 256

// Config is what a recorder works with.
type Config struct {
	Now    func() time.Time        // time.Now, outside tests
	Logger *slog.Logger            // gets one line for each event; nil: there is no log
	Count  func(kind Kind, by int) // adds to a counter; nil: nobody counts
}

// A Recorder keeps the newest events and hands each on. Its methods may be called
// concurrently, and wait for no subscriber; a nil Recorder records nothing.
type Recorder struct {
	config Config

	mu          sync.Mutex
	rings       [2]ring
	count       uint64 // of all that were recorded
	subscribers []*Subscription
}

// NewRecorder returns an empty recorder.
func NewRecorder(config Config) *Recorder { return &Recorder{config: config} }

// maxEventText bounds what an event says, in bytes: a hint at what to look at.
const maxEventText = 500

// Record keeps an event, counts it, logs it and offers it to who subscribed.
func (r *Recorder) Record(e Event) {
	if r == nil {
		return
	}
	if e.Time.IsZero() {
		e.Time = r.config.Now()
	}
	e.Kind = e.Kind.known()
	for _, text := range []*string{&e.Text, &e.By} {
		*text = clip.Text(*text, maxEventText)
	}
	r.keep(e)
	if r.config.Count != nil {
		r.config.Count(e.Kind, e.Stands())
	}
	if r.config.Logger != nil {
		r.config.Logger.Log(context.Background(), e.Kind.Level(), e.Kind.Title(), e.Attributes()...)
	}
}

func (r *Recorder) keep(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sort := 0
	if e.Kind.itself() {
		sort = 1
	}
	r.rings[sort].push(numbered{e, r.count})
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
	a, b := r.rings[0].newest(), r.rings[1].newest()
	for len(found) < n {
		from := &a
		if one, other := a.peek(), b.peek(); one == nil || other != nil && other.number > one.number {
			from = &b
		}
		next := from.peek()
		if next == nil {
			break
		}
		from.left--
		if keep == nil || keep(&next.Event) {
			found = append(found, next.Event)
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

// Subscribe begins a subscription with room for some events, at least one. dropped, which
// may be nil, is called for each event that there is no room for, and must return at once.
func (r *Recorder) Subscribe(room int, dropped func()) *Subscription {
	s := &Subscription{recorder: r, events: make(chan Event, max(1, room)), dropped: dropped}
	if r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.subscribers = append(r.subscribers, s)
	}
	return s
}

func (r *Recorder) unsubscribe(s *Subscription) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subscribers = slices.DeleteFunc(r.subscribers, func(other *Subscription) bool { return other == s })
}

// numbered is an event and how many were recorded before it.
type numbered struct {
	Event
	number uint64
}

// ring holds the newest events of one sort.
type ring struct {
	events [Kept]numbered
	count  uint64
}

func (r *ring) push(e numbered) {
	r.events[r.count%Kept] = e
	r.count++
}

// newest begins to read a ring, from the newest event on.
func (r *ring) newest() cursor { return cursor{r, min(r.count, Kept)} }

type cursor struct {
	ring *ring
	left uint64
}

// peek returns the next event, nil after the last one.
func (c cursor) peek() *numbered {
	if c.left == 0 {
		return nil
	}
	read := min(c.ring.count, Kept) - c.left
	return &c.ring.events[(c.ring.count-1-read)%Kept]
}
