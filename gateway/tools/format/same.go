package format

import (
	"cmp"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// sameNode reports whether two nodes say the same, whatever the order of keys; if
// not, where in the first they differ.
func sameNode(a, b ast.Node) (place, bool) {
	m, isMapping := a.(*ast.MappingNode)
	n, alsoMapping := b.(*ast.MappingNode)
	if a == nil || b == nil { // an empty document
		return place{1, 1}, (a == nil || isMapping && len(m.Values) == 0) && (b == nil || alsoMapping && len(n.Values) == 0)
	}
	if isMapping && alsoMapping {
		return sameList(a, sortedPairs(m), sortedPairs(n))
	}
	x, isList := a.(*ast.SequenceNode)
	y, alsoList := b.(*ast.SequenceNode)
	if isList && alsoList {
		return sameList(a, x.Values, y.Values)
	}
	return firstPlace(a), isMapping == alsoMapping && isList == alsoList && scalarText(a) == scalarText(b)
}

func sameList(at ast.Node, a, b []ast.Node) (place, bool) {
	if len(a) != len(b) {
		return firstPlace(at), false
	}
	for i := range a {
		if where, same := sameNode(a[i], b[i]); !same {
			return where, false
		}
	}
	return place{}, true
}

// sortedPairs lists keys and values by key; of equal keys the order counts.
func sortedPairs(n *ast.MappingNode) []ast.Node {
	pairs := slices.Clone(n.Values)
	slices.SortStableFunc(pairs, func(a, b *ast.MappingValueNode) int { return cmp.Compare(scalarText(a.Key), scalarText(b.Key)) })
	var list []ast.Node
	for _, p := range pairs {
		list = append(list, p.Key, p.Value)
	}
	return list
}

// scalarText is the type and value of a scalar.
func scalarText(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return "text " + n.Value
	case *ast.LiteralNode:
		return "text " + n.Value.Value
	case *ast.NullNode:
		return "null"
	}
	return n.Type().String() + " " + n.GetToken().Value
}

// sameComments reports whether two lists hold the same comments, in any order; if
// not, where one is that the second lacks.
func sameComments(a, b []comment) (place, bool) {
	count := map[string]int{}
	for _, c := range b {
		count[c.text]++
	}
	for _, c := range a {
		if count[c.text]--; count[c.text] < 0 {
			return c.place, false
		}
	}
	return place{1, 1}, len(a) == len(b)
}
