package route

import (
	"fmt"
	"strings"
)

// A Side is one of a route's two backends.
type Side uint8

// The two sides of a route.
const (
	Legacy Side = iota // the monolith
	New                // the service that replaces it
)

// Sides lists both sides, in the order of their values.
var Sides = [...]Side{Legacy, New}

// String returns "legacy" or "new".
func (s Side) String() string {
	if s == New {
		return "new"
	}
	return "legacy"
}

// A Stage says where a route stands in its migration.
type Stage uint8

// The stages, in the order of a migration.
const (
	StageLegacy  Stage = iota // legacy serves; the new side is not called
	StageShadow               // legacy serves; the new side gets copies
	StageCanary               // the new side serves the cohorts below the weight, legacy the rest
	StageNew                  // the new side serves
	StageRetired              // the new side serves; the legacy side is never called again
)

// Stages lists all stages, in the order of a migration.
var Stages = [...]Stage{StageLegacy, StageShadow, StageCanary, StageNew, StageRetired}

// String returns the stage as it is written in a route file.
func (s Stage) String() string {
	switch s {
	case StageLegacy:
		return "legacy"
	case StageShadow:
		return "shadow"
	case StageCanary:
		return "canary"
	case StageNew:
		return "new"
	case StageRetired:
		return "retired"
	}
	return fmt.Sprintf("Stage(%d)", uint8(s))
}

// MarshalText writes the stage as in a route file.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Words lists the words that a route file may hold here.
func (Stage) Words() []string {
	words := make([]string, len(Stages))
	for i, stage := range Stages {
		words[i] = stage.String()
	}
	return words
}

// UnmarshalText reads a stage as written in a route file.
func (s *Stage) UnmarshalText(text []byte) error {
	for _, stage := range Stages {
		if stage.String() == string(text) {
			*s = stage
			return nil
		}
	}
	return fmt.Errorf("unknown stage %q (use legacy, shadow, canary, new or retired)", text)
}

// CallsLegacy reports whether legacy serves some or all requests of the stage.
func (s Stage) CallsLegacy() bool { return s <= StageCanary }

// SourceKind says what part of a request a [Source] reads.
type SourceKind uint8

// The parts of a request that a cohort may come from.
const (
	FromClientIP SourceKind = iota // the client's address
	FromCookie                     // the value of the cookie Name
	FromHeader                     // the first value of the header Name
	FromClaim                      // the claim Name of who is logged in
)

// A Source is a place in a request that a cohort may be taken from.
type Source struct {
	Kind SourceKind
	Name string // of the cookie or header; empty for client_ip
}

// String returns the source as it is written in a route file.
func (s Source) String() string {
	switch s.Kind {
	case FromCookie:
		return "cookie:" + s.Name
	case FromHeader:
		return "header:" + s.Name
	case FromClaim:
		return "claim:" + s.Name
	}
	return "client_ip"
}

// UnmarshalText reads a source as written in a route file.
func (s *Source) UnmarshalText(text []byte) error {
	kind, name, named := strings.Cut(string(text), ":")
	switch {
	case kind == "client_ip" && !named:
		*s = Source{Kind: FromClientIP}
	case kind == "cookie" && name != "":
		*s = Source{Kind: FromCookie, Name: name}
	case kind == "header" && name != "":
		*s = Source{Kind: FromHeader, Name: name}
	case kind == "claim" && name != "":
		*s = Source{Kind: FromClaim, Name: name}
	default:
		return fmt.Errorf("unknown cohort source %q (use claim:NAME, header:NAME, cookie:NAME or client_ip)", text)
	}
	return nil
}
