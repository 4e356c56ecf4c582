package backend

import (
	"errors"
	"fmt"
	"time"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/change"
)

// A Word is what an operator says of a breaker.
type Word struct {
	Set    breaker.Override `json:"set"`
	Reason string           `json:"reason,omitempty"`
	By     string           `json:"by,omitempty"`
	Since  time.Time        `json:"since"`
}

// Why a breaker can't be set.
var (
	ErrUnknown   = errors.New("no such backend")
	ErrNoBreaker = errors.New("the backend has no breaker")
)

// Override sets the breaker of a backend by an operator's word, which stays in force over
// table edits and reloads, until it is auto, the backend leaves the table, or the process
// ends.
func (r *Registry) Override(name string, word Word) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.latest[name]
	switch {
	case h == nil:
		return fmt.Errorf("%w: %q", ErrUnknown, name)
	case h.backend.breaker == nil:
		return fmt.Errorf("%w: %q", ErrNoBreaker, name)
	}
	said := &word
	if word.Set == breaker.Auto {
		said = nil
	}
	h.backend.ledger.word.Store(said)
	r.Changes.Record(change.Event{Kind: change.BreakerSet, Backend: name, By: word.By, Text: wordText(word)})
	for _, s := range r.backends.held { // of older tables, too
		if b := s.value.backend; b.name == name && b.breaker != nil && b.breaker.Snapshot().Override != word.Set {
			b.breaker.Set(word.Set)
		}
	}
	return nil
}
