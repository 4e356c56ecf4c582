package format

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

// writer writes random route files in random styles, with comments wherever YAML has
// room for one. It knows nothing of the formatter.
type writer struct {
	t        *rapid.T
	b        strings.Builder
	comments int
	quiet    bool // no comments
}

func randomFile(t *rapid.T, quiet bool) string {
	w := &writer{t: t, quiet: quiet}
	w.own(0)
	w.block(w.value(reflect.TypeFor[routefile.Document](), 0), 0)
	w.own(0)
	return w.b.String()
}

func (w *writer) chance(percent int, what string) bool {
	return rapid.IntRange(1, 100).Draw(w.t, what) <= percent
}

func (w *writer) pick(what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(w.t, what)
}

// A pair is a key and its value.
type pair struct {
	key   string
	value any // string, []any, []pair, or a bare (a scalar without quotes)
}

type bare string

var texts = []string{
	"a", "GET /api/cart/{id}", "/x/{rest...}", "http://127.0.0.1:9103", "127.0.0.1:9103", "{$CART:http://[::1]:80}", "*.shop.example",
	"it's", `say "hi"`, `back\slash`, "two  spaces", " lead", "trail ", "", "~", "null", "true", "no", "off", "12", "1e3", "0x1F", "1_000", ".5", "-",
	"- a", "? a", "a: b", "a :b", "a #b", "#a", "a#b", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "[a]", "a, b", "a]b", "{a}", "---", "...", "- - a",
	"ü", "日本", "tab\there", "line\nbreak", "two\nlines\n", "more\n\n\n", "  indented\nless", "\n", "nul\x01", "\u2028", "\U0001F600", "\ufeff", "2027-03-31",
	"words that go on for so long that whoever writes them will want to break the line somewhere before it ends, and more than once at that",
	"a:", ":a", "-a", "?a", "=", "<<", "key: [a", "x\ty", "'", `"`, "''", "a'b\"c\\d",
}

func (w *writer) text() string {
	if w.chance(20, "free text") {
		return rapid.StringOfN(rapid.RuneFrom([]rune("ab 0-.:#,[]{}'\"\\\n\té*&!|>%@")), 0, 12, -1).Draw(w.t, "text")
	}
	return rapid.SampledFrom(texts).Draw(w.t, "text")
}

// value makes a random value of a type of the route language.
func (w *writer) value(t reflect.Type, depth int) any {
	switch t {
	case reflect.TypeFor[route.Stage]():
		return w.pick("stage", "legacy", "shadow", "canary", "new", "retired")
	case reflect.TypeFor[route.Balance]():
		return w.pick("balance", "least_requests", "least_time", "round_robin")
	case reflect.TypeFor[route.Force]():
		return w.pick("force", "off", "signed")
	case reflect.TypeFor[route.MapBack]():
		return w.pick("map_back", "location", "link", "set_cookie")
	case reflect.TypeFor[route.OperationType]():
		return w.pick("type", "query", "mutation", "subscription")
	case reflect.TypeFor[route.Switch]():
		return w.pick("switch", "on", "off")
	case reflect.TypeFor[route.Priority]():
		return w.pick("priority", "low", "normal", "high", "critical")
	case reflect.TypeFor[route.FaultySide]():
		return w.pick("side", "legacy", "new")
	case reflect.TypeFor[route.Rate]():
		return w.pick("rate", "10/s", "300/m", "1000/h")
	case reflect.TypeFor[time.Duration]():
		if w.chance(80, "duration") {
			return w.pick("duration", "25ms", "2s", "1m30s", "0")
		}
	case reflect.TypeFor[route.Date]():
		return w.pick("date", "2027-03-31", "2026-01-01")
	case reflect.TypeFor[route.Source]():
		return w.pick("source", "client_ip", "cookie:sid", "claim:a: b", "header:X-Client")
	case reflect.TypeFor[route.Wanted]():
		return w.pick("wanted", "*", "de*", "2", "a b", "x: y")
	}
	switch t.Kind() {
	case reflect.Struct:
		return w.structure(t, depth)
	case reflect.Map:
		var pairs []pair
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(texts), 0, 3, rapid.ID[string]).Draw(w.t, "names") {
			pairs = append(pairs, pair{key, w.value(t.Elem(), depth+1)})
		}
		return pairs
	case reflect.Slice:
		list := make([]any, rapid.IntRange(0, 3).Draw(w.t, "items"))
		for i := range list {
			list[i] = w.value(t.Elem(), depth+1)
		}
		return list
	case reflect.Int:
		if w.chance(80, "whole number") {
			return bare(w.pick("whole", "0", "1", "503", "65_536", "0x1F"))
		}
	case reflect.Float64:
		return bare(w.pick("number", "0", "10", "12.50", "99.99", "0x1F"))
	case reflect.Interface:
		return w.anything(depth)
	}
	return w.text()
}

