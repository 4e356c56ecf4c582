package routetable

import (
	"net/http"
	"slices"

	"ficus/gateway/route"
)

// Seen says what is known of a request that was read from a log. Method, host, path
// and query always are.
type Seen struct {
	Headers bool // but cookies
	Cookies bool
	Bodies  bool
}

func (s Seen) knows(kind factKind) bool {
	return kind == aParameter || kind == aCookie && s.Cookies || kind != aCookie && s.Headers
}

// Undecided reports whether what is not seen of a request may give it to another
// entry than the one that Match returns.
func (t *Table) Undecided(r Request, seen Seen) bool {
	d := doubt{seen: seen, owner: t.Match(&r), r: r}
	found := false
	r.visit = func(place *Entry) { found = found || d.at(place) }
	t.hosts.match(&r)
	return found
}

// doubt looks for entries that would own a request if it held more than is seen.
type doubt struct {
	seen  Seen
	owner *Entry
	r     Request
}

func (d *doubt) at(place *Entry) bool {
	switch v := place.rivals; {
	case v == nil:
		return d.about(place)
	case v.index == nil:
		return slices.ContainsFunc(v.entries, d.about)
	default:
		return d.in(&v.index.plain) || d.in(&v.index.asking)
	}
}

func (d *doubt) in(b *branch) bool {
	if slices.ContainsFunc(b.entries, d.about) {
		return true
	}
	for _, s := range b.splits {
		if !d.seen.knows(s.kind) {
			for _, next := range s.by {
				if d.in(next) {
					return true
				}
			}
		} else if value, ok := d.r.value(s.fact); ok {
			if next := s.by[route.Wanted(value)]; next != nil && d.in(next) {
				return true
			}
		}
	}
	return false
}

// about reports whether the entry might own the request.
func (d *doubt) about(e *Entry) bool {
	return e.When != nil && Beats(e, d.owner) && d.mayHold(e.When)
}

// mayHold reports whether what is seen leaves it open that the conditions hold.
func (d *doubt) mayHold(c *Conditions) bool {
	for i, w := range c.wants {
		if d.seen.knows(w.kind) && !met(c.wants[i:i+1], &d.r) {
			return false
		}
	}
	hidden := d.r.Method == http.MethodPost && !d.seen.Bodies
	return c.graphql == nil || hidden || holdGraphQL(c.graphql, &d.r)
}
