package control

import (
	"ficus/gateway/authz"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// Source says where the table that serves came from.
type Source string

// The sources. All but the first are metric labels too.
const (
	SourceNone       Source = "none"        // nothing serves
	SourceFolder     Source = "folder"      // the route folder, as it is or as it was before a broken edit
	SourceSnapshot   Source = "snapshot"    // the last good snapshot
	SourceUnguarded  Source = "unguarded"   // the folder's routes without its policies: those that have one answer 503
	SourceLegacyOnly Source = "legacy_only" // no route is known: all goes to legacy
)

// A Status says what serves, and what the last load of the route folder found. It is
// immutable.
type Status struct {
	Source       Source
	Table        *routetable.Table // that serves; nil for none
	Policies     *authz.Set        // that decide; nil for none
	LastReloadOK bool              // the folder as it is now is what serves
	Problems     route.Problems    // of the last load; warnings too
	Removal      *Removal          // that waits for a confirmation; nil for none
	Draining     bool              // the process ends: no new requests
}

// Status returns the status now. It never waits for a load.
func (t *Tables) Status() Status {
	if s := t.status.Load(); s != nil {
		return *s
	}
	return Status{Source: SourceNone}
}

// Revision returns the revision of the table that serves, "" for none.
func (s Status) Revision() string {
	if s.Table == nil {
		return ""
	}
	return s.Table.Revision
}

// Readiness says for probes and people whether requests are served, and by what.
type Readiness struct {
	Status       string `json:"status"` // ready, degraded (without the folder's routes), not_ready or draining
	Message      string `json:"message"`
	Source       Source `json:"source"`
	Revision     string `json:"revision"` // "" where nothing serves
	LastReloadOK bool   `json:"last_reload_ok"`
	Errors       int    `json:"errors"` // of the last load
	Warnings     int    `json:"warnings"`
}

// Readiness returns the status for probes.
func (s Status) Readiness() Readiness {
	r := Readiness{Source: s.Source, Revision: s.Revision(), LastReloadOK: s.LastReloadOK}
	r.Errors, r.Warnings = s.Problems.Count()
	switch {
	case s.Draining:
		r.Status, r.Message = "draining", "the gateway ends: requests under way get their time, and new ones should go elsewhere"
	case s.Source == SourceFolder && s.LastReloadOK:
		r.Status, r.Message = "ready", "the route folder is served as it is"
	case s.Source == SourceFolder && s.Removal != nil:
		r.Status, r.Message = "ready", "the newest edit of the route folder removes most routes and waits for a confirmation (ficus routes confirm): the table before serves on"
	case s.Source == SourceFolder:
		r.Status, r.Message = "ready", "the newest edit of the route folder is broken: the table before serves on"
	case s.Source == SourceSnapshot && s.Removal != nil:
		r.Status, r.Message = "degraded", "the route folder lacks most routes and waits for a confirmation (ficus routes confirm): the last good snapshot serves"
	case s.Source == SourceSnapshot:
		r.Status, r.Message = "degraded", "the route folder is broken: the last good snapshot serves"
	case s.Source == SourceUnguarded:
		r.Status, r.Message = "degraded", "the policies are broken, and there is no good snapshot: routes that have a policy answer 503"
	case s.Source == SourceLegacyOnly:
		r.Status, r.Message = "degraded", "the route folder is broken, and there is no good snapshot: all requests go to legacy"
	default:
		r.Status, r.Message = "not_ready", "no route table serves: requests are answered with 503"
	}
	return r
}

// Serving reports whether new requests are served.
func (r Readiness) Serving() bool { return r.Status != "not_ready" && r.Status != "draining" }

// Findings are what the last load of the route folder found.
type Findings struct {
	LastReloadOK bool           `json:"last_reload_ok"`
	Errors       int            `json:"errors"`
	Warnings     int            `json:"warnings"`
	Problems     route.Problems `json:"problems"`          // never null
	Removal      *Removal       `json:"removal,omitempty"` // that waits for a confirmation
}

// Findings returns the problems for programs.
func (s Status) Findings() Findings {
	f := Findings{LastReloadOK: s.LastReloadOK, Problems: s.Problems, Removal: s.Removal}
	if f.Problems == nil {
		f.Problems = route.Problems{}
	}
	f.Errors, f.Warnings = f.Problems.Count()
	return f
}
