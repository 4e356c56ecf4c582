package docs

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

// A section of the reference is about the keys of one struct.
type section struct {
	title string // with the place of the keys in a file
	of    reflect.Type
}

// sections are all structs of a route file, in the order of the manual. What is
// embedded in one of them has a section of its own.
var sections = []section{
	{"The file", reflect.TypeFor[routefile.Document]()},
	{"A backend", reflect.TypeFor[route.Backend]()},
	{"A route", reflect.TypeFor[route.Definition]()},
	{"Settings", reflect.TypeFor[route.Settings]()},
	{"Resilience", reflect.TypeFor[route.Resilience]()},
	{"Tries: `retry`", reflect.TypeFor[route.Retry]()},
	{"Fallback to legacy: `fallback`", reflect.TypeFor[route.Fallback]()},
	{"Rate limits: `rate_limit`", reflect.TypeFor[route.RateLimit]()},
	{"A fault", reflect.TypeFor[route.Fault]()},
	{"Shadowing: `shadow`", reflect.TypeFor[route.Shadow]()},
	{"Health: `health` of a backend", reflect.TypeFor[route.Health]()},
	{"The breaker: `breaker` of a backend", reflect.TypeFor[route.Breaker]()},
	{"The queue: `queue` of a backend", reflect.TypeFor[route.Queue]()},
	{"The budget of retries: `retry_budget` of a backend", reflect.TypeFor[route.RetryBudget]()},
	{"What legacy takes: `fallback_limit`", reflect.TypeFor[route.FallbackLimit]()},
	{"What copies may cost: `shadow_limit` of a backend", reflect.TypeFor[route.ShadowLimit]()},
	{"Who asks: `identity` of a backend", reflect.TypeFor[route.Told]()},
	{"What a policy sees: `policy_input`", reflect.TypeFor[route.PolicyInput]()},
	{"Conditions: `when`", reflect.TypeFor[route.Conditions]()},
	{"GraphQL: `when.graphql`", reflect.TypeFor[route.GraphQL]()},
	{"Rewrites: `rewrite`", reflect.TypeFor[route.Rewrite]()},
	{"One side: `rewrite.legacy`, `rewrite.new`", reflect.TypeFor[route.SideRewrite]()},
	{"Changes: `query`, `headers`, `response_headers`", reflect.TypeFor[route.Changes]()},
}

// keys is the reference of all keys.
func (w *writer) keys() string {
	var b strings.Builder
	for _, s := range sections {
		about, err := w.in.Source.Type(s.of)
		if err != nil {
			return w.failed(err)
		}
		fmt.Fprintf(&b, "### %s\n\n%s\n\n", s.title, wrapped(prose(about), ""))
		for f := range s.of.Fields() {
			key := f.Tag.Get("yaml")
			if f.Anonymous {
				title := titleOf(f.Type)
				fmt.Fprintf(&b, "- and all [%s](#%s), which come before those of the defaults\n", strings.ToLower(title), slug(title))
			}
			if key == "" || key == "-" {
				continue
			}
			text, err := w.in.Source.Field(s.of, f.Name)
			if err != nil {
				return w.failed(err)
			}
			item := fmt.Sprintf("- **%s** (%s): %s", code(key), typeName(f.Type), prose(text))
			b.WriteString(wrapped(item, "  ") + "\n")
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String())
}

// typeName says what a value of the type looks like.
func typeName(t reflect.Type) string {
	if words, ok := reflect.Zero(t).Interface().(interface{ Words() []string }); ok {
		var all []string
		for _, word := range words.Words() {
			all = append(all, code(word))
		}
		return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
	}
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[route.Rate]():
		return "rate"
	case reflect.TypeFor[route.Date]():
		return "date"
	case reflect.TypeFor[route.Source]():
		return "source"
	case reflect.TypeFor[route.Wanted]():
		return "wanted text"
	}
	switch t.Kind() {
	case reflect.Struct:
		return fmt.Sprintf("mapping, [below](#%s)", slug(titleOf(t)))
	case reflect.Map:
		return "mapping of names to " + plural(t.Elem())
	case reflect.Slice:
		return "list of " + plural(t.Elem())
	case reflect.Float64, reflect.Int:
		return "number"
	case reflect.String:
		return "text"
	}
	panic("docs: no word for " + t.String())
}

func plural(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Interface:
		return "anything"
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[route.Source]():
		title := titleOf(t)
		return fmt.Sprintf("[%ss](#%s)", strings.TrimPrefix(title, "A "), slug(title))
	case strings.Contains(typeName(t), "`"):
		return "words: " + typeName(t)
	}
	return typeName(t) + "s"
}

func titleOf(t reflect.Type) string {
	for _, s := range sections {
		if s.of == t {
			return s.title
		}
	}
	panic("docs: no section about " + t.String())
}

// slug is the anchor of a heading, as GitHub and GitLab make it.
func slug(title string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(title) {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case c == '-' || c == '_' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			b.WriteRune(c)
		}
	}
	return b.String()
}
