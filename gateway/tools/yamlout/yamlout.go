// Package yamlout writes Go values as YAML for people: keys in the order of the
// struct's fields, nothing that is zero, quotes only where they are needed, and
// comments.
//
// It knows what route files and Kubernetes objects are made of: structs with yaml tags,
// maps, lists, texts, numbers and truth values, and words that have a String method. A
// struct's field of type string with the tag "#" is a comment, which stands above the
// struct's first key.
package yamlout

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Marshal returns a struct or map as a YAML document. Lists of structs that stand at
// the top have an empty line between their items.
func Marshal(value any) string {
	w := writer{}
	w.mapping(pairsOf(reflect.ValueOf(value)), 0)
	return w.b.String()
}

type writer struct{ b strings.Builder }

// pair is a key with its value, or a comment.
type pair struct {
	key     string
	value   reflect.Value
	comment bool
}

// width is how long a list in one line may be.
const width = 90

// pairsOf lists what of a struct or map is to be written.
func pairsOf(v reflect.Value) []pair {
	var pairs []pair
	if v.Kind() == reflect.Map {
		for _, key := range v.MapKeys() {
			pairs = append(pairs, pair{key: key.String(), value: plain(v.MapIndex(key))})
		}
		slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
		return pairs
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		value := plain(v.Field(i))
		switch {
		case field.Anonymous && name == "":
			pairs = append(pairs, pairsOf(value)...)
		case !field.IsExported() || name == "" || name == "-" || isEmpty(value):
		case name == "#":
			pairs = append(pairs, pair{value: value, comment: true})
		default:
			pairs = append(pairs, pair{key: name, value: value})
		}
	}
	return pairs
}

// plain looks through pointers and interfaces.
func plain(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// isEmpty reports whether nothing would be written.
func isEmpty(v reflect.Value) bool {
	if !v.IsValid() || v.IsZero() {
		return true
	}
	switch v.Kind() {
	case reflect.Struct:
		_, word := wordOf(v)
		return !word && len(pairsOf(v)) == 0
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	}
	return false
}

// wordOf returns the text of a value that is neither text itself nor a number.
func wordOf(v reflect.Value) (string, bool) {
	if s, ok := v.Interface().(fmt.Stringer); ok && v.Kind() != reflect.String {
		return s.String(), true
	}
	return "", false
}

// mapping writes pairs, each in lines of its own. What stands before the first key is
// written already: an indent, or the dash of a list.
func (w *writer) mapping(pairs []pair, indent int) {
	for _, p := range pairs {
		if p.comment {
			w.comment(p.value.String(), indent)
			continue
		}
		w.b.WriteString(strings.Repeat(" ", indent) + Scalar(p.key) + ":")
		w.value(p.value, indent)
	}
}

func (w *writer) comment(text string, indent int) {
	for line := range strings.SplitSeq(text, "\n") {
		w.b.WriteString(strings.TrimRight(strings.Repeat(" ", indent)+"# "+line, " ") + "\n")
	}
}

// value writes what follows the colon of a key.
func (w *writer) value(v reflect.Value, indent int) {
	if text, ok := scalarOf(v); ok {
		w.b.WriteString(" " + text + "\n")
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		w.list(v, indent)
	default:
		pairs := pairsOf(v)
		if len(pairs) == 0 {
			w.b.WriteString(" {}\n")
			return
		}
		w.b.WriteString("\n")
		w.mapping(pairs, indent+2)
	}
}

func (w *writer) list(v reflect.Value, indent int) {
	if line, ok := flow(v); ok && len(line)+indent < width {
		w.b.WriteString(" " + line + "\n")
		return
	}
	w.b.WriteString("\n")
	for i := range v.Len() {
		item := plain(v.Index(i))
		if text, ok := scalarOf(item); ok {
			w.b.WriteString(strings.Repeat(" ", indent+2) + "- " + text + "\n")
			continue
		}
		if i > 0 && indent == 0 {
			w.b.WriteString("\n")
		}
		w.item(pairsOf(item), indent+2)
	}
}

// item writes a mapping behind a dash, its comments above the dash.
func (w *writer) item(pairs []pair, indent int) {
	for len(pairs) > 0 && pairs[0].comment {
		w.comment(pairs[0].value.String(), indent)
		pairs = pairs[1:]
	}
	if len(pairs) == 0 {
		w.b.WriteString(strings.Repeat(" ", indent) + "- {}\n")
		return
	}
	var inner writer
	inner.mapping(pairs, indent+2)
	w.b.WriteString(strings.Repeat(" ", indent) + "- " + inner.b.String()[indent+2:])
}

// flow writes a list of scalars in one line.
func flow(v reflect.Value) (string, bool) {
	var items []string
	for i := range v.Len() {
		item := plain(v.Index(i))
		text, ok := scalarOf(item)
		if !ok {
			return "", false
		}
		if strings.ContainsAny(text, ",[]{}") && text[0] != '"' {
			text = quoted(text)
		}
		items = append(items, text)
	}
	return "[" + strings.Join(items, ", ") + "]", true
}

func scalarOf(v reflect.Value) (string, bool) {
	if word, ok := wordOf(v); ok {
		return Scalar(word), true
	}
	switch v.Kind() {
	case reflect.String:
		return Scalar(v.String()), true
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), true
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64), true
	}
	if v.CanInt() {
		return strconv.FormatInt(v.Int(), 10), true
	}
	return "", false
}
