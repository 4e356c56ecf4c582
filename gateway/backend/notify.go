package backend

import (
	"cmp"
	"fmt"
	"time"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/change"
	"ficus/gateway/route"
)

// newBreaker makes the breaker of a backend, under the operator's word that is in force.
func newBreaker(name string, s route.Breaker, l *ledger, changes *change.Recorder) *breaker.Breaker {
	var word breaker.Override
	if said := l.word.Load(); said != nil {
		word = said.Set
	}
	return breaker.New(breaker.Settings{
		Override: word,
		Window:   s.Window, MinRequests: s.MinRequests, FailureRatio: s.FailureRatio,
		OpenFor: s.OpenFor, Ramp: s.Ramp, // what is slow is said of each try
		OnChange: func(c breaker.Change) {
			l.transitions[c.To].Add(1)
			changes.Record(change.Event{Kind: breakerKinds[c.To], Backend: name, Text: breakerText(c)})
		},
	})
}

var breakerKinds = map[breaker.State]change.Kind{
	breaker.Open: change.BreakerOpened, breaker.HalfOpen: change.BreakerHalfOpen, breaker.Closed: change.BreakerClosed,
}

func breakerText(c breaker.Change) string {
	if c.Override {
		return fmt.Sprintf("%v → %v, set by hand", c.From, c.To)
	}
	return fmt.Sprintf("%v → %v, after %d failures and %d successes", c.From, c.To, c.Counts.Failures, c.Counts.Successes)
}

// wordText is what an operator has said of a breaker.
func wordText(w Word) string {
	if w.Set == breaker.Auto {
		return "an operator leaves it to itself again"
	}
	return fmt.Sprintf("an operator holds it %v: %s", w.Set, cmp.Or(w.Reason, "no reason given"))
}

// tellHealth records that an address went down or came back. To be well from the first
// question on is no change.
func (r *Registry) tellHealth(backend, address string, to HealthState, why string) {
	e := change.Event{Kind: change.AddressUp, Backend: backend, Address: address, Text: address + " passes its health check again"}
	if to == Down {
		e.Kind, e.Text = change.AddressDown, address+" fails its health check and gets no requests: "+why
	}
	r.Changes.Record(e)
}

// tellEjected records that an address is left out because requests to it fail.
func (b *Backend) tellEjected(address string, length time.Duration) {
	b.changes.Record(change.Event{
		Kind: change.AddressEjected, Backend: b.name, Address: address,
		Text: fmt.Sprintf("%s fails and gets no requests for %v", address, length),
	})
}
