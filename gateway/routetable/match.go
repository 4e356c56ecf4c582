package routetable

import (
	"slices"
	"strings"
)

// hostIndex finds the trees of a host: "example.com" exact, ".example.com" for
// the wildcard, "" for patterns without a host.
type hostIndex map[string]*methodTrees

// methodTrees holds one tree for each method, and one under "" for patterns
// without a method.
type methodTrees map[string]*node

// node is a place in a tree of path segments.
type node struct {
	children map[string]*node // by literal segment
	wild     *node            // {name}
	end      *Entry           // patterns that end here, those with more conditions first
	slashEnd *Entry           // those that end here with {$}
	rest     *Entry           // those that take all from here on
}

func (h hostIndex) match(r *Request) *Entry {
	if len(h) > 1 || h[""] == nil {
		if e := h.matchNamed(normalHost(r.Host), r); e != nil {
			return e
		}
	}
	if trees := h[""]; trees != nil {
		return trees.match(r)
	}
	return nil
}

// matchNamed tries the exact host, then its wildcards from the longest on.
func (h hostIndex) matchNamed(host string, r *Request) *Entry {
	if trees := h[host]; trees != nil && host != "" {
		if e := trees.match(r); e != nil {
			return e
		}
	}
	for i := 0; i < len(host); i++ {
		if host[i] != '.' || i == 0 {
			continue
		}
		if trees := h[host[i:]]; trees != nil {
			if e := trees.match(r); e != nil {
				return e
			}
		}
	}
	return nil
}

// normalHost strips port and final dot and lowers the case. A host without upper
// case is not copied.
func normalHost(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// match tries the method's own tree, then for HEAD that of GET, then the tree of
// patterns without a method. That the first hit is the most specific is what
// compiling has made sure.
func (trees methodTrees) match(r *Request) *Entry {
	if r.Method != "" {
		if n := trees[r.Method]; n != nil {
			if e := n.match(r.Path, r); e != nil {
				return e
			}
		}
		if r.Method == "HEAD" {
			if n := trees["GET"]; n != nil {
				if e := n.match(r.Path, r); e != nil {
					return e
				}
			}
		}
	}
	if n := trees[""]; n != nil {
		return n.match(r.Path, r)
	}
	return nil
}

// match walks down by the segments of path, which is empty or begins with a
// slash: a literal before a wildcard, a wildcard before the rest.
func (n *node) match(path string, r *Request) *Entry {
	if path == "" {
		return n.end.pick(r)
	}
	if path == "/" {
		if e := n.slashEnd.pick(r); e != nil {
			return e
		}
		return n.rest.pick(r)
	}
	if path[0] != '/' {
		return nil
	}
	segment, after := nextSegment(path)
	if child := n.children[segment]; child != nil {
		if e := child.match(after, r); e != nil {
			return e
		}
	}
	if n.wild != nil && segment != "" {
		if e := n.wild.match(after, r); e != nil {
			return e
		}
	}
	return n.rest.pick(r)
}

// pick returns the first of the entries at a place whose conditions hold.
func (e *Entry) pick(r *Request) *Entry {
	for ; e != nil; e = e.next {
		if (r.anyWhen || e.When.hold(r)) && !slices.Contains(r.skip, e) {
			return e
		}
	}
	return nil
}

// place adds an entry to those at a place, behind all with as many conditions.
func place(at **Entry, e *Entry) {
	for *at != nil && (*at).When.Count() >= e.When.Count() {
		at = &(*at).next
	}
	e.next, *at = *at, e
}

// insert adds an entry that is in conflict with none.
func (h hostIndex) insert(e *Entry) {
	trees := h[e.Pattern.host]
	if trees == nil {
		trees = &methodTrees{}
		h[e.Pattern.host] = trees
	}
	n := (*trees)[e.Pattern.method]
	if n == nil {
		n = &node{}
		(*trees)[e.Pattern.method] = n
	}
	for _, s := range e.Pattern.segments {
		switch s.kind {
		case slashEnd:
			place(&n.slashEnd, e)
			return
		case rest:
			place(&n.rest, e)
			return
		case wildcard:
			if n.wild == nil {
				n.wild = &node{}
			}
			n = n.wild
		default:
			if n.children == nil {
				n.children = map[string]*node{}
			}
			child := n.children[s.text]
			if child == nil {
				child = &node{}
				n.children[s.text] = child
			}
			n = child
		}
	}
	place(&n.end, e)
}
