// Package change is what happened to the gateway lately: edits of the table, stages that
// moved, kills, breakers. Who makes a change records it with one call; pages, tools and
// sinks read what is left, or subscribe to what comes.
//
// A [Recorder] keeps the last few hundred events in memory. It is no log and no audit:
// those are sinks that subscribe. Nobody who listens can hold up who records.
package change

import "time"

// Kind says what happened, one of a closed set: it is a metric label too.
type Kind string

// The kinds.
const (
	TableApplied  Kind = "table_applied"  // another table serves
	TableRejected Kind = "table_rejected" // an edit has errors, or a start found no good folder
	RouteAdded    Kind = "route_added"
	RouteRemoved  Kind = "route_removed"
	RouteChanged  Kind = "route_changed" // anything but stage and weight
	StageMoved    Kind = "stage_moved"
	WeightMoved   Kind = "weight_moved"
	PoliciesSwap  Kind = "policies_swapped" // other policies decide
	Killed        Kind = "killed"
	Unkilled      Kind = "unkilled"
	Breaker       Kind = "breaker"   // opened, half open or closed again
	Health        Kind = "health"    // an address went down or came back
	Resumed       Kind = "resumed"   // a start found it so
	RolloutMoved  Kind = "rollout"   // a rollout took a step
	Unspecified   Kind = "something" // in the place of a kind that is none of these
)

// Kinds lists all kinds.
var Kinds = [...]Kind{
	TableApplied, TableRejected, RouteAdded, RouteRemoved, RouteChanged, StageMoved, WeightMoved,
	PoliciesSwap, Killed, Unkilled, Breaker, Health, Resumed, RolloutMoved, Unspecified,
}

// An Event is one thing that happened.
type Event struct {
	Time    time.Time `json:"time"` // the recorder's, where it is zero
	Kind    Kind      `json:"kind"`
	Route   string    `json:"route,omitempty"`   // its id; "*" for all
	Backend string    `json:"backend,omitempty"` // its name
	By      string    `json:"by,omitempty"`      // who did it, as far as that is known
	Text    string    `json:"text"`              // what happened, for people, in one line
}

// known returns the kind, or that of what has none.
func (k Kind) known() Kind {
	for _, one := range Kinds {
		if one == k {
			return k
		}
	}
	return Unspecified
}
