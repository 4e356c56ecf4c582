package authz

import "time"

// An Event is one decision as it is recorded. What a client must not read back, or
// nobody may, is not in it: headers and claims are named, never shown, and there is
// no body.
type Event struct {
	Time      time.Time
	RequestID string
	Policy    string // the policy's name
	Revision  string // of the policies
	Observed  bool   // the decision was recorded and not enforced
	Input     *Input
	Decision  Decision
}

// A Recorder takes decisions. It never blocks and may be called concurrently; it does
// not change what it is given, and keeps none of it that a request may change.
type Recorder interface {
	// Enabled reports whether an event of the decision is wanted: making one costs time.
	Enabled(Decision) bool

	Decided(Event)
}
