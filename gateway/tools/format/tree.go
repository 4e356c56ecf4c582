package format

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"ficus/gateway/route"
)

// A place is where something begins in the text, both counted from 1.
type place struct{ line, column int }

func (p place) before(q place) bool {
	return p.line < q.line || p.line == q.line && p.column < q.column
}

func placeOf(t *token.Token) place { return place{t.Position.Line, t.Position.Column} }

type kind uint8

const (
	scalar kind = iota
	mapping
	sequence
)

// A node is a value of a route file, with what was written around it.
type node struct {
	kind       kind
	shape      shape
	ranked     bool  // a mapping whose keys have an order
	flow       bool  // written between brackets
	start, end place // the brackets of a flow collection; start alone for all others
	scalar     text
	entries    []*entry
	holder     *entry    // whose value it is; nil for the root
	foot       []comment // after the last entry
}

// An entry is a key with its value, or an item of a list.
type entry struct {
	at    place
	in    *node
	key   text  // of a mapping's entry
	value *node // never nil
	blank bool  // an empty line stands above

	head []comment // on lines of their own, above
	line []comment // behind it, on the same line
}

// A tree is a file as read. Entries lists the entries of all nodes in the order of
// the text.
type tree struct {
	root    *node
	entries []*entry
	header  []comment // before everything else, and apart from it
	gap     bool      // an empty line stands below the header
}

// builder makes nodes of the parser's; it stops at the first thing that it has no
// place for.
type builder struct {
	file    string
	lines   []string
	tree    tree
	problem *route.Problem
}

func (b *builder) refuse(n ast.Node, message, hint string) *node {
	if b.problem == nil {
		at := placeOf(n.GetToken())
		b.problem = &route.Problem{
			Code: route.CodeUnsupported, Origin: route.Origin{File: b.file, Line: at.line, Column: at.column},
			Message: message, Hint: hint,
		}
	}
	return &node{}
}

// isBlank reports whether a line, counted from 1, is empty or white space.
func (b *builder) isBlank(line int) bool {
	return line >= 1 && line <= len(b.lines) && strings.TrimSpace(b.lines[line-1]) == ""
}

func (b *builder) node(n ast.Node, holder *entry) *node {
	made := &node{holder: holder, start: placeOf(n.GetToken())}
	switch n := n.(type) {
	case *ast.MappingNode:
		made.kind, made.flow = mapping, n.IsFlowStyle || holder != nil && holder.in.flow // [key: value]
		if n.IsFlowStyle {
			made.end = placeOf(n.End)
		}
		for _, pair := range n.Values {
			b.pair(made, pair)
		}
	case *ast.SequenceNode:
		made.kind, made.flow = sequence, n.IsFlowStyle
		if n.IsFlowStyle {
			made.end = placeOf(n.End)
		}
		for i, value := range n.Values {
			at := firstPlace(value)
			if !n.IsFlowStyle {
				at = placeOf(n.Entries[i].Start)
			}
			b.add(made, &entry{at: at}, value)
		}
	default:
		made.scalar = b.text(n)
	}
	if len(made.entries) > 0 && !made.closed() {
		made.start = made.entries[0].at // the parser's token of a mapping is a colon
	}
	return made
}

// closed reports whether n stands between brackets of its own.
func (n *node) closed() bool { return n.flow && n.end.line > 0 }

func (b *builder) pair(in *node, pair *ast.MappingValueNode) {
	switch pair.Key.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
	default:
		b.refuse(pair.Key, "this is no key of a route file", "write \"key: value\"")
		return
	}
	b.add(in, &entry{at: placeOf(pair.Key.GetToken()), key: b.text(pair.Key)}, pair.Value)
}

func (b *builder) add(in *node, e *entry, value ast.Node) {
	e.in, e.blank = in, b.isBlank(e.at.line-1)
	in.entries = append(in.entries, e)
	b.tree.entries = append(b.tree.entries, e)
	e.value = b.node(value, e)
}

// firstPlace is where a node begins: a mapping without braces at its first key.
func firstPlace(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return placeOf(m.Values[0].Key.GetToken())
	}
	return placeOf(n.GetToken())
}

func (b *builder) text(n ast.Node) text {
	t := n.GetToken()
	switch n := n.(type) {
	case *ast.StringNode:
		return text{isString: true, value: n.Value, broken: strings.Contains(strings.TrimSpace(t.Origin), "\n")}
	case *ast.LiteralNode:
		return text{isString: true, value: n.Value.Value, block: n.Start.Value[:1], source: n.Value.GetToken().Origin}
	case *ast.NullNode:
		if t.Type == token.ImplicitNullType {
			return text{}
		}
		return text{value: t.Value}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return text{value: t.Value}
	}
	b.refuse(n, "anchors, aliases and tags are not part of the route language", "write the value out")
	return text{}
}
