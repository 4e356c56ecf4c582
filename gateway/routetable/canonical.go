package routetable

import (
	"strings"
)

// Canonical returns the one form of a request's path that routes and policies
// see: every escape decoded once, dot segments resolved (RFC 3986, 5.2.4). Two
// bytes stay escaped so that the form is exact: "%25" is a percent sign, "%2F" a
// slash inside a segment. The raw path is that of the request line, without the
// query; net/http has refused malformed escapes in it.
//
// The wire carries the raw path. A path without "%" and without a segment that
// begins with a dot is returned as it is.
func Canonical(raw string) string {
	if strings.IndexByte(raw, '%') < 0 && !strings.Contains(raw, "/.") {
		return raw
	}
	if raw == "" || raw[0] != '/' {
		return raw // no path; no route matches it
	}
	var kept []string
	trailing := false
	for path := raw; path != ""; {
		var segment string
		segment, path = nextSegment(path)
		switch decoded := unescape(segment); decoded {
		case ".":
			trailing = true
		case "..":
			kept = kept[:max(0, len(kept)-1)]
			trailing = true
		default:
			kept = append(kept, canonicalSegment(decoded))
			trailing = false
		}
	}
	text := "/" + strings.Join(kept, "/")
	if trailing && len(kept) > 0 {
		text += "/"
	}
	return text
}

// Segments returns the decoded segments of a canonical path; one that ends with a slash
// has an empty last one.
func Segments(path string) []string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		segments[i] = unescape(s)
	}
	return segments
}

// unescape decodes "%XX" and leaves what is no escape as it is.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, ok1 := unhex(s[i+1])
			low, ok2 := unhex(s[i+2])
			if ok1 && ok2 {
				b.WriteByte(high<<4 | low)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

var canonicalEscapes = strings.NewReplacer("%", "%25", "/", "%2F")

// canonicalSegment writes a decoded segment in canonical form.
func canonicalSegment(decoded string) string { return canonicalEscapes.Replace(decoded) }
