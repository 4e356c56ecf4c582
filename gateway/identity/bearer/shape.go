package bearer

import "strings"

// checkShape tells whether a token can be a signed one in compact form: three segments of
// unpadded base64url (RFC 7515, 3.1), each in its one canonical spelling. It allocates
// nothing for a good one, and looks at each byte once, so that no token costs more than
// its length before it is known to be one (CVE-2025-30204).
func checkShape(token string) error {
	rest := token
	for i := range 3 {
		segment, after, more := strings.Cut(rest, ".")
		if more != (i < 2) {
			return refused("the token has not three segments")
		}
		if !canonical(segment) {
			return refused("segment %d of the token is no canonical base64url", i+1)
		}
		rest = after
	}
	return nil
}

// canonical tells whether text is base64url without padding whose unused bits are zero: a
// second spelling of the same bytes would be a second token that no revocation knows.
func canonical(text string) bool {
	if text == "" {
		return false
	}
	for i := range len(text) {
		if digit(text[i]) < 0 {
			return false
		}
	}
	last := digit(text[len(text)-1])
	switch len(text) % 4 {
	case 0:
		return true
	case 2:
		return last&0b1111 == 0
	case 3:
		return last&0b11 == 0
	}
	return false
}

// digit returns the value of a base64url digit, and -1 for another byte.
func digit(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '-':
		return 62
	case c == '_':
		return 63
	}
	return -1
}
