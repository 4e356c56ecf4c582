package routetable

import "iter"

// A dict finds nodes by name. Most have one name or two: they are compared one after
// the other, and only where there are many a map takes their place, which is several
// times as large.
type dict struct {
	few  []namedNode
	many map[string]*node
}

type namedNode struct {
	name string
	*node
}

// get returns the node of a name, nil if there is none.
func (d *dict) get(name string) *node {
	if d.many != nil {
		return d.many[name]
	}
	for i := range d.few {
		if d.few[i].name == name {
			return d.few[i].node
		}
	}
	return nil
}

// add returns the node of a name, a new one if there was none.
func (d *dict) add(name string) *node {
	n := d.get(name)
	if n != nil {
		return n
	}
	n = &node{}
	switch {
	case d.many != nil:
		d.many[name] = n
	case len(d.few) < few:
		d.few = append(d.few, namedNode{name, n})
	default:
		d.many = map[string]*node{name: n}
		for _, x := range d.few {
			d.many[x.name] = x.node
		}
		d.few = nil
	}
	return n
}

// all yields names and nodes, in no order.
func (d *dict) all() iter.Seq2[string, *node] {
	return func(yield func(string, *node) bool) {
		for _, x := range d.few {
			if !yield(x.name, x.node) {
				return
			}
		}
		for name, n := range d.many {
			if !yield(name, n) {
				return
			}
		}
	}
}
