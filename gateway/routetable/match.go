package routetable

import (
	"strings"
	"unicode/utf8"
)

// hostIndex finds the trees of a host: "example.com" exact, ".example.com" for
// the wildcard, "" for patterns without a host.
type hostIndex map[string]*methodTrees

// methodTrees holds one tree for each method, and one under "" for patterns
// without a method.
type methodTrees struct{ dict }

// node is a place in a tree of path segments.
type node struct {
	children dict   // by literal segment
	wild     *node  // {name}
	end      *Entry // of the pattern that ends here; its rivals hang on it
	slashEnd *Entry // of the one that ends here with {$}
	rest     *Entry // of the one that takes all from here on
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
	for i := range len(host) {
		if i > 0 && host[i] != '.' {
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

// maxHost is the length of the longest name of a host (RFC 1035, 2.3.4). It bounds
// the work that a name of many labels makes.
const maxHost = 253

// normalHost strips port and final dot and lowers the case. What is no name of a host
// is "", which only patterns without a host match. A name without upper case is not
// copied.
func normalHost(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	host = strings.TrimSuffix(host, ".")
	if len(host) > maxHost || strings.HasPrefix(host, ".") {
		return ""
	}
	upper := false
	for i := range len(host) {
		switch c := host[i]; {
		case c >= utf8.RuneSelf:
			return "" // of which Unicode makes other names, in other case
		case 'A' <= c && c <= 'Z':
			upper = true
		}
	}
	if upper {
		return strings.ToLower(host)
	}
	return host
}

// match tries the method's own tree, then for HEAD that of GET, then the tree of
// patterns without a method. That the first hit is the most specific is what
// compiling has made sure.
func (trees *methodTrees) match(r *Request) *Entry {
	if r.Method != "" {
		if n := trees.get(r.Method); n != nil {
			if e := n.match(r.Path, r); e != nil {
				return e
			}
		}
		if r.Method == "HEAD" {
			if n := trees.get("GET"); n != nil {
				if e := n.match(r.Path, r); e != nil {
					return e
				}
			}
		}
	}
	if n := trees.get(""); n != nil {
		return n.match(r.Path, r)
	}
	return nil
}

// match walks down by the segments of path, which is empty or begins with a
// slash: a literal before a wildcard, a wildcard before the rest.
func (n *node) match(path string, r *Request) *Entry {
	if path == "" && !r.slash {
		return n.end.pick(r)
	}
	if path == "" || path == "/" {
		if e := n.slashEnd.pick(r); e != nil {
			return e
		}
		return n.rest.pick(r)
	}
	if path[0] != '/' {
		return nil
	}
	segment, after := nextSegment(path)
	if child := n.children.get(segment); child != nil {
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

// pick returns the entry of a pattern that owns a request, nil if there is none.
// What shares the pattern with others of it holds them all.
func (e *Entry) pick(r *Request) *Entry {
	switch {
	case e == nil:
		return nil
	case r.visit != nil:
		r.visit(e)
		return nil
	case e.rivals != nil:
		return e.rivals.pick(r)
	case r.has(e) && e.When.hold(r):
		return e
	}
	return nil
}

// each calls do for all entries of the pattern that conditions don't exclude at first
// sight.
func (e *Entry) each(when *Conditions, do func(*Entry)) {
	switch {
	case e == nil:
	case e.rivals != nil:
		e.rivals.each(when, do)
	default:
		do(e)
	}
}

// place adds an entry to those of its pattern.
func place(at **Entry, e *Entry) {
	first := *at
	if first == nil {
		*at = e
		return
	}
	if first.rivals == nil {
		first.rivals = &rivals{}
		first.rivals.add(first)
	}
	first.rivals.add(e)
}

// insert adds an entry that is in conflict with none.
func (h hostIndex) insert(e *Entry) {
	trees := h[e.Pattern.host]
	if trees == nil {
		trees = &methodTrees{}
		h[e.Pattern.host] = trees
	}
	n := trees.add(e.Pattern.method)
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
			n = n.children.add(s.text)
		}
	}
	place(&n.end, e)
}