func (w *writer) structure(t reflect.Type, depth int) any {
	var pairs []pair
	for _, f := range reflect.VisibleFields(t) {
		if key := f.Tag.Get("yaml"); key != "" && key != "-" && w.chance(25, "has "+key) {
			pairs = append(pairs, pair{key, w.value(f.Type, depth+1)})
		}
	}
	return rapid.Permutation(pairs).Draw(w.t, "order")
}

func (w *writer) anything(depth int) any {
	switch n := rapid.IntRange(0, 7).Draw(w.t, "any"); {
	case n == 0:
		return bare(w.pick("bare", "null", "~", "true", "false", "1", "-2.5", "", ".inf", "0x1F"))
	case n == 1 && depth < 6:
		return w.value(reflect.TypeFor[[]any](), depth)
	case n == 2 && depth < 6:
		return w.value(reflect.TypeFor[map[string]any](), depth)
	}
	return w.text()
}

func (w *writer) comment() string {
	w.comments++
	return fmt.Sprintf("# comment %d%s", w.comments, w.pick("comment", "", ": with \"quotes\" and {braces}", " - # more", " \t"))
}

// own writes empty lines and comments on lines of their own.
func (w *writer) own(indent int) {
	for range rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2}).Draw(w.t, "own") {
		switch {
		case w.chance(30, "empty") || w.quiet:
			w.b.WriteString("\n")
		default:
			at := indent
			if w.chance(30, "elsewhere") {
				at = rapid.IntRange(0, indent+4).Draw(w.t, "column")
			}
			w.b.WriteString(strings.Repeat(" ", at) + w.comment() + "\n")
		}
	}
}

// end ends a line, with a comment or without.
func (w *writer) end() {
	if !w.quiet && w.chance(25, "line comment") {
		w.b.WriteString(w.pick("gap", " ", "   ") + w.comment())
	}
	w.b.WriteString("\n")
}

// block writes a value in block style, each line indented; of an empty value the
// brackets.
func (w *writer) block(v any, indent int) {
	switch v := v.(type) {
	case []pair:
		for i, p := range v {
			if i > 0 {
				w.own(indent)
			}
			w.b.WriteString(strings.Repeat(" ", indent) + w.inline(p.key, indent, true) + ":")
			w.under(p.value, indent, false)
		}
	case []any:
		for i, item := range v {
			if i > 0 {
				w.own(indent)
			}
			w.b.WriteString(strings.Repeat(" ", indent) + "-")
			w.under(item, indent, true)
		}
	}
	if w.chance(20, "foot") {
		w.own(indent)
	}
}

func empty(v any) bool {
	pairs, isMap := v.([]pair)
	list, isList := v.([]any)
	return isMap && len(pairs) == 0 || isList && len(list) == 0
}

// under writes a value behind a key or dash.
func (w *writer) under(v any, indent int, item bool) {
	deeper := indent + rapid.IntRange(1, 4).Draw(w.t, "step")
	pairs, isMap := v.([]pair)
	_, isList := v.([]any)
	switch {
	case (isMap || isList) && (empty(v) || w.chance(30, "flow")):
		w.b.WriteString(" ")
		w.flow(v, deeper)
		w.end()
	case isMap && item && w.chance(70, "compact"):
		var rest writer
		rest.t, rest.comments, rest.quiet = w.t, w.comments, w.quiet
		rest.block(pairs, indent+2)
		w.comments = rest.comments
		w.b.WriteString(" " + strings.TrimLeft(rest.b.String(), " "))
	case isMap || isList:
		if isList && !item && w.chance(30, "not indented") {
			deeper = indent
		}
		w.end()
		w.own(deeper)
		w.block(v, deeper)
	default:
		w.scalarUnder(v, deeper)
	}
}

