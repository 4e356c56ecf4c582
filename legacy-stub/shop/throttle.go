package shop

import (
	"sync"
	"time"
)

// An address may fail to log in throttleTries times within throttleWindow.
const (
	throttleTries  = 8
	throttleWindow = 10 * time.Minute
	throttleMost   = 10_000 // addresses remembered
)

// throttle slows down the guessing of passwords. It counts by e-mail address, whether or not there is an account, and forgets on restart.
type throttle struct {
	now   func() time.Time
	mu    sync.Mutex
	tries map[string]*tries
}

type tries struct {
	count int
	until time.Time
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, tries: map[string]*tries{}}
}

// allow counts an attempt and tells whether it may be made.
func (t *throttle) allow(email string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	x := t.tries[email]
	if x == nil || !now.Before(x.until) {
		t.makeRoom(now)
		x = &tries{until: now.Add(throttleWindow)}
		t.tries[email] = x
	}
	x.count++
	return x.count <= throttleTries
}

// reset forgets the attempts of an address, after one that succeeded.
func (t *throttle) reset(email string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tries, email)
}

// makeRoom forgets what is over, and everything if that is not enough: memory is bounded, and somebody who can send ten thousand addresses
// gains eight more tries at each.
func (t *throttle) makeRoom(now time.Time) {
	if len(t.tries) < throttleMost {
		return
	}
	for email, x := range t.tries {
		if !now.Before(x.until) {
			delete(t.tries, email)
		}
	}
	if len(t.tries) >= throttleMost {
		clear(t.tries)
	}
}
