package route

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// choice reads one of the words that a key takes: their index is the value.
func choice(what string, text []byte, words ...string) (uint8, error) {
	if i := slices.Index(words, string(text)); i >= 0 {
		return uint8(i), nil
	}
	last := len(words) - 1
	return 0, fmt.Errorf("unknown %s %q (use %s or %s)", what, text, strings.Join(words[:last], ", "), words[last])
}

// A Balance is a way to choose among the addresses of a backend.
type Balance uint8

// The ways to balance.
const (
	LeastRequests Balance = iota // of two random addresses the one with fewer requests in flight
	RoundRobin                   // one after the other
	LeastTime                    // of two random addresses the one that answers faster
)

var balances = []string{"least_requests", "round_robin", "least_time"}

// String returns the balance as it is written in a route file.
func (b Balance) String() string { return balances[b] }

// Words lists the words that a route file may hold here.
func (Balance) Words() []string { return slices.Clone(balances) }

// UnmarshalText reads a balance as written in a route file.
func (b *Balance) UnmarshalText(text []byte) (err error) {
	*(*uint8)(b), err = choice("balance", text, balances...)
	return err
}

// Force says who may choose the side of single requests.
type Force uint8

// Who may choose a side.
const (
	ForceOff    Force = iota // nobody
	ForceSigned              // who sends a token that the gateway signed
	ForcePolicy              // whom the route's policy lets
)

var forces = []string{"off", "signed", "policy"}

// String returns the choice as it is written in a route file.
func (f Force) String() string { return forces[f] }

// Words lists the words that a route file may hold here.
func (Force) Words() []string { return slices.Clone(forces) }

// UnmarshalText reads the choice as written in a route file.
func (f *Force) UnmarshalText(text []byte) (err error) {
	*(*uint8)(f), err = choice("force", text, forces...)
	return err
}

// Mode says what becomes of a policy's decision.
type Mode uint8

// What becomes of a decision.
const (
	Enforce Mode = iota // who may not is refused
	Observe             // it is only recorded
)

var modes = []string{"enforce", "observe"}

// String returns the mode as it is written in a route file.
func (m Mode) String() string { return modes[m] }

// Words lists the words that a route file may hold here.
func (Mode) Words() []string { return slices.Clone(modes) }

// UnmarshalText reads a mode as written in a route file.
func (m *Mode) UnmarshalText(text []byte) (err error) {
	*(*uint8)(m), err = choice("mode", text, modes...)
	return err
}

// Priority says which requests are refused last when there is no capacity for all.
type Priority uint8

// The priorities, the lowest first but for the default.
const (
	NormalPriority Priority = iota
	LowPriority
	HighPriority
	CriticalPriority
)

var priorities = []string{"normal", "low", "high", "critical"}

// String returns the priority as it is written in a route file.
func (p Priority) String() string { return priorities[p] }

// Words lists the words that a route file may hold here.
func (Priority) Words() []string { return slices.Clone(priorities) }

// UnmarshalText reads a priority as written in a route file.
func (p *Priority) UnmarshalText(text []byte) (err error) {
	*(*uint8)(p), err = choice("priority", text, priorities...)
	return err
}

// FaultySide is the side whose backend seems broken.
type FaultySide uint8

// The sides that can seem broken.
const (
	FaultyNew FaultySide = iota
	FaultyLegacy
)

var faultySides = []string{"new", "legacy"}

// String returns the side as it is written in a route file.
func (f FaultySide) String() string { return faultySides[f] }

// Side returns the side itself.
func (f FaultySide) Side() Side {
	if f == FaultyLegacy {
		return Legacy
	}
	return New
}

// Words lists the words that a route file may hold here.
func (FaultySide) Words() []string { return slices.Clone(faultySides) }

// UnmarshalText reads a side as written in a route file.
func (f *FaultySide) UnmarshalText(text []byte) (err error) {
	*(*uint8)(f), err = choice("side", text, faultySides...)
	return err
}

// Body says what a policy sees of a request's body.
type Body uint8

