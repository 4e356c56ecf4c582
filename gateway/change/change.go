// Package change is what happened to the gateway lately: edits of the table, stages that
// moved, kills, breakers, addresses. Who makes a change records it with one call of
// [Recorder.Record]; from there it goes to the log, to a counter, to pages and tools that
// read what is left, and to sinks that subscribe.
//
// A [Recorder] keeps the last few hundred events in memory. It is no audit: that is a sink.
// Nobody who subscribes can hold up who records.
package change

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Kind says what happened, one of a closed set: it is a metric label too.
type Kind string

// The kinds.
const (
	TableApplied     Kind = "table_applied"  // another table serves
	TableRejected    Kind = "table_rejected" // an edit has errors, or a start found no good folder
	RouteAdded       Kind = "route_added"
	RouteRemoved     Kind = "route_removed"
	RouteChanged     Kind = "route_changed" // anything but stage and weight
	StageMoved       Kind = "stage_moved"
	WeightMoved      Kind = "weight_moved"
	PoliciesSwapped  Kind = "policies_swapped"  // other policies decide
	PoliciesRejected Kind = "policies_rejected" // those from before decide on
	Killed           Kind = "killed"
	Unkilled         Kind = "unkilled"
	Resumed          Kind = "resumed" // a start found it killed
	BreakerOpened    Kind = "breaker_opened"
	BreakerHalfOpen  Kind = "breaker_half_open"
	BreakerClosed    Kind = "breaker_closed"
	BreakerSet       Kind = "breaker_set"     // an operator's word, and its end
	AddressDown      Kind = "address_down"    // it fails its health check
	AddressUp        Kind = "address_up"      // it passes it again
	AddressEjected   Kind = "address_ejected" // it fails requests, and is left out for a time
	Draining         Kind = "draining"        // the process is about to end
	Unspecified      Kind = "something"       // in the place of a kind that is none of these
)

// Kinds lists all kinds.
var Kinds = [...]Kind{
	TableApplied, TableRejected, RouteAdded, RouteRemoved, RouteChanged, StageMoved, WeightMoved,
	PoliciesSwapped, PoliciesRejected, Killed, Unkilled, Resumed,
	BreakerOpened, BreakerHalfOpen, BreakerClosed, BreakerSet, AddressDown, AddressUp, AddressEjected,
	Draining, Unspecified,
}

// An Event is one thing that happened.
type Event struct {
	Time     time.Time `json:"time"` // the recorder's, where it is zero
	Kind     Kind      `json:"kind"`
	Route    string    `json:"route,omitempty"`    // its id; "*" for all
	Backend  string    `json:"backend,omitempty"`  // its name
	Address  string    `json:"address,omitempty"`  // of the backend
	Revision string    `json:"revision,omitempty"` // of the table or the policies that decide now
	By       string    `json:"by,omitempty"`       // who did it, as far as that is known
	Text     string    `json:"text"`               // what happened, for people, in one line
	Count    int       `json:"count,omitempty"`    // of the changes that this one sums up; 0 for itself alone
	Until    time.Time `json:"until,omitzero"`     // of the last of them, where that is later
}

// Title is the kind for people, as "breaker half open".
func (k Kind) Title() string { return strings.ReplaceAll(string(k), "_", " ") }

// known returns the kind, or that of what has none.
func (k Kind) known() Kind {
	if slices.Contains(Kinds[:], k) {
		return k
	}
	return Unspecified
}

// Level is how loud the log is about the kind.
func (k Kind) Level() slog.Level {
	switch k {
	case TableRejected, PoliciesRejected:
		return slog.LevelError
	case Killed, Unkilled, Resumed, BreakerOpened, BreakerSet, AddressDown, AddressEjected:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// ofRoutes reports whether changes of this kind are each of one route, by an edit.
func (k Kind) ofRoutes() bool {
	return slices.Contains([]Kind{RouteAdded, RouteRemoved, RouteChanged, StageMoved, WeightMoved}, k)
}

// itself reports whether changes of this kind come without anybody's doing, and perhaps
// often.
func (k Kind) itself() bool {
	return slices.Contains([]Kind{BreakerOpened, BreakerHalfOpen, BreakerClosed, AddressDown, AddressUp, AddressEjected}, k)
}

// Concerns reports whether the event may be about a route: about it, about all, or about
// many that are not listed.
func (e *Event) Concerns(id string) bool {
	return e.Route == id || e.Route == "*" || e.Count > 0 && e.Kind.ofRoutes()
}

// Subject returns what the event is about, by its name; "" for the gateway itself, or for many.
func (e *Event) Subject() string { return cmp.Or(e.Route, e.Backend) }

// Stands returns how many changes the event stands for, at least 1.
func (e *Event) Stands() int { return max(1, e.Count) }

// Attributes returns what is known of the event but for its time, as key and value by turns,
// for logs.
func (e *Event) Attributes() []any {
	list := []any{"change", string(e.Kind)}
	for _, a := range [...][2]string{
		{"route", e.Route}, {"backend", e.Backend}, {"address", e.Address}, {"revision", e.Revision}, {"by", e.By}, {"text", e.Text},
	} {
		if a[1] != "" {
			list = append(list, a[0], a[1])
		}
	}
	if e.Count > 0 {
		list = append(list, "count", e.Count)
	}
	return list
}
