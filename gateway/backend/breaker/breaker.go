// Package breaker decides whether a request is worth sending: not to a backend that has
// just failed often, and only to try, then little by little, to one that comes back.
//
//	b := breaker.New(breaker.Settings{Window: 10 * time.Second, MinRequests: 20, FailureRatio: 0.5, OpenFor: 5 * time.Second})
//	permit, err := b.Admit(false)
//	if err != nil {
//		return err // nothing was sent
//	}
//	response, err := transport.RoundTrip(r)
//	permit.Done(breaker.Judge(r.Context(), status, err), took)
//
// The counting is that of github.com/sony/gobreaker, with what it leaves to its caller:
// failures that are late still count, a probe that never comes back blocks nobody, and the
// way back is a ramp. It stands alone: it knows neither backends nor tables.
package breaker

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Why a request is not let through.
var (
	ErrOpen = errors.New("the breaker is open")
	ErrRamp = errors.New("the breaker lets only a share of the requests through")
)

// Settings are when a breaker opens, and how it closes.
type Settings struct {
	// Window is the time that counts, as a rolling window in tenths. Required.
	Window time.Duration

	// MinRequests is how many requests of the window it takes to open; as many failures in
	// a row open at once, however long they took. While it ramps, a quarter is enough, but
	// no fewer than 3. Required.
	MinRequests int

	// FailureRatio is the share of failures from which on it opens. Required.
	FailureRatio float64

	// OpenFor is how long it stays open until one request is let through. Required.
	OpenFor time.Duration

	// Slow is how long a success may take before it is a failure; 0 is for ever.
	Slow time.Duration

	// Ramp is how long it takes from the first success until all are let through; 0 is not
	// at all.
	Ramp time.Duration

	// Override is an operator's word that is in force already.
	Override Override

	// OnChange is told of each change, in order and one at a time, by the goroutine of a
	// request, with no lock held. May be nil.
	OnChange func(Change)
}

// A Breaker is safe for concurrent use. It starts no goroutine.
type Breaker struct {
	settings Settings
	override atomic.Int32
	life     atomic.Pointer[life]
	unsaid   atomic.Int32 // changes that OnChange has not been told of

	mu      sync.Mutex
	changes []Change
	telling bool
}

// New returns a closed breaker.
func New(settings Settings) *Breaker {
	b := &Breaker{settings: settings}
	b.override.Store(int32(settings.Override))
	b.life.Store(b.newLife())
	return b
}

// Admit asks to let a request through: ErrOpen and ErrRamp say no. only is for a request
// that nobody else can answer, which is never refused while the breaker ramps. Who gets a
// permit has to call its Done.
func (b *Breaker) Admit(only bool) (Permit, error) {
	if Override(b.override.Load()) == ForceOpen {
		return Permit{}, ErrOpen
	}
	l, now := b.life.Load(), time.Now()
	if !only && !l.ramp.admits(now, b.settings.Ramp) {
		return Permit{}, ErrRamp
	}
	done, err := l.inner.Allow()
	if errors.Is(err, gobreaker.ErrTooManyRequests) && l.probes.forget(now, b.patience()) {
		done, err = l.inner.Allow()
	}
	if err != nil {
		b.tell()
		return Permit{}, ErrOpen
	}
	permit := Permit{life: l, done: done, at: now, generation: l.generation.Load()}
	if l.stateNow() != Closed {
		permit.probe = l.probes.add(done, now)
	}
	b.tell()
	return permit, nil
}

// patience is how long a probe blocks others from trying.
func (b *Breaker) patience() time.Duration { return max(2*b.settings.OpenFor, time.Second) }

// Refuses reports whether a request that came now would certainly be refused. It changes
// nothing.
func (b *Breaker) Refuses() bool {
	if Override(b.override.Load()) == ForceOpen {
		return true
	}
	l := b.life.Load()
	return l.stateNow() == Open && time.Now().UnixNano() < l.since.Load()+int64(b.settings.OpenFor)
}

// Fail counts a failure that showed only after Done, such as a body that broke off.
func (b *Breaker) Fail() {
	l := b.life.Load()
	if l.stateNow() == Closed {
		l.again(Failure)
		b.tell()
	}
}

// Set is an operator's word. Auto begins anew: with a ramp where the breaker was forced
// open, else closed.
func (b *Breaker) Set(to Override) {
	from := b.Snapshot().State
	next := b.newLife()
	before := Override(b.override.Swap(int32(to)))
	if before == ForceOpen && to == Auto {
		next.ramp.begin(time.Now())
	}
	b.life.Store(next)
	if now := b.state(next); now != from {
		b.changed(Change{From: from, To: now, Override: true})
		b.tell()
	}
}

// Snapshot says what the breaker is, and changes nothing: an open breaker whose time is up
// says open until a request comes to try.
func (b *Breaker) Snapshot() Snapshot {
	l, now := b.life.Load(), time.Now()
	s := Snapshot{State: b.state(l), Override: Override(b.override.Load()), Since: time.Unix(0, l.since.Load())}
	if s.State == Closed {
		s.Share = l.ramp.share(now, b.settings.Ramp)
	}
	if l.stateNow() == Closed {
		l.inner.State() // rolls the window on, which it does by itself only when there are requests
	}
	counts := l.inner.Counts()
	s.Counts = Counts{int(counts.TotalSuccesses), int(counts.TotalFailures)}
	return s
}

func (b *Breaker) state(l *life) State {
	switch Override(b.override.Load()) {
	case ForceOpen:
		return Open
	case ForceClosed:
		return Closed
	}
	return l.stateNow()
}

// changed notes a change. It is called under gobreaker's lock.
func (b *Breaker) changed(c Change) {
	if b.settings.OnChange == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes = append(b.changes, c)
	b.unsaid.Add(1)
}

// tell reports what changed, unless somebody is at it.
func (b *Breaker) tell() {
	for b.unsaid.Load() > 0 {
		b.mu.Lock()
		if b.telling {
			b.mu.Unlock()
			return
		}
		changes := b.changes
		b.changes, b.telling = nil, true
		b.unsaid.Add(-int32(len(changes)))
		b.mu.Unlock()
		for _, c := range changes {
			b.settings.OnChange(c)
		}
		b.mu.Lock()
		b.telling = false
		b.mu.Unlock()
	}
}
