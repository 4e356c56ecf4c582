package routetable

import (
	"maps"
	"slices"
)

// conflict looks among the entries inserted so far for one that overlaps with e
// without either being more specific; nil if there is none. Patterns of different
// hosts never conflict: the more specific host wins. Nor do entries whose conditions
// exclude each other.
//
// It walks the trees along e's pattern instead of comparing it with every other, and
// leaves out subtrees that can hold no conflict.
func (h hostIndex) conflict(e *Entry) *Entry {
	p := e.Pattern
	trees := h[p.host]
	if trees == nil {
		return nil
	}
	for _, method := range slices.Sorted(maps.Keys(*trees)) {
		relation, overlap := compareMethods(p.method, method)
		if !overlap {
			continue
		}
		s := search{methods: relation, when: e.When}
		if found := s.walk((*trees)[method], p.segments, same); found != nil {
			return found
		}
	}
	return nil
}

// relation says how two patterns that overlap stand to each other. Its two bits
// are independent: both set means that each matches what the other doesn't.
type relation uint8

const (
	same        relation = 0
	general     relation = 1 // the first matches what the second doesn't
	specific    relation = 2 // the second matches what the first doesn't
	overlapping          = general | specific
)

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

// search looks for an entry in conflict with a pattern whose method stands in
// the given relation to the methods of the tree, and its conditions.
type search struct {
	methods relation
	when    *Conditions
}

// hit returns the first of the entries at a place that is in conflict with the
// pattern, whose path stands in relation paths to theirs.
func (s search) hit(e *Entry, paths relation) *Entry {
	whole := paths | s.methods
	if whole == general || whole == specific {
		return nil
	}
	for ; e != nil; e = e.next {
		if !exclude(s.when, e.When) && (whole == overlapping || s.when.Count() == e.When.Count()) {
			return e
		}
	}
	return nil
}

// walk goes down from n along the segments, paths being the relation so far.
func (s search) walk(n *node, segments []segment, paths relation) *Entry {
	if n == nil {
		return nil
	}
	if len(segments) == 0 {
		return s.hit(n.end, paths)
	}
	head, tail := segments[0], segments[1:]
	if head.kind != rest {
		if e := s.hit(n.rest, paths|specific); e != nil {
			return e
		}
	}
	switch head.kind {
	case literal:
		if e := s.walk(n.children[head.text], tail, paths); e != nil {
			return e
		}
		return s.walk(n.wild, tail, paths|specific)
	case wildcard:
		if e := s.walk(n.wild, tail, paths); e != nil {
			return e
		}
		for _, child := range n.children {
			if e := s.walk(child, tail, paths|general); e != nil {
				return e
			}
		}
		return nil
	case slashEnd:
		return s.hit(n.slashEnd, paths)
	}
	if e := s.hit(n.rest, paths); e != nil {
		return e
	}
	return s.below(n, paths|general)
}

// below looks at all entries under n that end after a slash, to each of which the
// pattern stands in the relation paths: so all are hits, conditions aside, or none is.
func (s search) below(n *node, paths relation) *Entry {
	if paths|s.methods != overlapping {
		return nil
	}
	if e := s.hit(n.slashEnd, paths); e != nil {
		return e
	}
	for _, child := range n.branches() {
		for _, e := range []*Entry{s.hit(child.end, paths), s.hit(child.rest, paths), s.below(child, paths)} {
			if e != nil {
				return e
			}
		}
	}
	return nil
}

// branches lists the nodes one segment down, in a fixed order.
func (n *node) branches() []*node {
	var nodes []*node
	for _, key := range slices.Sorted(maps.Keys(n.children)) {
		nodes = append(nodes, n.children[key])
	}
	if n.wild != nil {
		nodes = append(nodes, n.wild)
	}
	return nodes
}
