package accesslog

import (
	"strconv"
	"strings"
)

// parseCommon reads the common log format and what begins like it.
func parseCommon(line string) (Request, error) {
	before, after, ok := strings.Cut(line, `"`)
	if !ok {
		return Request{}, errNone
	}
	text, ok := unquote(after)
	if !ok {
		return Request{}, errNone
	}
	parts := strings.Split(text, " ")
	last := len(parts) - 1
	if last < 2 || !strings.HasPrefix(parts[last], "HTTP/") {
		return Request{}, errNone
	}
	// A client may send a target with spaces in it; it is kept as it was.
	return newRequest(parts[0], hostBefore(before), strings.Join(parts[1:last], " "), nil)
}

// hostBefore returns the host that "vhost" formats put in front of the line, which
// then has four fields before the date.
func hostBefore(text string) string {
	text, _, _ = strings.Cut(text, "[")
	if fields := strings.Fields(text); len(fields) == 4 {
		return fields[0]
	}
	return ""
}

// unquote returns the text up to the closing quote, its escapes undone: \" and \\,
// \t and the like, and \x41 (Apache, nginx).
func unquote(s string) (text string, closed bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), true
		case s[i] != '\\' || i+1 == len(s):
			b.WriteByte(s[i])
		default:
			c, after, err := unescaped(s[i:])
			if err != nil {
				return "", false
			}
			b.WriteByte(c)
			i = len(s) - len(after) - 1
		}
	}
	return "", false
}

// unescaped undoes the escape that s begins with.
func unescaped(s string) (c byte, after string, err error) {
	if s[1] == 'x' && len(s) >= 4 {
		n, err := strconv.ParseUint(s[2:4], 16, 8)
		return byte(n), s[4:], err
	}
	if i := strings.IndexByte("abfnrtv", s[1]); i >= 0 {
		return "\a\b\f\n\r\t\v"[i], s[2:], nil
	}
	return s[1], s[2:], nil
}
