package routetable

// conflict looks among the entries inserted so far for one that overlaps with e
// without either being more specific; nil if there is none. Patterns of different
// hosts never conflict: the more specific host wins. Nor do entries whose conditions
// exclude each other. Of several it returns the first that was inserted, so that a
// problem does not depend on the order of a map.
func (h hostIndex) conflict(e *Entry) *Entry {
	var first *Entry
	search{
		wanted: [...]bool{same: true, overlapping: true},
		visit: func(place *Entry, r relation) {
			place.each(e.When, func(other *Entry) {
				earlier := first == nil || other.Index < first.Index
				tie := r == overlapping || e.When.Count() == other.When.Count()
				if earlier && tie && !exclude(e.When, other.When) {
					first = other
				}
			})
		},
	}.trees(h[e.Pattern.host], e.Pattern)
	return first
}

// beaten visits the entries from which e takes requests: those that overlap with it
// and are less specific.
func (h hostIndex) beaten(e *Entry, visit func(*Entry)) {
	s := search{visit: func(place *Entry, _ relation) {
		place.each(e.When, func(other *Entry) {
			if !exclude(e.When, other.When) && beats(e, other) {
				visit(other)
			}
		})
	}}
	host := e.Pattern.host
	s.wanted = [...]bool{same: true, specific: true, overlapping: false}
	s.trees(h[host], e.Pattern)
	if host == "" {
		return
	}
	s.wanted = [...]bool{true, true, true, true} // the host decides
	for i := 1; i < len(host); i++ {
		if host[i] == '.' {
			s.trees(h[host[i:]], e.Pattern)
		}
	}
	s.trees(h[""], e.Pattern)
}

// A search visits the patterns that overlap with one and stand to it in a wanted
// relation, of which it is the first. It walks the trees along the pattern instead of
// comparing it with every other, and leaves out subtrees that can hold none.
type search struct {
	wanted [overlapping + 1]bool
	visit  func(place *Entry, r relation)
}

func (s search) trees(trees *methodTrees, p Pattern) {
	if trees == nil {
		return
	}
	for method, root := range trees.all() {
		if r, overlap := compareMethods(p.method, method); overlap {
			s.walk(root, p.segments, r)
		}
	}
}

// walk goes down from n along the segments, r being the relation so far.
func (s search) walk(n *node, segments []segment, r relation) {
	if n == nil || !s.possible(r) {
		return
	}
	if len(segments) == 0 {
		s.hit(n.end, r)
		return
	}
	head, tail := segments[0], segments[1:]
	if head.kind == rest {
		s.hit(n.rest, r)
		s.below(n, r|general)
		return
	}
	s.hit(n.rest, r|specific)
	switch head.kind {
	case literal:
		s.walk(n.children.get(head.text), tail, r)
		s.walk(n.wild, tail, r|specific)
	case wildcard:
		s.walk(n.wild, tail, r)
		if s.possible(r | general) {
			for _, child := range n.children.all() {
				s.walk(child, tail, r|general)
			}
		}
	case slashEnd:
		s.hit(n.slashEnd, r)
	}
}

// below visits all patterns under n that end after a slash: to each of them the
// pattern stands in the relation r.
func (s search) below(n *node, r relation) {
	if !s.wanted[r] {
		return
	}
	s.hit(n.slashEnd, r)
	for _, child := range n.children.all() {
		s.all(child, r)
	}
	if n.wild != nil {
		s.all(n.wild, r)
	}
}

func (s search) all(n *node, r relation) {
	s.hit(n.end, r)
	s.hit(n.rest, r)
	s.below(n, r)
}

func (s search) hit(place *Entry, r relation) {
	if place != nil && s.wanted[r] {
		s.visit(place, r)
	}
}

// possible reports whether a relation that is wanted can grow out of r.
func (s search) possible(r relation) bool {
	for whole, wanted := range s.wanted {
		if wanted && relation(whole)&r == r {
			return true
		}
	}
	return false
}
