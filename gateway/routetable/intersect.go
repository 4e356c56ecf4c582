package routetable

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// Both returns what two entries, which may be of different tables, have in common: an
// entry of no table, with pattern and conditions alone, for the requests that match
// both. ok is false where there are none.
func Both(a, b *Entry) (both *Entry, ok bool) {
	pattern, ok := intersect(a.Pattern, b.Pattern)
	if !ok || exclude(a.When, b.When) {
		return nil, false
	}
	if pattern.text == "" { // both are default entries
		pattern = anything
	}
	return &Entry{Pattern: pattern, When: mergeAll(a.When, b.When)}, true
}

// anything is a pattern for what the default entry matches, so that it can be shown.
var anything, _ = ParsePattern("/")

// mergeAll returns what all requests meet that meet both a and b; nil is no condition.
func mergeAll(a, b *Conditions) *Conditions {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	all, _ := merge(a, b)
	all.graphql = cmp.Or(a.graphql, b.graphql)
	if x, y := a.graphql, b.graphql; x != nil && y != nil {
		all.graphql = &route.GraphQL{
			Type:      max(x.Type, y.Type),
			Operation: common(x.Operation, y.Operation),
			Fields:    common(x.Fields, y.Fields),
			Persisted: common(x.Persisted, y.Persisted),
		}
	}
	return all
}

// common returns what both lists hold; an empty list holds everything.
func common(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return slices.Concat(a, b)
	}
	return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return !slices.Contains(b, x) })
}

// intersect returns the pattern of the requests that both of two patterns match. The
// zero pattern, that of the default entry, matches everything. Where one of the two is
// the narrower, it is returned as it is written.
func intersect(p, q Pattern) (both Pattern, ok bool) {
	switch {
	case p.text == "":
		return q, true
	case q.text == "":
		return p, true
	}
	r, ok := comparePatterns(p, q)
	switch {
	case !ok:
		return Pattern{}, false
	case r == same || r == specific:
		return p, true
	case r == general:
		return q, true
	}
	both = Pattern{method: p.method, host: p.host, segments: commonSegments(p.segments, q.segments)}
	if r, _ := compareMethods(p.method, q.method); r == general {
		both.method = q.method
	}
	if r, _ := compareHosts(p.host, q.host); r == general {
		both.host = q.host
	}
	both.text = both.written(true)
	return both, true
}

// commonSegments returns what two lists of segments that overlap have in common.
func commonSegments(p, q []segment) []segment {
	var both []segment
	for i := range p {
		switch {
		case p[i].kind == rest:
			if i < len(q) && q[i].kind == rest {
				return append(both, p[i])
			}
			return append(both, q[i:]...)
		case q[i].kind == rest:
			return append(both, p[i:]...)
		case p[i].kind == wildcard:
			if q[i].kind == wildcard {
				both = append(both, p[i])
			} else {
				both = append(both, q[i])
			}
		default:
			both = append(both, p[i])
		}
	}
	return both
}

// Shape returns the pattern without the names of its wildcards and in one spelling:
// patterns of one shape match the same requests, those of two shapes don't. It is ""
// for the zero pattern.
func (p Pattern) Shape() string {
	if p.text == "" {
		return ""
	}
	return p.written(false)
}

// written writes a pattern from its parts, with the names of its wildcards or without.
func (p Pattern) written(names bool) string {
	var b strings.Builder
	if p.method != "" {
		b.WriteString(p.method + " ")
	}
	if p.host != "" {
		b.WriteString(hostText(p.host))
	}
	for _, s := range p.segments {
		b.WriteByte('/')
		switch {
		case s.kind == literal:
			b.WriteString(Escape(s.text))
		case !names:
			b.WriteString(segment{kind: s.kind}.String())
		case s.kind != rest || s.text != "": // else it is the slash alone
			b.WriteString(s.String())
		}
	}
	return b.String()
}

// Wildcards returns the names of the pattern's wildcards in the order they stand, ""
// for a slash at the end.
func (p Pattern) Wildcards() []string {
	var names []string
	for _, s := range p.segments {
		if s.kind == wildcard || s.kind == rest {
			names = append(names, s.text)
		}
	}
	return names
}

// SameConditions reports whether two entries want the same beside their patterns.
func SameConditions(a, b *Entry) bool { return reflect.DeepEqual(a.When, b.When) }

// Beats reports whether a gets the requests that match both of two entries of one
// table, which must overlap.
func Beats(a, b *Entry) bool {
	if a.Pattern.text == "" || b.Pattern.text == "" {
		return a.Pattern.text != "" && b.Pattern.text == ""
	}
	return beats(a, b)
}

// Overlapping returns the entries of which some request can match the entry e too,
// which may be one of another table, in no particular order. The default entry is
// among them. It walks the trees along e's pattern, so it costs no more than what it
// returns, but for the number of hosts where e's is any or a wildcard.
func (t *Table) Overlapping(e *Entry) []*Entry {
	if e.Pattern.text == "" {
		return t.Entries
	}
	var found []*Entry
	s := search{
		wanted: [...]bool{true, true, true, true},
		visit: func(place *Entry, _ relation) {
			place.each(e.When, func(other *Entry) {
				if !exclude(e.When, other.When) {
					found = append(found, other)
				}
			})
		},
	}
	for _, trees := range t.hosts.overlapping(e.Pattern.host) {
		s.trees(trees, e.Pattern)
	}
	return append(found, t.Default())
}

// overlapping returns the trees of all hosts that have requests in common with one.
func (h hostIndex) overlapping(host string) []*methodTrees {
	var found []*methodTrees
	if host == "" || host[0] == '.' { // may overlap with any
		for other, trees := range h {
			if _, overlap := compareHosts(host, other); overlap {
				found = append(found, trees)
			}
		}
		return found
	}
	found = append(found, h[""], h[host])
	for i := 1; i < len(host); i++ {
		if host[i] == '.' {
			found = append(found, h[host[i:]])
		}
	}
	return found
}