func (w *writer) scalarUnder(v any, deeper int) {
	s, isText := v.(string)
	if isText && blockable(s) && w.chance(60, "block text") {
		w.b.WriteString(" " + w.pick("style", "|", ">"))
		if strings.HasPrefix(s, " ") {
			return // see blockable
		}
		body := strings.TrimRight(s, "\n")
		w.b.WriteString([]string{"-", "", "+"}[min(2, len(s)-len(body))])
		w.end()
		for line := range strings.SplitSeq(body, "\n") {
			if line != "" {
				line = strings.Repeat(" ", deeper) + line
			}
			w.b.WriteString(line + "\n")
		}
		w.b.WriteString(strings.Repeat("\n", max(0, len(s)-len(body)-1)))
		return
	}
	written := w.inline(v, deeper, false)
	if written != "" && w.chance(10, "next line") {
		w.end()
		w.own(deeper)
		written = strings.Repeat(" ", deeper) + written
	} else if written != "" {
		written = " " + written
	}
	w.b.WriteString(written)
	w.end()
}

// blockable accepts what can stand in a block of text as it is.
func blockable(s string) bool {
	return strings.Trim(s, "\n") != "" && !strings.HasPrefix(s, " ") && !strings.HasPrefix(s, "\n") && !strings.HasPrefix(s, "\t") &&
		strings.IndexFunc(s, func(r rune) bool { return r != '\n' && (r < ' ' || r == '\u2028' || r == '\ufeff') }) < 0 &&
		(strings.Contains(s, "\n") || len(s) > 60)
}

// flow writes a value in flow style, on one line or several.
func (w *writer) flow(v any, indent int) {
	space := func() {
		switch {
		case w.chance(70, "one line"):
			w.b.WriteString(" ")
		default:
			w.end()
			w.own(indent)
			w.b.WriteString(strings.Repeat(" ", indent))
		}
	}
	switch v := v.(type) {
	case []pair:
		w.b.WriteString("{")
		for i, p := range v {
			if i > 0 {
				w.b.WriteString(",")
			}
			space()
			w.b.WriteString(w.flowScalar(p.key) + ": ")
			w.flow(p.value, indent)
		}
		space()
		w.b.WriteString("}")
	case []any:
		w.b.WriteString("[")
		for i, item := range v {
			if i > 0 {
				w.b.WriteString(",")
			}
			space()
			w.flow(item, indent)
		}
		space()
		w.b.WriteString("]")
	default:
		w.b.WriteString(w.flowScalar(v))
	}
}

func (w *writer) flowScalar(v any) string {
	if b, ok := v.(bare); ok {
		if b == "" {
			return "null"
		}
		return string(b)
	}
	s := v.(string)
	if strings.ContainsAny(s, ",[]{}:") {
		return w.quote(s)
	}
	return w.inline(s, 0, true)
}

// inline writes a scalar: plain where that is surely right, or quoted.
func (w *writer) inline(v any, indent int, oneLine bool) string {
	if b, ok := v.(bare); ok {
		return string(b)
	}
	s := v.(string)
	if surelyPlain(s) && w.chance(70, "plain") {
		if !oneLine && strings.Contains(s, " ") && !strings.Contains(s, "  ") && w.chance(20, "broken") {
			return strings.ReplaceAll(s, " ", "\n"+strings.Repeat(" ", indent+1))
		}
		return s
	}
	return w.quote(s)
}

func surelyPlain(s string) bool {
	if s == "" || slices.Contains([]string{"null", "true", "false", "no", "off", "~"}, s) {
		return false
	}
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '/' || r == 'ü' || r == '日' || r == '本'
		inside := r >= '0' && r <= '9' || strings.ContainsRune(" :.{}_-,", r)
		if !letter && (i == 0 || !inside) {
			return false
		}
	}
	return !strings.HasSuffix(s, " ") && !strings.HasSuffix(s, ":") && !strings.Contains(s, ": ")
}

func (w *writer) quote(s string) string {
	special := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == '\u2028' || r == '\ufeff' }) >= 0
	if !special && w.chance(50, "single") {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == '\u2028' || r == '\ufeff':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}
