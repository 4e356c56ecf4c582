package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// property is one key of a route or backend: its path in the file, its value as text,
// and what the value means where that can be written in several ways.
type property struct {
	key, text, means string
}

// ordered are the lists whose order says something.
var ordered = []string{"cohort", "addresses", "rate_limit.by", "faults"}

// properties returns all keys of the route, defaults filled in.
func (u *unit) properties() []property {
	if u.all == nil {
		d := *u.written
		d.Group, d.Resilience = d.CohortGroup(), resilienceOf(d.Resilience)
		if len(d.Cohort) == 0 {
			d.Cohort = u.entry.Cohort
		}
		flatten(reflect.ValueOf(d), "", &u.all)
		positions := wildcardPositions(u.entry.Pattern.Wildcards())
		for i, p := range u.all {
			switch {
			case p.key == "match":
				u.all[i].means = u.entry.Pattern.Shape()
			case strings.HasPrefix(p.key, "rewrite."):
				u.all[i].means = positions.Replace(p.text)
			}
		}
	}
	return u.all
}

// wildcardPositions takes the names of wildcards to their places in the match, since
// the names themselves mean nothing.
func wildcardPositions(names []string) *strings.Replacer {
	var pairs []string
	for i, name := range names {
		place := "{" + strconv.Itoa(i+1) + "}"
		pairs = append(pairs, "{"+name+"}", place, "{"+name+"...}", place)
	}
	return strings.NewReplacer(pairs...)
}

// flatten lists the leaves below a value, by the keys that route files use: those of a
// struct in its own order, even where they are not given, and those of a mapping sorted.
func flatten(v reflect.Value, key string, list *[]property) {
	if text, ok := leafText(v, key); ok {
		*list = append(*list, property{key, text, text})
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			flatten(v.Elem(), key, list)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			if name != "-" && field.IsExported() {
				flatten(v.Field(i), join(key, name), list)
			}
		}
	case reflect.Map:
		values := map[string]reflect.Value{}
		for _, k := range v.MapKeys() {
			values[headerName(key, k.String())] = v.MapIndex(k)
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			flatten(values[name], join(key, name), list)
		}
	}
}

func join(key, name string) string {
	if key == "" || name == "" { // the name of an embedded struct
		return key + name
	}
	return key + "." + name
}

// leafText returns the text of a value that has no keys of its own. A time of 0, and a
// whole number, is none.
func leafText(v reflect.Value, key string) (text string, ok bool) {
	if (v.Type() == reflect.TypeFor[time.Duration]() || v.Type() == reflect.TypeFor[int]()) && v.IsZero() {
		return "", true
	}
	if s, ok := v.Interface().(fmt.Stringer); ok && v.Kind() != reflect.Pointer {
		return s.String(), true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Struct, reflect.Map:
		return "", false
	case reflect.Slice:
		return listText(v, key), true
	}
	return fmt.Sprint(v.Interface()), true
}

func listText(v reflect.Value, key string) string {
	if v.Type().Elem().Kind() == reflect.Interface { // what YAML makes of a list without a type
		text, err := json.Marshal(v.Interface())
		if err != nil {
			return fmt.Sprint(v.Interface())
		}
		return string(text)
	}
	texts := make([]string, v.Len())
	for i := range texts {
		text, _ := leafText(v.Index(i), key)
		texts[i] = headerName(key, text)
	}
	if !slices.Contains(ordered, key) {
		slices.Sort(texts)
	}
	return strings.Join(texts, ", ")
}

// headerName returns the one spelling of a name that stands under a key for headers.
func headerName(key, name string) string {
	if key == "when.header" || key == "shadow.headers" || strings.HasPrefix(key, "rewrite.") && strings.Contains(key, "headers") {
		return http.CanonicalHeaderKey(name)
	}
	return name
}

// A Change is one key whose meaning changes. Values are written as in a route file;
// "" is none.
type Change struct {
	Property string `json:"property"`
	Old      string `json:"old"`
	New      string `json:"new"`
}

// changes returns the keys that mean different things, in the order of the file.
func changes(old, new []property) []Change {
	list := []Change{}
	compare := func(a, b property) {
		if a.means == b.means {
			return
		}
		if a.text == b.text { // the same names, which stand for other wildcards
			a.text, b.text = a.means, b.means
		}
		list = append(list, Change{Property: cmp.Or(a.key, b.key), Old: a.text, New: b.text})
	}
	has := func(list []property, key string) bool {
		return slices.ContainsFunc(list, func(p property) bool { return p.key == key })
	}
	for len(old) > 0 || len(new) > 0 {
		switch { // keys that both have stand in the same order in both
		case len(new) == 0 || len(old) > 0 && !has(new, old[0].key):
			compare(old[0], property{})
			old = old[1:]
		case len(old) == 0 || !has(old, new[0].key):
			compare(property{}, new[0])
			new = new[1:]
		default:
			compare(old[0], new[0])
			old, new = old[1:], new[1:]
		}
	}
	return list
}
