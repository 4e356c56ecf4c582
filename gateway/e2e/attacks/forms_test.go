package attacks

import (
	"regexp"
	"strings"
)

// What models share: escapes, overlong forms, slashes and dots.

// unescape decodes each %XX once.
func unescape(s string) string {
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		high, low := strings.IndexByte(hex, lowerHex(e[1])), strings.IndexByte(hex, lowerHex(e[2]))
		return string([]byte{byte(high<<4 | low)})
	})
}

const hex = "0123456789abcdef"

func lowerHex(c byte) byte { return c | ' ' }

var (
	unreservedByte = regexp.MustCompile(`^[A-Za-z0-9._~-]$`)
	highEscapes    = regexp.MustCompile(`(?i)%(c[01]|e0|[89ab][0-9a-f])`)
)

var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// unreserved decodes what need not be escaped.
func unreserved(s string) string {
	return escape.ReplaceAllStringFunc(s, func(e string) string {
		if d := unescape(e); unreservedByte.MatchString(d) {
			return d
		}
		return e
	})
}

// fromOverlong decodes ASCII that is written in two or three bytes, escaped or not.
func fromOverlong(s string) string {
	s = highEscapes.ReplaceAllStringFunc(s, unescape)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i]&0xfe == 0xc0 && i+1 < len(s) && s[i+1]&0xc0 == 0x80:
			b.WriteByte(s[i]<<6 | s[i+1]&0x3f)
			i++
		case s[i] == 0xe0 && i+2 < len(s) && s[i+1]&0xfe == 0x80 && s[i+2]&0xc0 == 0x80:
			b.WriteByte(s[i+1]<<6 | s[i+2]&0x3f)
			i += 2
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

var slashes = regexp.MustCompile(`/+`)

func merged(p string) string { return slashes.ReplaceAllString(p, "/") }

// resolved takes dot segments away (RFC 3986, 5.2.4).
func resolved(p string) string {
	var kept []string
	segments := strings.Split(strings.TrimPrefix(p, "/"), "/")
	for i, s := range segments {
		switch {
		case s == "..":
			kept = kept[:max(0, len(kept)-1)]
			fallthrough
		case s == ".":
			if i == len(segments)-1 {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, s)
		}
	}
	return "/" + strings.Join(kept, "/")
}

func aboveRoot(p string) bool {
	depth := 0
	for s := range strings.SplitSeq(strings.TrimPrefix(p, "/"), "/") {
		switch s {
		case "..":
			if depth--; depth < 0 {
				return true
			}
		case ".":
		default:
			depth++
		}
	}
	return false
}
