package sessions

import (
	"net/http"
	"net/url"
	"strings"
)

// cookie returns the value of the cookie of that name, "" for none. The header is read
// here and not by net/http, which passes over cookies that some backends accept, so that
// a second one could hide behind that. Names that a backend may read as the same
// (percent-encoded; Python's other blanks; PHP's "." for "_") count as duplicates.
func cookie(r *http.Request, name string) (string, error) {
	found := ""
	exact, folded := 0, 0
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			key, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
			key = strings.TrimRight(key, " \t")
			if key == name {
				found = strings.TrimLeft(value, " \t")
				exact++
			} else if readAs(key, name) {
				folded++
			}
		}
	}
	switch {
	case exact == 0:
		return "", nil
	case exact+folded > 1:
		return "", refused("cookie " + name + " is there more than once")
	case len(found) > maxCookie:
		return "", refused("cookie " + name + " is too long")
	}
	return found, nil
}

// readAs tells whether a backend may take a cookie's name for another.
func readAs(key, name string) bool {
	for key != "" && blank(key[0]) {
		key = key[1:]
	}
	for key != "" && blank(key[len(key)-1]) {
		key = key[:len(key)-1]
	}
	if decoded, err := url.PathUnescape(key); err == nil {
		key = decoded
	}
	if key == name {
		return true
	}
	key, _, _ = strings.Cut(key, "[")
	return strings.NewReplacer(".", "_", " ", "_", "+", "_").Replace(key) == name
}

// blank tells what Python's str.strip takes off a header, which it reads as Latin-1, and
// any other control byte.
func blank(c byte) bool { return c <= ' ' || c == 0x7f || c == 0x85 || c == 0xa0 }

// validToken tells whether a name can be a cookie's (RFC 6265, 4.1.1).
func validToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}
