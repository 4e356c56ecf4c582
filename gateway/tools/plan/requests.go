package plan

import (
	"cmp"
	"slices"
	"strings"

	"ficus/gateway/routetable"
)

// A RequestSet is a set of requests whose route or treatment changes: all that both
// routes match, but those that more specific routes take.
type RequestSet struct {
	Requests   string   `json:"requests"` // as a pattern
	When       string   `json:"when,omitempty"`
	Except     []string `json:"except"` // patterns of routes that take a part of the set, before or now
	ExceptMore int      `json:"except_more"`

	From    Treatment `json:"from"`
	To      Treatment `json:"to"`
	Meaning []string  `json:"meaning"` // empty where requests can't tell

	ToNew    float64 `json:"to_new_percent"`    // of the clients that make such requests
	ToLegacy float64 `json:"to_legacy_percent"` // likewise

	Example Example `json:"example"`
}

// An Example is a request of a set, for which the matcher gives both answers.
type Example struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"` // with a host where the routes want one
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
}

// maxExcept is how many exceptions of a set are listed: a route for everything may
// have as many as there are routes.
const maxExcept = 20

// requests finds all sets. See the package comment for why none is missed.
func (c *comparison) requests() []RequestSet {
	sets := []RequestSet{}
	add := func(a, b *unit) {
		if set, ok := c.set(a, b); ok {
			sets = append(sets, set)
		}
	}
	for _, a := range c.old.units {
		b := c.new.byID[a.written.ID]
		if samePlace(a, b) {
			if !treatedAlike(a, b) {
				add(a, b)
			}
			continue
		}
		for _, other := range c.new.table.Overlapping(a.entry) {
			add(a, c.new.unit(other))
		}
	}
	for _, b := range c.new.units {
		if samePlace(c.old.byID[b.written.ID], b) {
			continue
		}
		for _, other := range c.old.table.Overlapping(b.entry) {
			a := c.old.unit(other)
			if samePlace(a, c.new.byID[a.written.ID]) { // else the pair was seen above
				add(a, b)
			}
		}
	}
	slices.SortStableFunc(sets, func(x, y RequestSet) int {
		return cmp.Or(cmp.Compare(x.Requests, y.Requests), cmp.Compare(x.When, y.When),
			cmp.Compare(x.From.Route, y.From.Route), cmp.Compare(x.To.Route, y.To.Route))
	})
	return sets
}

// samePlace reports whether a route stands in both tables and matches the same
// requests there.
func samePlace(a, b *unit) bool {
	return a != nil && b != nil && a.entry.Pattern.Shape() == b.entry.Pattern.Shape() && routetable.SameConditions(a.entry, b.entry)
}

// set returns the requests that a owned and b owns, if there are any for which that
// makes a difference.
func (c *comparison) set(a, b *unit) (RequestSet, bool) {
	if a.written.ID == b.written.ID && treatedAlike(a, b) {
		return RequestSet{}, false
	}
	sample := c.find(a, b)
	if sample == nil {
		return RequestSet{}, false
	}
	both, _ := routetable.Both(a.entry, b.entry)
	m := moveOf(a, b)
	set := RequestSet{
		Requests: both.Pattern.String(), When: both.When.String(),
		From: treatmentOf(a), To: treatmentOf(b), Meaning: append([]string{}, meaning(a, b)...),
		ToNew: m.toNew * 100, ToLegacy: m.toLegacy * 100,
		Example: exampleOf(sample),
	}
	set.Except = c.except(both, a.entry, b.entry)
	if more := len(set.Except) - maxExcept; more > 0 {
		set.Except, set.ExceptMore = set.Except[:maxExcept], more
	}
	return set, true
}

// find returns a request that a owned and b owns, nil if there is none.
func (c *comparison) find(a, b *unit) *routetable.Sample {
	for sample := range c.sampler.Between(a.entry, b.entry) {
		if c.old.table.Match(sample.Request()) == a.entry && c.new.table.Match(sample.Request()) == b.entry {
			return sample
		}
	}
	return nil
}

// except lists the routes that take a part of what a and b have in common.
func (c *comparison) except(both, a, b *routetable.Entry) []string {
	var takers []*routetable.Entry
	for _, e := range c.old.table.Overlapping(both) {
		if routetable.Beats(e, a) {
			takers = append(takers, e)
		}
	}
	for _, e := range c.new.table.Overlapping(both) {
		if routetable.Beats(e, b) {
			takers = append(takers, e)
		}
	}
	list := []string{}
	for _, e := range takers {
		if len(takers) > 2*maxExcept || !slices.ContainsFunc(takers, func(other *routetable.Entry) bool { return within(e, other) }) {
			list = append(list, e.Pattern.String()+when(e.When.String()))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// within reports whether another entry, of another shape or with fewer conditions,
// matches all that e matches, as far as that is easy to see.
func within(e, other *routetable.Entry) bool {
	both, ok := routetable.Both(e, other)
	if !ok || other.When != nil || both.Pattern.Shape() != e.Pattern.Shape() {
		return false
	}
	return other.Pattern.Shape() != e.Pattern.Shape() || e.When != nil
}

func exampleOf(s *routetable.Sample) Example {
	e := Example{Method: s.Method, URL: s.Target(), Body: s.Body}
	// Other tools take localhost where none is given; "//x" reads as the host x.
	if s.Host != "localhost" || strings.HasPrefix(e.URL, "//") {
		e.URL = "http://" + s.Host + e.URL
	}
	for name := range s.Header {
		if e.Headers == nil {
			e.Headers = map[string]string{}
		}
		e.Headers[name] = s.Header.Get(name)
	}
	return e
}
