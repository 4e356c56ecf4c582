package export

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// The expressions here are the same in RE2 and in PCRE. They read decoded paths: all
// targets decode before they match.

// decoded returns the text of a canonical literal as the targets see it.
func decoded(literal string) string {
	text, err := url.PathUnescape(literal)
	if err != nil {
		return literal // canonical text is escaped well; there is no such literal
	}
	return text
}

// pathRegexp returns an expression for the paths that the parts match; wildcards named
// in groups are captured under the name that the map gives. end stands for the end of
// the text. "" means any path.
func pathRegexp(parts []routetable.Part, groups map[string]string, end string) string {
	var b strings.Builder
	for i, p := range parts {
		switch p.Kind {
		case routetable.Literal:
			b.WriteString("/" + regexp.QuoteMeta(decoded(p.Text)))
		case routetable.Wildcard:
			b.WriteString("/" + group(groups[p.Text], "[^/]+"))
		case routetable.End:
			b.WriteString("/")
		case routetable.Rest:
			b.WriteString("/")
			if groups[p.Text] != "" && p.Text != "" {
				b.WriteString(group(groups[p.Text], "(?s:.*)"))
			} else if i == 0 {
				return ""
			}
			return "^" + b.String()
		}
	}
	return "^" + b.String() + end
}

func group(name, expression string) string {
	if name == "" {
		return expression
	}
	return fmt.Sprintf("(?P<%s>%s)", name, expression)
}

// hostRegexp returns an expression for the hosts of a pattern, in lower case and
// without port: from begin to end, with any standing for the labels of a wildcard.
func hostRegexp(host, any string) string {
	if name, wild := strings.CutPrefix(host, "*."); wild {
		return any + `\.` + regexp.QuoteMeta(name)
	}
	return regexp.QuoteMeta(host)
}

// wantedRegexp returns an expression for the values that are wanted: quote writes a
// text as an expression.
func wantedRegexp(w route.Wanted, quote func(string) string, end string) string {
	if prefix, any := strings.CutSuffix(string(w), "*"); any {
		return quote(prefix)
	}
	return quote(string(w)) + end
}

// mediaRegexp returns an expression for Content-Type headers; "" is any. RFC 9110,
// 8.3.1: media types are case-insensitive, and parameters follow a semicolon.
func mediaRegexp(w route.Wanted) string {
	if w == "" || w == "*" {
		return ""
	}
	return `(?i)^[ \t]*` + wantedRegexp(w, regexp.QuoteMeta, `[ \t]*(?:;|$)`)
}

// hasEscapedSlash reports whether a literal of the pattern holds a slash inside a
// segment.
func hasEscapedSlash(parts []routetable.Part) bool {
	return slices.ContainsFunc(parts, func(p routetable.Part) bool {
		return p.Kind == routetable.Literal && strings.Contains(decoded(p.Text), "/")
	})
}

// losePattern reports what no target reads in a pattern as Ficus does.
func (s *source) losePattern(r *rule) {
	if hasEscapedSlash(r.Pattern.Parts()) {
		s.lose(r, CodePattern, "%%2F in the match is a slash like any other here, so that other paths match too")
	}
}

// decodedSlashes is the note on paths that all targets but Ficus read alike.
func (s *source) decodedSlashes(who, and string) {
	s.note(CodePattern, "%s takes %%2F in a path for a slash%s before it looks for a route", who, and)
}
