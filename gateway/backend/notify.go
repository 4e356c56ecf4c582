package backend

import (
	"context"
	"fmt"
	"log/slog"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/change"
	"ficus/gateway/route"
)

// newBreaker makes the breaker of a backend, under the operator's word that is in force.
func newBreaker(name string, s route.Breaker, l *ledger, log *slog.Logger, changes *change.Recorder) *breaker.Breaker {
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
			level := slog.LevelInfo
			if c.To == breaker.Open {
				level = slog.LevelWarn
			}
			changes.Record(change.Event{Kind: change.Breaker, Backend: name, Text: breakerText(c)})
			log.Log(context.Background(), level, "the breaker of a backend is "+c.To.String(),
				"backend", name, "before", c.From.String(), "failures", c.Counts.Failures, "successes", c.Counts.Successes, "by_operator", c.Override)
		},
	})
}

func breakerText(c breaker.Change) string {
	if c.Override {
		return fmt.Sprintf("%v → %v, set by hand", c.From, c.To)
	}
	return fmt.Sprintf("%v → %v, after %d failures and %d successes", c.From, c.To, c.Counts.Failures, c.Counts.Successes)
}
