package overview

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"ficus/gateway/backend"
	"ficus/gateway/control"
	"ficus/gateway/history"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/traffic"
)

// Number is a figure that may be unknown: NaN here, null for programs.
type Number float64

// Known reports whether there is a figure.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) }

// MarshalJSON writes the number, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', 6, 64), nil
}

// UnmarshalJSON reads what MarshalJSON has written.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// Side is how one side of a route does: the last half minute.
type Side struct {
	Rate     Number `json:"rate"`   // requests a second
	Errors   Number `json:"errors"` // share of them answered with 500 to 599
	P50      Number `json:"p50"`    // seconds
	P95      Number `json:"p95"`
	P99      Number `json:"p99"`
	InFlight int    `json:"in_flight"`
	Total    uint64 `json:"total"` // requests since the process began
}

// Sides are both sides.
type Sides struct {
	Legacy Side `json:"legacy"`
	New    Side `json:"new"`
}

// Of returns one of them.
func (s *Sides) Of(side route.Side) *Side {
	if side == route.New {
		return &s.New
	}
	return &s.Legacy
}

// add adds up what can be added up; there is no sum of latencies.
func (s *Sides) add(other *Sides) {
	for _, side := range route.Sides {
		to, from := s.Of(side), other.Of(side)
		if rate := to.Rate + from.Rate; rate > 0 {
			to.Errors = (to.Errors*to.Rate + from.Errors*from.Rate) / rate
			to.Rate = rate
		}
		to.InFlight += from.InFlight
		to.Total += from.Total
	}
}

// A Route is one entry of the table and how it does.
type Route struct {
	ID       string        `json:"id"`
	Match    string        `json:"match,omitempty"`
	Group    string        `json:"group"`
	Owner    string        `json:"owner,omitempty"`
	Stage    string        `json:"stage"`
	Weight   Number        `json:"weight"` // percent; null but at stage canary
	Backend  string        `json:"backend,omitempty"`
	Serves   string        `json:"serves"` // legacy, new or both
	Killed   *traffic.Kill `json:"killed,omitempty"`
	Breaker  string        `json:"breaker,omitempty"`
	Fallback Number        `json:"fallback"` // requests a second; null where there is no new side
	Shadow   *Shadow       `json:"shadow,omitempty"`
	Sides

	stage route.Stage
}

// all returns all routes, the default entry last.
func (s Source) all(status control.Status, live map[string]backend.Status) []Route {
	list := make([]Route, 0, len(status.Table.Entries))
	for _, e := range status.Table.Entries {
		list = append(list, s.route(e, live))
	}
	return list
}

func (s Source) route(e *routetable.Entry, live map[string]backend.Status) Route {
	r := Route{
		ID: e.ID, Match: e.Pattern.String(), Group: e.Group, Owner: e.Owner, Stage: e.Stage.String(), stage: e.Stage,
		Weight: Number(math.NaN()), Backend: e.Backend, Killed: s.Kills.Of(e.ID, e.Stage), Fallback: Number(math.NaN()),
		Breaker: breakerOf(live, e.Backend), Shadow: s.shadowOf(e.ID),
	}
	lately := s.History.Lately(e.ID, route.New)
	r.Sides = Sides{Legacy: sideOf(s.History.Lately(e.ID, route.Legacy)), New: sideOf(lately)}
	if e.Backend != "" {
		r.Fallback = Number(lately.Fallbacks)
	}
	r.Serves = serves(e, r.Killed != nil)
	if e.Stage == route.StageCanary {
		r.Weight = Number(e.Weight) / 100
	}
	return r
}

func serves(e *routetable.Entry, killed bool) string {
	sides := e.Sides()
	switch {
	case killed || e.Stage == route.StageCanary && e.Weight == 0:
		return route.Legacy.String()
	case e.Stage == route.StageCanary:
		return "both"
	}
	return sides[0].String()
}

func sideOf(l history.Lately) Side {
	return Side{
		Rate: Number(l.Rate), Errors: Number(l.Errors), P50: Number(l.P50), P95: Number(l.P95), P99: Number(l.P99),
		InFlight: l.InFlight, Total: l.Total,
	}
}

// Route returns one route, and false where the table has none of that id.
func (s Source) Route(id string) (Route, bool) {
	table := s.Status().Table
	if table == nil || table.Entry(id) == nil {
		return Route{}, false
	}
	found := s.route(table.Entry(id), s.live())
	if found.Shadow != nil && s.Findings != nil {
		found.Shadow.Findings = s.Findings(id)
	}
	return found, true
}

// Busiest returns up to n routes with requests, those with most first.
func Busiest(routes []Route, n int) []Route {
	list := slices.DeleteFunc(slices.Clone(routes), func(r Route) bool { return r.rate() == 0 && r.Killed == nil })
	slices.SortStableFunc(list, func(a, b Route) int { return cmp.Compare(b.rate(), a.rate()) })
	return list[:min(n, len(list))]
}

func (r *Route) rate() float64 { return float64(r.Legacy.Rate + r.New.Rate) }

// A Filter says which routes are wanted. The zero Filter wants all.
type Filter struct {
	Text  string // in id, match, group, owner or backend, in whatever case
	Stage string // "killed" for those that are
	Owner string // "none" for those without
}

func (f Filter) accepts(r *Route) bool {
	switch {
	case f.Stage == "killed" && r.Killed == nil,
		f.Stage != "" && f.Stage != "killed" && f.Stage != r.Stage,
		f.Owner == "none" && r.Owner != "",
		f.Owner != "" && f.Owner != "none" && f.Owner != r.Owner:
		return false
	}
	text := strings.ToLower(f.Text)
	return text == "" || slices.ContainsFunc([]string{r.ID, r.Match, r.Group, r.Owner, r.Backend}, func(s string) bool {
		return strings.Contains(strings.ToLower(s), text)
	})
}

// Routes returns the routes that a filter wants, by group, then by id; the default entry
// is the last.
func (s Source) Routes(f Filter) []Route {
	status := s.Status()
	if status.Table == nil {
		return nil
	}
	list := slices.DeleteFunc(s.all(status, s.live()), func(r Route) bool { return !f.accepts(&r) })
	slices.SortStableFunc(list, func(a, b Route) int {
		return cmp.Or(compareBool(a.ID == route.DefaultID, b.ID == route.DefaultID), strings.Compare(a.Group, b.Group), strings.Compare(a.ID, b.ID))
	})
	return list
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Owners lists who owns routes of the table.
func (s Source) Owners() []string {
	status := s.Status()
	if status.Table == nil {
		return nil
	}
	var owners []string
	for _, e := range status.Table.Entries {
		if e.Owner != "" {
			owners = append(owners, e.Owner)
		}
	}
	slices.Sort(owners)
	return slices.Compact(owners)
}
