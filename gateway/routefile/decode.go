package routefile

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"ficus/gateway/route"
)

// decoder fills Go values from YAML nodes and goes on after a problem, so that
// one run reports all of them. The library's own decoder stops at the first.
type decoder struct {
	file     string
	defaults route.Settings // what every route begins with
	problems route.Problems
	fields   map[reflect.Type]map[string][]int // of the structs met so far
}

// maxProblems bounds how many problems of one file are listed: a file that is no route
// file at all may have millions.
const maxProblems = 1000

func (d *decoder) report(node ast.Node, code route.Code, path, hint, format string, args ...any) {
	if len(d.problems) > maxProblems {
		return
	}
	if len(d.problems) == maxProblems {
		code, path, hint, args = route.CodeTooMany, "", "mend the others first", []any{maxProblems}
		format = "the file has more than %d problems: those from here on are not listed"
	}
	d.problems = append(d.problems, route.Problem{
		Code: code, Origin: originOf(d.file, node), Path: path,
		Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

var (
	durationType    = reflect.TypeFor[time.Duration]()
	settingsType    = reflect.TypeFor[route.Settings]()
	originType      = reflect.TypeFor[route.Origin]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// decode stores node in v, which must be settable. A null leaves v as it is.
func (d *decoder) decode(node ast.Node, v reflect.Value, path string) {
	switch node.(type) {
	case *ast.NullNode:
		return
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		d.report(node, route.CodeUnsupported, path, "write the value out",
			"anchors, aliases and tags are not part of the route language")
		return
	}
	switch {
	case v.Type() == durationType:
		d.duration(node, v, path)
	case reflect.PointerTo(v.Type()).Implements(unmarshalerType):
		d.text(node, v, path)
	default:
		d.kind(node, v, path)
	}
}

func (d *decoder) kind(node ast.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Struct:
		d.structure(node, v, path)
	case reflect.Map:
		d.mapping(node, v, path)
	case reflect.Slice:
		d.sequence(node, v, path)
	case reflect.String:
		if s, ok := d.scalarText(node, path); ok {
			v.SetString(s)
		}
	case reflect.Float64:
		d.number(node, v, path)
	case reflect.Int:
		d.integer(node, v, path)
	case reflect.Pointer: // tells what is given from what is not
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(node, v.Elem(), path)
	case reflect.Interface:
		if value := d.any(node, path); value != nil {
			v.Set(reflect.ValueOf(value))
		}
	default:
		panic("routefile: no rule to decode " + v.Type().String())
	}
}

func (d *decoder) structure(node ast.Node, v reflect.Value, path string) {
	for i := range v.NumField() {
		switch f := v.Type().Field(i); {
		case f.Type == originType:
			v.Field(i).Set(reflect.ValueOf(originOf(d.file, node)))
		case f.Type == settingsType && f.Anonymous:
			v.Field(i).Set(reflect.ValueOf(d.defaults))
		}
	}
	if !d.wantMapping(node, path) {
		return
	}
	fields := d.fieldsOf(v.Type())
	d.eachPair(node, path, func(key string, keyNode, value ast.Node, at string) {
		index, known := fields[key]
		if !known {
			if len(d.problems) <= maxProblems { // a suggestion takes time
				d.report(keyNode, route.CodeUnknownKey, at, suggest(key, fields), "unknown key %q", shorten(key))
			}
			return
		}
		d.decode(value, v.FieldByIndex(index), at)
	})
}

func (d *decoder) mapping(node ast.Node, v reflect.Value, path string) {
	if !d.wantMapping(node, path) {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	d.eachPair(node, path, func(key string, _, value ast.Node, at string) {
		element := reflect.New(v.Type().Elem()).Elem()
		d.decode(value, element, at)
		v.SetMapIndex(reflect.ValueOf(key), element)
	})
}

// eachPair calls do for each entry of a mapping whose key is new and plain.
func (d *decoder) eachPair(node ast.Node, path string, do func(key string, keyNode, value ast.Node, at string)) {
	seen := map[string]bool{}
	for _, pair := range pairs(node) {
		if pair.Key.IsMergeKey() {
			d.report(pair.Key, route.CodeUnsupported, path, "write the keys out", "merge keys are not part of the route language")
			continue
		}
		key := keyText(pair.Key)
		at := strings.TrimPrefix(path+"."+key, ".")
		if seen[key] {
			d.report(pair.Key, route.CodeDuplicateKey, at, "keep one of them", "the key %q stands here twice", shorten(key))
			continue
		}
		seen[key] = true
		do(key, pair.Key, pair.Value, at)
	}
}

func (d *decoder) wantMapping(node ast.Node, path string) bool {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	d.report(node, route.CodeType, path, "write keys and values: \"key: value\"", "want a mapping, have %s", describe(node))
	return false
}

func (d *decoder) sequence(node ast.Node, v reflect.Value, path string) {
	seq, ok := node.(*ast.SequenceNode)
	if !ok {
		d.report(node, route.CodeType, path, "write a list: \"[a, b]\", or one \"- item\" a line", "want a list, have %s", describe(node))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, item := range seq.Values {
		d.decode(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

// fieldsOf returns the fields of a struct by their keys, those of embedded structs
// among them. To find them takes longer than to decode a route, so each struct is looked
// at once.
func (d *decoder) fieldsOf(t reflect.Type) map[string][]int {
	fields, known := d.fields[t]
	if known {
		return fields
	}
	fields = make(map[string][]int, t.NumField())
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("yaml"); name != "" && name != "-" {
			fields[name] = f.Index
		}
	}
	if d.fields == nil {
		d.fields = map[reflect.Type]map[string][]int{}
	}
	d.fields[t] = fields
	return fields
}
