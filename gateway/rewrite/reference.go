package rewrite

import (
	"strings"
)

// A reference is a URI reference cut into pieces (RFC 3986, appendix B), each as it
// stands, so that what does not change stays byte for byte.
type reference struct {
	scheme       string // "http" or "https" in any case; "" in a relative reference
	hasAuthority bool
	authority    string
	path         string
	tail         string // "?query" and "#fragment"
}

// parseReference cuts an http reference. Others, and what browsers would read in
// another way than this (they skip control characters and spaces at an end), are not
// ok.
func parseReference(text string) (r reference, ok bool) {
	for _, c := range []byte(text) {
		if c <= ' ' || c == 0x7f {
			return reference{}, false
		}
	}
	rest := text
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest, r.tail = rest[:i], rest[i:]
	}
	if i := strings.IndexAny(rest, ":/"); i >= 0 && rest[i] == ':' {
		r.scheme, rest = rest[:i], rest[i+1:]
		if !strings.EqualFold(r.scheme, "http") && !strings.EqualFold(r.scheme, "https") {
			return reference{}, false
		}
	}
	if strings.HasPrefix(rest, "//") {
		r.hasAuthority = true
		rest = rest[2:]
		end := strings.IndexByte(rest, '/')
		if end < 0 {
			end = len(rest)
		}
		r.authority, rest = rest[:end], rest[end:]
	}
	r.path = rest
	return r, r.hasAuthority || r.scheme == ""
}

func (r reference) String() string {
	var b strings.Builder
	if r.scheme != "" {
		b.WriteString(r.scheme + ":")
	}
	if r.hasAuthority {
		b.WriteString("//" + r.authority)
	}
	b.WriteString(r.path + r.tail)
	return b.String()
}

// resolvePath returns the path that a relative reference's path stands for, seen
// from a base: merged (RFC 3986, 5.2.3), without dot segments.
func resolvePath(base, path string) string {
	if !strings.HasPrefix(path, "/") {
		path = base[:strings.LastIndexByte(base, '/')+1] + path
	}
	return removeDots(path)
}

// removeDots resolves dot segments (RFC 3986, 5.2.4), escaped ones too, and leaves
// the other segments as they stand.
func removeDots(path string) string {
	if !strings.Contains(path, "/.") && !strings.Contains(path, "/%") {
		return path
	}
	var kept []string
	segments := strings.Split(path, "/")[1:]
	for i, s := range segments {
		dots := dotSegment(s)
		if dots == 2 {
			kept = kept[:max(0, len(kept)-1)]
		}
		if dots == 0 {
			kept = append(kept, s)
		} else if i == len(segments)-1 {
			kept = append(kept, "") // "/a/." is "/a/"
		}
	}
	return "/" + strings.Join(kept, "/")
}

// dotSegment returns how many dots a segment is; 0 for any other segment.
func dotSegment(s string) int {
	if len(s) > len("%2e%2e") {
		return 0
	}
	switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
	case ".":
		return 1
	case "..":
		return 2
	}
	return 0
}
