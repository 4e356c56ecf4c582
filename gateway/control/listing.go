package control

import (
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/traffic"
)

// A Listing is the table that serves, for programs.
type Listing struct {
	Revision string          `json:"revision"`
	Source   Source          `json:"source"`
	Entries  []ListedEntry   `json:"entries"` // sorted by id, the default entry last
	Backends []ListedBackend `json:"backends"`
}

// ListedEntry is one entry of a listing.
type ListedEntry struct {
	ID          string   `json:"id"`
	Match       string   `json:"match,omitempty"` // not of the default entry
	When        string   `json:"when,omitempty"`
	Description string   `json:"description,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	Stage       string   `json:"stage"`
	Weight      *float64 `json:"weight,omitempty"` // percent, at stage canary
	Group       string   `json:"group"`
	Cohort      []string `json:"cohort,omitempty"` // at stage canary
	Force       string   `json:"force,omitempty"`  // at stage canary
	Backend     string   `json:"backend,omitempty"`
	Policy      string   `json:"policy,omitempty"`
	Expires     string   `json:"expires,omitempty"`
	Place       string   `json:"place,omitempty"` // file:line:column

	Killed *traffic.Kill `json:"killed,omitempty"` // why legacy serves it, whatever else is said
}

// ListedBackend is one backend of a listing.
type ListedBackend struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	Balance   string   `json:"balance"`
}

// Listing returns the table that serves, with what is killed; it is empty where none does.
func (s Status) Listing(kills *traffic.Kills) Listing {
	l := Listing{Revision: s.Revision(), Source: s.Source, Entries: []ListedEntry{}, Backends: []ListedBackend{}}
	if s.Table == nil {
		return l
	}
	for _, e := range s.Table.Entries {
		l.Entries = append(l.Entries, listed(e, kills))
	}
	for _, b := range s.Table.Backends {
		l.Backends = append(l.Backends, ListedBackend{Name: b.Name, Addresses: b.Addresses, Balance: b.Balance.String()})
	}
	return l
}

func listed(e *routetable.Entry, kills *traffic.Kills) ListedEntry {
	l := ListedEntry{
		ID: e.ID, Match: e.Pattern.String(), When: e.When.String(),
		Description: e.Description, Owner: e.Owner,
		Stage: e.Stage.String(), Group: e.Group, Backend: e.Backend,
		Policy: e.Policy, Expires: e.Expires.String(), Place: e.Origin.String(), Killed: kills.Of(e.ID, e.Stage),
	}
	if e.Stage == route.StageCanary {
		weight := float64(e.Weight) / 100
		l.Weight, l.Force = &weight, e.Force.String()
		for _, source := range e.Cohort {
			l.Cohort = append(l.Cohort, source.String())
		}
	}
	return l
}
