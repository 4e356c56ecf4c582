package mining

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Template is a set of paths that differ in some segments only.
type Template struct {
	Path    string // in the language of routes: /wp/{n}/edit, /docs/{$}, /a/{rest...}
	Count   float64
	Methods []Method // the most used first
}

// A Method is how often a template was asked for by one method; "other" stands for those
// that HTTP does not name.
type Method struct {
	Name  string
	Count float64
}

// leastSeen is how often a template has to be seen to be shown: what was asked for once
// says something about one client and nothing about the monolith.
const leastSeen = 2

// templates returns all of them, the most used first, and how often all were seen.
func (t *tree) templates() (list []Template, total float64) {
	var walk func(n *node, path []step)
	walk = func(n *node, path []step) {
		if count := n.count(); count > 0 {
			total += count
			if count >= leastSeen {
				list = append(list, Template{Path: pattern(path), Count: count, Methods: n.used()})
			}
		}
		for segment, child := range n.literals {
			walk(child, append(path, step{segment, child, false}))
		}
		if n.wild != nil {
			walk(n.wild, append(path, step{"", n.wild, true}))
		}
	}
	walk(t.root, make([]step, 0, maxDepth+1))
	slices.SortFunc(list, func(a, b Template) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Path, b.Path))
	})
	return list, total
}

type step struct {
	segment string
	node    *node
	wild    bool
}

func (n *node) count() float64 {
	total := 0.0
	for _, c := range n.methods {
		total += float64(c)
	}
	return total
}

func (n *node) used() []Method {
	var list []Method
	for i, c := range n.methods {
		if c >= nothing {
			list = append(list, Method{methods[i], float64(c)})
		}
	}
	slices.SortStableFunc(list, func(a, b Method) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

// pattern writes the way to a node as the path of a match.
func pattern(path []step) string {
	var b strings.Builder
	taken := map[string]int{}
	for i, s := range path {
		b.WriteByte('/')
		switch {
		case s.wild && s.node.rest:
			b.WriteString("{rest...}")
		case s.wild:
			name := s.node.name()
			if taken[name]++; taken[name] > 1 {
				name = fmt.Sprintf("%s%d", name, taken[name])
			}
			b.WriteString("{" + name + "}")
		case s.segment == "" && i == len(path)-1:
			b.WriteString("{$}")
		default:
			b.WriteString(s.segment)
		}
	}
	return b.String()
}

// name is that of the only kind that went into a wildcard.
func (n *node) name() string {
	name := ""
	for k, has := range n.kinds {
		switch {
		case !has:
		case name != "":
			return names[other]
		default:
			name = names[k]
		}
	}
	return cmp.Or(name, names[other])
}
