package routefile

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml/ast"

	"ficus/gateway/route"
)

// scalarText returns the text of a string node. Numbers and booleans are no
// strings: who means one writes quotes.
func (d *decoder) scalarText(node ast.Node, path string) (string, bool) {
	if s, ok := stringOf(node); ok {
		return s, true
	}
	hint := ""
	switch n := node.(type) {
	case ast.ScalarNode:
		hint = fmt.Sprintf("write it in quotes: %q", n.GetToken().Value)
	case *ast.MappingNode, *ast.MappingValueNode: // in braces, cookie:sid reads as one
		hint = "if it is meant as text, write it in quotes"
	}
	d.report(node, route.CodeType, path, hint, "want text, have %s", describe(node))
	return "", false
}

// stringOf returns the text of a string, whether it stands in quotes, without them or in
// a block: how it is written makes no difference.
func stringOf(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

func (d *decoder) text(node ast.Node, v reflect.Value, path string) {
	s, ok := d.scalarText(node, path)
	if !ok {
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
		d.report(node, route.CodeValue, path, "", "%v", err)
	}
}

func (d *decoder) duration(node ast.Node, v reflect.Value, path string) {
	const hint = "write a number with its unit: 500ms, 2s, 1m30s"
	s, ok := stringOf(node)
	if !ok {
		d.report(node, route.CodeType, path, hint, "want a duration, have %s", describe(node))
		return
	}
	value, err := time.ParseDuration(s)
	if err != nil || value < 0 {
		d.report(node, route.CodeValue, path, hint, "%q is no duration", shorten(s))
		return
	}
	v.SetInt(int64(value))
}

func (d *decoder) number(node ast.Node, v reflect.Value, path string) {
	switch n := node.(type) {
	case *ast.IntegerNode:
		switch value := n.Value.(type) {
		case int64:
			v.SetFloat(float64(value))
			return
		case uint64:
			v.SetFloat(float64(value))
			return
		}
	case *ast.FloatNode:
		v.SetFloat(n.Value)
		return
	}
	d.report(node, route.CodeType, path, "", "want a number, have %s", describe(node))
}

func (d *decoder) integer(node ast.Node, v reflect.Value, path string) {
	if n, ok := node.(*ast.IntegerNode); ok {
		if value, err := strconv.ParseInt(fmt.Sprint(n.Value), 10, v.Type().Bits()); err == nil {
			v.SetInt(value)
			return
		}
	}
	d.report(node, route.CodeType, path, "", "want a whole number, have %s", describe(node))
}

// any decodes a node without a type of its own: to string, bool, int64, uint64,
// float64, []any or map[string]any.
func (d *decoder) any(node ast.Node, path string) any {
	switch n := node.(type) {
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, item := range n.Values {
			d.decode(item, reflect.ValueOf(&list[i]).Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
		return list
	case *ast.MappingNode, *ast.MappingValueNode:
		m := map[string]any{}
		d.mapping(node, reflect.ValueOf(&m).Elem(), path)
		return m
	case *ast.LiteralNode:
		return n.Value.Value
	case ast.ScalarNode:
		return n.GetValue()
	}
	d.report(node, route.CodeUnsupported, path, "", "%s has no place here", describe(node))
	return nil
}

func describe(node ast.Node) string {
	if s, ok := stringOf(node); ok {
		return fmt.Sprintf("the text %q", shorten(s))
	}
	switch n := node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "the truth value " + n.GetToken().Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + node.GetToken().Value
	}
	return "a " + strings.ToLower(node.Type().String())
}

// suggest names the known key that is nearest to a mistyped one, or all keys.
func suggest(key string, fields map[string][]int) string {
	var names []string
	best, distance := "", len(key)/2+1
	for name := range fields {
		names = append(names, name)
		if n := levenshtein.ComputeDistance(key, name); n < distance || n == distance && name < best {
			best, distance = name, n
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	slices.Sort(names)
	return "known keys: " + strings.Join(names, ", ")
}
