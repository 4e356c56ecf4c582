package export

import (
	"fmt"
	"regexp"
	"strings"
)

// A path on the wire may write many characters in two ways (RFC 3986, 2.2): "(" or
// "%28". What clients usually send is the character itself, where a path may hold it.

// mayStand reports whether a path may hold a character as it is (RFC 3986, 3.3).
func mayStand(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~!$&'()*+,;=:@", c) >= 0
}

// needsNoEscape reports whether nobody escapes a character (RFC 3986, 2.3).
func needsNoEscape(c byte) bool {
	return mayStand(c) && strings.IndexByte("!$&'()*+,;=:@", c) < 0
}

// wire writes a canonical literal as clients usually send it.
func wire(literal string) string {
	var b strings.Builder
	for segment := range strings.SplitAfterSeq(literal, "/") {
		name, slash := strings.CutSuffix(segment, "/")
		for _, c := range []byte(decoded(name)) {
			if mayStand(c) {
				b.WriteByte(c)
			} else {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		}
		if slash {
			b.WriteByte('/')
		}
	}
	return b.String()
}

// wireRegexp matches a canonical literal, one segment, in the ways in which it may be
// sent, but for needless escapes.
func wireRegexp(literal string) string {
	var b strings.Builder
	for _, c := range []byte(decoded(literal)) {
		switch {
		case needsNoEscape(c):
			b.WriteString(regexp.QuoteMeta(string(rune(c))))
		case mayStand(c):
			fmt.Fprintf(&b, "(?:%s|(?i:%%%02x))", regexp.QuoteMeta(string(rune(c))), c)
		default:
			fmt.Fprintf(&b, "(?i:%%%02x)", c)
		}
	}
	return b.String()
}
