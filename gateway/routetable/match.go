package routetable

import (
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
	end      *Entry           // a pattern that ends here
	slashEnd *Entry           // one that ends here with {$}
	rest     *Entry           // one that takes all from here on
}

func (h hostIndex) match(method, host, path string) *Entry {
	if len(h) > 1 || h[""] == nil {
		if e := h.matchNamed(method, normalHost(host), path); e != nil {
			return e
		}
	}
	if trees := h[""]; trees != nil {
		return trees.match(method, path)
	}
	return nil
}

// matchNamed tries the exact host, then its wildcards from the longest on.
func (h hostIndex) matchNamed(method, host, path string) *Entry {
	if trees := h[host]; trees != nil && host != "" {
		if e := trees.match(method, path); e != nil {
			return e
		}
	}
	for i := 0; i < len(host); i++ {
		if host[i] != '.' || i == 0 {
			continue
		}
		if trees := h[host[i:]]; trees != nil {
			if e := trees.match(method, path); e != nil {
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
func (trees methodTrees) match(method, path string) *Entry {
	if method != "" {
		if n := trees[method]; n != nil {
			if e := n.match(path); e != nil {
				return e
			}
		}
		if method == "HEAD" {
			if n := trees["GET"]; n != nil {
				if e := n.match(path); e != nil {
					return e
				}
			}
		}
	}
	if n := trees[""]; n != nil {
		return n.match(path)
	}
	return nil
}

// match walks down by the segments of path, which is empty or begins with a
// slash: a literal before a wildcard, a wildcard before the rest.
func (n *node) match(path string) *Entry {
	if path == "" {
		return n.end
	}
	if path == "/" {
		if n.slashEnd != nil {
			return n.slashEnd
		}
		return n.rest
	}
	if path[0] != '/' {
		return nil
	}
	segment, after := nextSegment(path)
	if child := n.children[segment]; child != nil {
		if e := child.match(after); e != nil {
			return e
		}
	}
	if n.wild != nil && segment != "" {
		if e := n.wild.match(after); e != nil {
			return e
		}
	}
	return n.rest
}

// insert adds a pattern's entry; the place must be free.
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
			n.slashEnd = e
			return
		case rest:
			n.rest = e
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
	n.end = e
}
