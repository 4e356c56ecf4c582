// Package alone is breakers and retries for addresses that no table names: each address
// has a breaker and a budget for retries of its own, and somebody else decides which one
// is asked.
//
//	addresses := alone.New(alone.Config{Breaker: route.Breaker{}.Filled(), Random: rand.Float64, Logger: logger})
//	response, err := addresses.RoundTrip(r, "10.0.0.3:80", false, transport)
//	if errors.Is(err, breaker.ErrOpen) || errors.Is(err, breaker.ErrRamp) {
//		// this address is not to be asked now; another one may be
//	}
//
// It knows no fallback and keeps no bodies: a request that has one is sent once.
package alone

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/internal/pause"
	"ficus/gateway/resilience"
	"ficus/gateway/route"
)

// Config is what all addresses have in common.
type Config struct {
	// Breaker, with its defaults filled in; single addresses eject nobody.
	Breaker route.Breaker

	// Retry, with its defaults filled in; the zero one is none.
	Retry route.Retry

	// Budget bounds the retries of an address, with its defaults filled in.
	Budget route.RetryBudget

	// Random returns numbers from 0 to below 1, for the waits between tries, and is called
	// concurrently.
	Random func() float64

	// Logger is told when a breaker opens, tries and closes.
	Logger *slog.Logger
}

// Addresses holds the state of each address. It is safe for concurrent use and starts no
// goroutine. It holds at most 1024; beyond, what was not asked for the longest time is
// forgotten, and begins anew.
type Addresses struct {
	config Config

	mu   sync.RWMutex
	held map[string]*address
}

const (
	maxAddresses = 1024
	budgetBurst  = 10 // retries at once, where there were none of late
)

type address struct {
	breaker *breaker.Breaker
	budget  resilience.Bucket
	asked   atomic.Int64 // when last, in nanoseconds of Unix time
}

// New returns none yet.
func New(config Config) *Addresses {
	return &Addresses{config: config, held: map[string]*address{}}
}

// get returns the state of an address.
func (a *Addresses) get(name string) *address {
	now := time.Now()
	a.mu.RLock()
	at := a.held[name]
	a.mu.RUnlock()
	if at == nil {
		at = a.add(name, now)
	}
	at.asked.Store(now.UnixNano())
	return at
}

func (a *Addresses) add(name string, now time.Time) *address {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at := a.held[name]; at != nil {
		return at
	}
	if len(a.held) >= maxAddresses {
		a.forget()
	}
	at := &address{breaker: a.newBreaker(name)}
	at.budget.Fill(now, a.config.Budget.Ratio, a.config.Budget.Floor, budgetBurst)
	a.held[name] = at
	return at
}

// forget makes room for one. Requests that are under way go on with what they have.
func (a *Addresses) forget() {
	var idle string
	var since int64
	for name, at := range a.held {
		if asked := at.asked.Load(); idle == "" || asked < since {
			idle, since = name, asked
		}
	}
	delete(a.held, idle)
}

func (a *Addresses) newBreaker(name string) *breaker.Breaker {
	s := a.config.Breaker
	return breaker.New(breaker.Settings{
		Window: s.Window, MinRequests: s.MinRequests, FailureRatio: s.FailureRatio,
		OpenFor: s.OpenFor, Slow: s.Slow, Ramp: s.Ramp,
		OnChange: func(c breaker.Change) {
			level := slog.LevelInfo
			if c.To == breaker.Open {
				level = slog.LevelWarn
			}
			a.config.Logger.Log(context.Background(), level, "the breaker of an address is "+c.To.String(),
				"address", name, "before", c.From.String(), "failures", c.Counts.Failures, "successes", c.Counts.Successes)
		},
	})
}

// RoundTrip sends the request to an address by next, and again where it may be. Where the
// breaker does not let it through, that is breaker.ErrOpen or breaker.ErrRamp, and all
// that was sent may be sent again. only is for a request that no other address answers:
// it is never refused because of the ramp.
func (a *Addresses) RoundTrip(r *http.Request, to string, only bool, next http.RoundTripper) (*http.Response, error) {
	at := a.get(to)
	permit, err := at.breaker.Admit(only)
	if err != nil {
		return nil, err
	}
	at.budget.Deposit()
	t := try{address: at}
	out := t.watch(r)
	for tried := 1; ; tried++ {
		response, err := t.send(out, permit, next)
		wait, again := a.again(&t, out, tried, response, err)
		if !again {
			return response, err
		}
		if response != nil {
			_ = response.Body.Close()
		}
		if err := pause.For(r.Context(), wait); err != nil {
			return nil, err
		}
		if permit, err = at.breaker.Admit(true); err != nil {
			return nil, err
		}
		out = r.Clone(r.Context()) // net/http may look at the one before still
		out.Body, out.ContentLength, t.upload = nil, 0, nil
	}
}

// again reports whether the request is sent another time, and after which wait. It costs
// the budget, so it comes last.
func (a *Addresses) again(t *try, r *http.Request, tried int, response *http.Response, err error) (wait time.Duration, ok bool) {
	retry := &a.config.Retry
	switch {
	case tried >= retry.Attempts || !t.replays(r):
		return 0, false
	case err == nil && !slices.Contains(retry.Status, response.StatusCode):
		return 0, false
	case err != nil && (t.outcome != breaker.Failure || !resilience.WorthRetrying(err)):
		return 0, false
	case t.address.breaker.Refuses():
		return 0, false
	}
	wait, ok = resilience.Backoff(retry, tried, response, a.config.Random())
	return wait, ok && t.address.budget.Take(time.Now())
}
