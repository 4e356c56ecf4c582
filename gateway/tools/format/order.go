package format

import (
	"cmp"
	"reflect"
	"slices"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

// A shape is what a value is meant to be, nil where nothing is known of it. It gives
// the order of keys.
type shape = reflect.Type

var (
	document = reflect.TypeFor[routefile.Document]()
	routes   = reflect.TypeFor[[]route.Definition]()
)

// keysOf lists the keys of a struct in their order, those of embedded structs among
// them, with the shapes of their values; nil for anything else.
func keysOf(s shape) (keys []string, shapes []shape) {
	if s == nil || s.Kind() != reflect.Struct {
		return nil, nil
	}
	for _, f := range reflect.VisibleFields(s) {
		if key := f.Tag.Get("yaml"); key != "" && key != "-" {
			keys, shapes = append(keys, key), append(shapes, f.Type)
		}
	}
	return keys, shapes
}

// order sorts the entries of mappings whose keys have an order. Keys that are not
// known come last; they stay in their own order, as do names that people chose.
func (n *node) order(s shape) {
	n.shape = s
	keys, shapes := keysOf(s)
	rank := func(e *entry) int {
		if i := slices.Index(keys, e.key.value); i >= 0 {
			return i
		}
		return len(keys)
	}
	n.ranked = n.kind == mapping && keys != nil
	if n.ranked {
		slices.SortStableFunc(n.entries, func(a, b *entry) int { return cmp.Compare(rank(a), rank(b)) })
	}
	for _, e := range n.entries {
		switch i := rank(e); {
		case n.kind == mapping && i < len(keys):
			e.value.order(shapes[i])
		case n.kind == mapping && s != nil && s.Kind() == reflect.Map, n.kind == sequence && s != nil && s.Kind() == reflect.Slice:
			e.value.order(s.Elem())
		default:
			e.value.order(nil)
		}
	}
}
