package golden

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// A Difference is one thing that is not as the case wants it.
type Difference struct {
	Field string   `json:"field"` // the key in want: "route", "params.id"
	Want  string   `json:"want"`
	Got   string   `json:"got"`
	Why   []string `json:"why,omitempty"` // it came so
	Place string   `json:"place"`         // file:line:column of what is wanted
}

// comparison collects the differences of one case.
type comparison []Difference

func (c *comparison) differ(field, want, got string, why ...string) {
	*c = append(*c, Difference{Field: field, Want: want, Got: got, Why: why})
}

// differences compares an answer with what is wanted.
func (w *Want) differences(a Answer, table *routetable.Table) []Difference {
	var c comparison
	if w.Status != 0 || a.Status != 0 {
		c.status(w, a)
		return c
	}
	if w.Route != "" && w.Route != a.Route {
		c.differ("route", w.Route, a.Route, whyNot(w.Route, a, table)...)
	}
	c.side(w, a)
	c.sent(&w.Rewrite, a.Backends)
	if w.Policy != nil && *w.Policy != a.Policy {
		c.differ("policy", orNone(*w.Policy), orNone(a.Policy))
	}
	for _, name := range slices.Sorted(maps.Keys(w.Params)) {
		want := w.Params[name]
		if got, ok := a.Params[name]; !ok {
			c.differ("params."+name, quote(want), "nothing", fmt.Sprintf("the match of %s has no wildcard of that name", a.Route))
		} else if got != want {
			c.differ("params."+name, quote(want), quote(got))
		}
	}
	return c
}

func (c *comparison) status(w *Want, a Answer) {
	switch {
	case a.Status == w.Status:
	case a.Status == 0:
		c.differ("status", fmt.Sprint(w.Status), "the route "+a.Route, "the gateway does not refuse the request")
	case w.Status == 0:
		c.differ("status", "a route", fmt.Sprint(a.Status), "the gateway refuses the request: "+a.Reason)
	default:
		c.differ("status", fmt.Sprint(w.Status), fmt.Sprint(a.Status), a.Reason)
	}
}

// side compares side and backend: what explains the one explains the other.
func (c *comparison) side(w *Want, a Answer) {
	why := []string{a.Reason}
	if w.Side != "" && string(w.Side) != a.Side && (w.Side != Canary || !a.placed) {
		c.differ("side", string(w.Side), a.Side, why...)
		why = nil
	}
	if w.Backend != "" {
		c.each("backend", w.Backend, a.Backends, func(b *Backend) string { return b.Name }, why...)
	}
}

// sent compares what the backends get.
func (c *comparison) sent(w *Sent, backends []Backend) {
	if w.Path != "" {
		c.each("rewrite.path", w.Path, backends, func(b *Backend) string { return b.Path })
	}
	if w.Query != nil {
		c.each("rewrite.query", orNone(*w.Query), backends, func(b *Backend) string { return orNone(b.Query) })
	}
	if w.Host != "" {
		c.each("rewrite.host", w.Host, backends, func(b *Backend) string { return b.Host })
	}
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		c.each("rewrite.headers."+name, orNone(w.Headers[name]), backends, func(b *Backend) string { return orNone(b.header(name)) })
	}
}

// each compares a value that all backends that may serve have to agree on.
func (c *comparison) each(field, want string, backends []Backend, value func(*Backend) string, why ...string) {
	var got []string
	for i := range backends {
		if v := value(&backends[i]); !slices.Contains(got, v) {
			got = append(got, v)
		}
	}
	if all := strings.Join(got, " or "); all != want {
		c.differ(field, want, all, why...)
	}
}

// whyNot says why the route of that id does not own the request.
func whyNot(id string, a Answer, table *routetable.Table) []string {
	owner := "no route takes the request"
	if a.Route != route.DefaultID {
		owner = fmt.Sprintf("%s owns it: %s", a.Route, describe(a.entry))
	}
	wanted := table.Entry(id)
	switch {
	case wanted == nil:
		return []string{owner, "no route has the id " + id}
	case slices.Contains(a.matches, wanted):
		return []string{owner, fmt.Sprintf("%s matches too, but %s", id, routetable.Why(a.entry, wanted))}
	}
	return []string{owner, fmt.Sprintf("%s does not match: %s", id, describe(wanted))}
}

func describe(e *routetable.Entry) string {
	text := fmt.Sprintf("%q", e.Pattern)
	if e.When != nil {
		text += " when " + e.When.String()
	}
	return fmt.Sprintf("%s (%s)", text, e.Origin)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func quote(text string) string { return fmt.Sprintf("%q", text) }
