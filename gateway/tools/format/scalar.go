package format

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A text is a scalar: a string, or a number, truth value or null as written. The zero
// text is the null of a key with nothing behind it.
type text struct {
	isString bool
	value    string
	broken   bool   // written over several lines
	block    string // "|" or ">" for a block of text
	source   string // what stood in the block, line by line
}

// A context is where a scalar stands, which decides what may go without quotes.
type context uint8

const (
	inBlock  context = iota
	inFlow           // between brackets
	inBraces         // between brackets, somewhere inside of braces
	asKey
	asFlowKey
)

// tries are documents with a scalar in a context, for the parser to say what it takes
// it for.
var tries = map[context]string{
	inBlock:   "k: %s\n",
	inFlow:    "k: [%s, [a, %[1]s]]\n",
	inBraces:  "k: { a: [b, %s], c: %[1]s }\n", // where it takes [x:80] for a mapping
	asKey:     "%s: v\n",
	asFlowKey: "k: { %s: v }\n",
}

// inline returns the text on one line, with quotes where they are needed.
func (t text) inline(c context) string {
	switch {
	case !t.isString && t.value == "" && c != inBlock:
		return "null"
	case !t.isString:
		return t.value
	case plain(t.value, c):
		return t.value
	}
	return quoted(t.value)
}

// plain reports whether a string may go without quotes. The rules are those of YAML
// 1.2.2, 7.3.3, on the safe side, and the parser has the last word.
func plain(s string, c context) bool {
	if s == "" || strings.TrimSpace(s) != s || strings.IndexFunc(s, unprintable) >= 0 || numeric(s) {
		return false
	}
	if strings.ContainsRune("#&*!|>'\"%@`,[]{}", rune(s[0])) || strings.Contains(s, ": ") || strings.Contains(s, " #") || strings.HasSuffix(s, ":") ||
		slices.ContainsFunc(markers, func(m string) bool { return strings.HasPrefix(s+" ", m) }) {
		return false
	}
	between := c != inBlock && c != asKey
	if between && strings.ContainsAny(s, ",[]{}") {
		return false
	}
	return harmless(s, between) || readsAs(s, c)
}

// markers mean something at the beginning of a value.
var markers = []string{"- ", "? ", ": ", "---", "..."}

// harmless accepts the most common strings, so that few have to be tried: those of
// letters and slashes, and after the first also of what paths and hosts are made of.
func harmless(s string, betweenBrackets bool) bool {
	inside := "-_. "
	if !betweenBrackets {
		inside += ":{}"
	}
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '/'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || strings.IndexByte(inside, c) >= 0)) {
			return false
		}
	}
	switch strings.ToLower(s) {
	case "null", "true", "false":
		return false
	}
	return true
}

// numeric reports whether another reader of YAML might take s for a number.
func numeric(s string) bool {
	digits := strings.ReplaceAll(s, "_", "")
	if _, err := strconv.ParseFloat(digits, 64); err == nil {
		return true
	}
	_, err := strconv.ParseInt(digits, 0, 64)
	return err == nil
}

func unprintable(r rune) bool {
	return r == utf8.RuneError || r == '\ufeff' || r != ' ' && !unicode.IsPrint(r)
}

// quoted writes a string in double quotes, or in single ones where that saves
// escapes.
func quoted(s string) string {
	if strings.ContainsAny(s, `"\`) && !strings.Contains(s, "'") && strings.IndexFunc(s, unprintable) < 0 {
		return "'" + s + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case !unprintable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// readsAs reports whether the parser takes a string for the same with and without
// quotes.
func readsAs(s string, c context) bool {
	return sayTheSame(fmt.Sprintf(tries[c], s), fmt.Sprintf(tries[c], quoted(s)))
}

// sayTheSame reports whether two documents are YAML and say the same.
func sayTheSame(a, b string) bool {
	var roots [2]ast.Node
	for i, source := range []string{a, b} {
		file, err := parser.ParseBytes([]byte(source), 0)
		if err != nil || len(file.Docs) != 1 {
			return false
		}
		roots[i] = file.Docs[0].Body
	}
	_, same := sameNode(roots[0], roots[1])
	return same
}
