package breaker

import (
	"fmt"
	"time"
)

// State is whether requests are let through.
type State int32

// The states, in the order in which trouble grows.
const (
	Closed   State = iota // all are let through, or a growing share after a failure
	HalfOpen              // one is let through, to try
	Open                  // none is
)

var stateNames = [...]string{"closed", "half_open", "open"}

// States lists all states.
var States = [...]State{Closed, HalfOpen, Open}

func (s State) String() string { return stateNames[s] }

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no state of a breaker", text)
}

// Override is an operator's word, which counts more than what was measured.
type Override int32

// The overrides.
const (
	Auto        Override = iota // what was measured decides
	ForceOpen                   // none is let through
	ForceClosed                 // all are
)

var overrideNames = [...]string{"auto", "open", "closed"}

func (o Override) String() string { return overrideNames[o] }

// MarshalText writes the override's name.
func (o Override) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads "auto", "open" or "closed".
func (o *Override) UnmarshalText(text []byte) error {
	for i, name := range overrideNames {
		if name == string(text) {
			*o = Override(i)
			return nil
		}
	}
	return fmt.Errorf("%q is nothing that a breaker can be set to: open, closed or auto", text)
}

// Counts are the requests of the rolling window. What the client did wrong is not in it.
type Counts struct {
	Successes int `json:"successes"`
	Failures  int `json:"failures"`
}

// A Change is a step from one state to another.
type Change struct {
	From, To State
	Counts   Counts // when it opened because of them
	Override bool   // an operator said so
}

// A Snapshot is what a breaker is at one moment.
type Snapshot struct {
	State    State     `json:"state"`
	Override Override  `json:"override"`
	Since    time.Time `json:"since"` // of the state
	Share    float64   `json:"share"` // of the requests that are let through: 0 to 1; half-open lets one through
	Counts   Counts    `json:"counts"`
}