// What a policy sees of a body.
const (
	BodyNone Body = iota // nothing
	BodyJSON             // the value that it is
)

var bodies = []string{"none", "json"}

// String returns the choice as it is written in a route file.
func (b Body) String() string { return bodies[b] }

// Words lists the words that a route file may hold here.
func (Body) Words() []string { return slices.Clone(bodies) }

// UnmarshalText reads the choice as written in a route file.
func (b *Body) UnmarshalText(text []byte) (err error) {
	*(*uint8)(b), err = choice("body", text, bodies...)
	return err
}

// Paths says how backends read paths.
type Paths uint8

// How backends read paths.
const (
	AnyReading   Paths = iota // in one of several ways
	ExactReading              // as the gateway does
)

var pathReadings = []string{"any", "exact"}

// String returns the way as it is written in a route file.
func (p Paths) String() string { return pathReadings[p] }

// Words lists the words that a route file may hold here.
func (Paths) Words() []string { return slices.Clone(pathReadings) }

// UnmarshalText reads a way as written in a route file.
func (p *Paths) UnmarshalText(text []byte) (err error) {
	*(*uint8)(p), err = choice("reading of paths", text, pathReadings...)
	return err
}

// Switch is on, off, or left to the default.
type Switch uint8

// The positions of a switch.
const (
	Default Switch = iota
	On
	Off
)

var switches = []string{"on", "off"}

// String returns the position as it is written in a route file, "" for the default.
func (s Switch) String() string {
	if s == Default {
		return ""
	}
	return switches[s-1]
}

// Words lists the words that a route file may hold here.
func (Switch) Words() []string { return slices.Clone(switches) }

// UnmarshalText reads a position as written in a route file.
func (s *Switch) UnmarshalText(text []byte) error {
	i, err := choice("position", text, switches...)
	*s = Switch(i) + 1
	return err
}

// MapBack is a part of answers that is mapped back.
type MapBack uint8

// What of an answer can be mapped back.
const (
	MapLocation  MapBack = iota // Location, Content-Location and Refresh
	MapLink                     // Link
	MapSetCookie                // domain and path of Set-Cookie
)

var mapBacks = []string{"location", "link", "set_cookie"}

// String returns the part as it is written in a route file.
func (m MapBack) String() string { return mapBacks[m] }

// Words lists the words that a route file may hold here.
func (MapBack) Words() []string { return slices.Clone(mapBacks) }

// UnmarshalText reads the part as written in a route file.
func (m *MapBack) UnmarshalText(text []byte) (err error) {
	*(*uint8)(m), err = choice("map_back", text, mapBacks...)
	return err
}

// OperationType is the type of a GraphQL operation.
type OperationType uint8

// The types of GraphQL operations.
const (
	AnyOperation OperationType = iota // no condition
	Query
	Mutation
	Subscription
)

var operationTypes = []string{"query", "mutation", "subscription"}

// String returns the type as it is written in a route file, "" for any.
func (o OperationType) String() string {
	if o == AnyOperation {
		return ""
	}
	return operationTypes[o-1]
}

// Words lists the words that a route file may hold here.
func (OperationType) Words() []string { return slices.Clone(operationTypes) }

// UnmarshalText reads the type as written in a route file.
func (o *OperationType) UnmarshalText(text []byte) error {
	i, err := choice("operation type", text, operationTypes...)
	*o = OperationType(i) + 1
	return err
}

// A Date is a day in UTC. The zero Date is none.
type Date struct{ time.Time }

// String returns the date as it is written in a route file, "" for none.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// UnmarshalText reads a date as written in a route file.
func (d *Date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is no date: write it as 2027-03-31", text)
	}
	d.Time = t
	return nil
}

// End is the moment when the day is over.
func (d Date) End() time.Time { return d.AddDate(0, 0, 1) }

// PassedBy reports whether the day is over.
func (d Date) PassedBy(now time.Time) bool { return !d.IsZero() && !now.Before(d.End()) }
