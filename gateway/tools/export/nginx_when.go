package export

import (
	"fmt"
	"regexp"
	"strings"

	"ficus/gateway/route"
)

// Each condition is a map to 0 or 1, and the key of the map of routes begins with those
// digits: a text that a client can't get into.

// whenKey is what the key of the map of routes begins with.
func (w *nginxWriter) whenKey() string {
	key := ""
	for i := range w.when {
		key += fmt.Sprintf("$ficus_when_%d", i+1)
	}
	if key != "" {
		key += " "
	}
	return key
}

// condition returns the place of a condition: value is what nginx looks at, and
// expression what it has to match.
func (w *nginxWriter) condition(comment, value, expression string) int {
	key := value + " " + expression
	if i, known := w.whenOf[key]; known {
		return i
	}
	i := len(w.when)
	w.when = append(w.when, key)
	w.whenOf[key] = i
	w.maps = append(w.maps, fmt.Sprintf("\n    map %s $ficus_when_%d { # %s\n        default 0;\n        %s 1;\n    }\n",
		value, i+1, oneLine(comment), nginxQuote("~"+expression)))
	return i
}

// conditions are the places of a rule's conditions.
func (w *nginxWriter) conditions(r *rule) map[int]bool {
	places := map[int]bool{}
	for _, name := range sortedKeys(r.when.Header) {
		wanted := r.when.Header[name]
		expression := "^" + wantedRegexp(wanted, regexp.QuoteMeta, `\z`)
		if wanted == "*" {
			expression = `(?s).`
		}
		places[w.condition("header "+name+": "+string(wanted), "$http_"+variableName(name), expression)] = true
		w.note(CodeConditions, "an empty header is one that is not sent; of a header that comes twice, nginx from 1.23 on sees both values as one")
	}
	for _, name := range sortedKeys(r.when.Cookie) {
		wanted := r.when.Cookie[name]
		expression := cookieRegexp(name)
		if prefix, any := strings.CutSuffix(string(wanted), "*"); any {
			expression += `"?` + regexp.QuoteMeta(prefix)
		} else {
			expression += `"?` + regexp.QuoteMeta(prefix) + `"?[ \t]*(?:;|\z)`
		}
		places[w.condition("cookie "+name+"="+string(wanted), "$http_cookie", expression)] = true
	}
	for _, name := range sortedKeys(r.when.Query) {
		wanted := r.when.Query[name]
		places[w.condition("query "+name+"="+string(wanted), "$args", queryRegexp(name, wanted))] = true
		w.note(CodeConditions, "a parameter of the query is not seen where letters or digits of it are escaped without need")
	}
	if expression := mediaRegexp(r.when.ContentType); expression != "" {
		places[w.condition("content type "+string(r.when.ContentType), "$http_content_type", expression)] = true
	}
	return places
}

// cookieRegexp finds the first cookie of a name, up to its value (RFC 6265, 4.2).
func cookieRegexp(name string) string {
	quoted := regexp.QuoteMeta(name)
	return `^(?:(?![ \t]*` + quoted + `=)[^;]*;)*[ \t]*` + quoted + `=`
}

// queryRegexp finds the first parameter of a name and its value in a raw query.
func queryRegexp(name string, wanted route.Wanted) string {
	first := `^(?:(?!` + rawRegexp(name) + `(?:[=&]|\z))[^&]*&)*` + rawRegexp(name)
	switch prefix, any := strings.CutSuffix(string(wanted), "*"); {
	case any && prefix == "":
		return first + `(?:[=&]|\z)`
	case any:
		return first + "=" + rawRegexp(prefix)
	default:
		return first + "=" + rawRegexp(prefix) + `(?:&|\z)`
	}
}

// rawRegexp matches a text as it may stand in a query: what has to be escaped, and
// what need not be and often is.
func rawRegexp(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			b.WriteByte(c)
		case c == ' ':
			b.WriteString(`(?:\+|%20)`)
		case strings.IndexByte("+&%#=", c) >= 0 || c < 0x21 || c > 0x7e:
			fmt.Fprintf(&b, "(?i:%%%02x)", c)
		default:
			fmt.Fprintf(&b, "(?:%s|(?i:%%%02x))", regexp.QuoteMeta(string(rune(c))), c)
		}
	}
	return b.String()
}

// whenRegexp matches the digits of the conditions.
func (w *nginxWriter) whenRegexp(r *rule) string {
	if len(w.when) == 0 {
		return ""
	}
	places := w.conditions(r)
	digits := ""
	for i := range w.when {
		if places[i] {
			digits += "1"
		} else {
			digits += "."
		}
	}
	return digits + " "
}
