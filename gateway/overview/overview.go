// Package overview is the state of a gateway as people look at it: whether it is ready,
// which table serves, which routes stand where and how they do, what is killed, what
// changed last. Console, admin API and the verbs status and top show what it says.
//
// It only reads. Nothing in it waits for a load or for a request.
package overview

import (
	"time"

	"ficus/gateway/backend"
	"ficus/gateway/change"
	"ficus/gateway/control"
	"ficus/gateway/history"
	"ficus/gateway/route"
	"ficus/gateway/shadow"
	"ficus/gateway/traffic"
)

// A Source is where the state comes from. Its fields may be nil where a part of the
// gateway isn't there; Status, History and Now are needed.
type Source struct {
	Status  func() control.Status
	Kills   *traffic.Kills
	Changes *change.Recorder
	History *history.History
	Live    func() []backend.Status // what the backends are
	Now     func() time.Time

	Findings func(route string) []shadow.Finding // how answers to copies differ
}

// Address is one address of a backend.
type Address struct {
	URL      string `json:"url"`
	State    string `json:"state"` // "up", "down", "ejected", "unknown", or "" where nobody asks
	InFlight int    `json:"in_flight"`
}

// An Overview is the state at one moment.
type Overview struct {
	Time      time.Time         `json:"time"`
	Readiness control.Readiness `json:"readiness"`
	Routes    int               `json:"routes"` // in the table; what no route takes is none
	Stages    []StageCount      `json:"stages"` // all of them, in the order of a migration
	Traffic   Sides             `json:"traffic"`
	Shadow    *Shadow           `json:"shadow,omitempty"` // of all routes
	Kills     []traffic.Kill    `json:"kills"`            // never null
	Backends  []Backend         `json:"backends"`         // never null
	Problems  control.Findings  `json:"problems"`
	Changes   []change.Event    `json:"changes"`       // the newest first; never null
	Top       []Route           `json:"top,omitempty"` // the busiest routes, where asked for
}

// StageCount is how many routes stand at a stage, and how much traffic they have now.
type StageCount struct {
	Stage  string  `json:"stage"`
	Routes int     `json:"routes"`
	Rate   float64 `json:"rate"` // requests a second
}

// Backend is one backend with the routes that name it.
type Backend struct {
	Name      string        `json:"name"`
	Balance   string        `json:"balance"`
	Breaker   string        `json:"breaker,omitempty"`  // "" where there is none
	Operator  *backend.Word `json:"operator,omitempty"` // who holds the breaker where it is, if anybody
	Limit     int           `json:"limit,omitempty"`    // of requests under way, now; 0 for none
	InFlight  int           `json:"in_flight"`
	Queued    int           `json:"queued"`
	Addresses []Address     `json:"addresses"`
	Routes    int           `json:"routes"` // that may send it requests
	Rate      float64       `json:"rate"`   // requests a second
	Errors    float64       `json:"errors"` // share of them answered with 500 to 599
}

// Of returns the state now, with the busiest routes and the newest changes, up to so many.
func (s Source) Of(top, changes int) Overview {
	status := s.Status()
	o := Overview{
		Time: s.Now(), Readiness: status.Readiness(), Problems: status.Findings(),
		Kills: []traffic.Kill{}, Backends: []Backend{}, Changes: []change.Event{},
	}
	if s.Kills != nil {
		o.Kills = append(o.Kills, s.Kills.List()...)
	}
	o.Changes = append(o.Changes, s.Changes.Recent(changes, nil)...)
	for _, stage := range route.Stages {
		o.Stages = append(o.Stages, StageCount{Stage: stage.String()})
	}
	if status.Table == nil {
		return o
	}
	o.Routes = len(status.Table.Entries) - 1
	live := s.live()
	routes := s.all(status, live)
	for i := range routes {
		o.Traffic.add(&routes[i].Sides)
		o.Shadow = o.Shadow.add(routes[i].Shadow)
		if r := &routes[i]; r.ID != route.DefaultID {
			o.Stages[r.stage].Routes++
			o.Stages[r.stage].Rate += float64(r.Legacy.Rate + r.New.Rate)
		}
	}
	o.Backends = s.backends(status.Table, routes, live)
	o.Top = Busiest(routes, top)
	return o
}
