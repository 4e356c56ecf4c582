package routetable

import (
	"fmt"
	"strings"

	"ficus/gateway/route"
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

// Matching returns all entries that match a request, the one that owns it first; the
// default entry is the last.
func (t *Table) Matching(r Request) []*Entry {
	r.skip = nil
	for {
		e := t.Match(&r)
		r.skip = append(r.skip, e)
		if e == t.Default() {
			return r.skip
		}
	}
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

// CallsLegacy reports whether legacy may serve requests of the entry.
func (e *Entry) CallsLegacy() bool { return e.Stage.CallsLegacy() }

// Sides returns the sides that may serve requests of the entry.
func (e *Entry) Sides() []route.Side {
	switch e.Stage {
	case route.StageLegacy:
		return []route.Side{route.Legacy}
	case route.StageCanary:
		return []route.Side{route.Legacy, route.New}
	}
	return []route.Side{route.New}
}
