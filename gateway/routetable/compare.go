package routetable

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// relation says how two patterns that overlap stand to each other. Its two bits
// are independent: both set means that each matches what the other doesn't.
type relation uint8

const (
	same        relation = 0
	general     relation = 1 // the first matches what the second doesn't
	specific    relation = 2 // the second matches what the first doesn't
	overlapping          = general | specific
)

// comparePatterns says how two patterns stand to each other, whichever trees they
// are in. Without overlap no request matches both.
func comparePatterns(p, q Pattern) (r relation, overlap bool) {
	hosts, overlap := compareHosts(p.host, q.host)
	if !overlap {
		return same, false
	}
	methods, overlap := compareMethods(p.method, q.method)
	if !overlap {
		return same, false
	}
	paths, overlap := comparePaths(p.segments, q.segments)
	return hosts | methods | paths, overlap
}

// compareHosts relates two hosts, "" being any and ".example.com" a wildcard.
func compareHosts(a, b string) (r relation, overlap bool) {
	contains := func(a, b string) bool { // all that b matches, a matches
		return a == "" || a[0] == '.' && len(b) > len(a) && strings.HasSuffix(b, a)
	}
	switch {
	case a == b:
		return same, true
	case contains(a, b):
		return general, true
	case contains(b, a):
		return specific, true
	}
	return same, false
}

// compareMethods relates two methods, "" being any; GET includes HEAD.
func compareMethods(a, b string) (r relation, overlap bool) {
	switch {
	case a == b:
		return same, true
	case a == "", a == "GET" && b == "HEAD":
		return general, true
	case b == "", b == "GET" && a == "HEAD":
		return specific, true
	}
	return same, false
}

func comparePaths(p, q []segment) (r relation, overlap bool) {
	for i := 0; i < len(p) && i < len(q); i++ {
		a, b := p[i], q[i]
		switch {
		case a.kind == rest && b.kind == rest:
			return r, true
		case a.kind == rest:
			return r | general, true
		case b.kind == rest:
			return r | specific, true
		case a.kind == slashEnd || b.kind == slashEnd:
			if a.kind != b.kind {
				return same, false
			}
		case a.kind == literal && b.kind == literal:
			if a.text != b.text {
				return same, false
			}
		case a.kind == wildcard && b.kind == literal:
			r |= general
		case a.kind == literal && b.kind == wildcard:
			r |= specific
		}
	}
	return r, len(p) == len(q)
}

// Overlap reports whether some request can match both entries, whoever gets it. The
// default entry overlaps with every other.
func Overlap(a, b *Entry) bool {
	if a.Pattern.text == "" || b.Pattern.text == "" {
		return true
	}
	_, overlap := comparePatterns(a.Pattern, b.Pattern)
	return overlap && !exclude(a.When, b.When)
}

// beats reports whether a, of two entries of one table that overlap, gets the
// requests that match both.
func beats(a, b *Entry) bool {
	if hosts, _ := compareHosts(a.Pattern.host, b.Pattern.host); hosts != same {
		return hosts == specific
	}
	r, _ := comparePatterns(a.Pattern, b.Pattern)
	if r == same {
		return a.When.Count() > b.When.Count()
	}
	return r == specific
}

// Matching returns all entries that match a request, the one that owns it first; the
// default entry is the last.
func (t *Table) Matching(r Request) []*Entry {
	var found []*Entry
	r.visit = func(place *Entry) {
		first := len(found)
		place.each(nil, func(e *Entry) {
			if e.When.hold(&r) {
				found = append(found, e)
			}
		})
		slices.SortFunc(found[first:], func(a, b *Entry) int { return cmp.Compare(b.When.Count(), a.When.Count()) })
	}
	t.hosts.match(&r)
	return append(found, t.Default())
}

// Why says why a request that both match belongs to the winner and not to the other.
func Why(winner, other *Entry) string {
	if other.Pattern.text == "" {
		return "it answers what no route takes"
	}
	p, q := winner.Pattern, other.Pattern
	if hosts, _ := compareHosts(p.host, q.host); hosts == specific {
		return fmt.Sprintf("the host %s is more specific than %s", hostText(p.host), hostText(q.host))
	}
	methods, _ := compareMethods(p.method, q.method)
	paths, _ := comparePaths(p.segments, q.segments)
	switch {
	case paths == specific && methods == specific:
		return "its path and its method are less specific"
	case paths == specific:
		return "its path is less specific"
	case methods == specific:
		return "its method is less specific"
	case winner.When.Count() > other.When.Count():
		return fmt.Sprintf("it has fewer conditions: %d instead of %d", other.When.Count(), winner.When.Count())
	}
	return "its conditions exclude those of the winner"
}

func hostText(host string) string {
	switch {
	case host == "":
		return "any"
	case host[0] == '.':
		return "*" + host
	}
	return host
}

// Params returns what the wildcards of a pattern took of a canonical path that it
// matches, by name: a segment decoded, a {name...} in canonical form and without the
// slash before it.
func (p Pattern) Params(path string) map[string]string {
	params := map[string]string{}
	for _, s := range p.segments {
		if s.kind == rest {
			if s.text != "" {
				params[s.text] = strings.TrimPrefix(path, "/")
			}
			break
		}
		if path == "" {
			break
		}
		var text string
		text, path = nextSegment(path)
		if s.kind == wildcard {
			params[s.text] = unescape(text)
		}
	}
	return params
}
