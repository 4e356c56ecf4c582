package routetable

import (
	"slices"
	"strings"
)

// maxReadings bounds how many readings of one path are looked at. A path with more
// was made to have them.
const maxReadings = 32

// Readings returns the canonical paths that other readings of a raw path yield, as
// backends are known to make: a slash that is escaped or written "\", escapes decoded
// twice, parameters behind ";", runs of slashes taken for one, dots and spaces cut off
// the end of a segment, dot segments left as they are, an end at "?", "#" or NUL, letters
// in lower case. The path's own canonical form is not among them. ok is false where
// there are too many to tell.
//
// A path with none of these bytes costs one scan (SECURITY: CVE-2021-31920, Istio;
// CVE-2025-66490, Traefik).
func Readings(raw string) (paths []string, ok bool) {
	if plain(raw) {
		return nil, true
	}
	own := Canonical(raw)
	seen := []string{raw}
	for i := 0; i < len(seen); i++ {
		for _, read := range readings {
			other := read(seen[i])
			if slices.Contains(seen, other) {
				continue
			}
			if len(seen) == maxReadings {
				return nil, false
			}
			seen = append(seen, other)
		}
	}
	for _, s := range seen {
		for _, path := range []string{Canonical(s), literalDots(s)} {
			if path != own && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths, true
}

// plain reports whether a path has one reading.
func plain(raw string) bool {
	last := byte('/')
	for i := range len(raw) {
		switch c := raw[i]; {
		case c == '%', c == ';', c == '\\', 'A' <= c && c <= 'Z':
			return false
		case c == '/' && (last == '/' && i > 0 || last == '.' || last == ' '):
			return false
		case c == '.' && last == '/':
			return false
		}
		last = raw[i]
	}
	return last != '.' && last != ' '
}

// readings take a raw path to what is left of it after one way to read it.
var readings = []func(string) string{
	slashes, twice, withoutParameters, oneSlash, trimmed, cut, lower,
}

var slashEscapes = strings.NewReplacer("%2F", "/", "%2f", "/", "%5C", "/", "%5c", "/", `\`, "/")

func slashes(raw string) string { return slashEscapes.Replace(raw) }

// twice decodes the escapes of percent signs, so that what they began is decoded next.
func twice(raw string) string { return strings.ReplaceAll(raw, "%25", "%") }

func withoutParameters(raw string) string {
	return eachSegment(raw, func(s string) string {
		s, _, _ = strings.Cut(s, ";")
		s, _, _ = strings.Cut(s, "%3b")
		s, _, _ = strings.Cut(s, "%3B")
		return s
	})
}

func oneSlash(raw string) string {
	for strings.Contains(raw, "//") {
		raw = strings.ReplaceAll(raw, "//", "/")
	}
	return raw
}

// trimmed is how Windows reads names: without dots and spaces at the end.
func trimmed(raw string) string {
	return eachSegment(raw, func(s string) string {
		decoded := unescape(s)
		if decoded == "." || decoded == ".." {
			return s
		}
		if short := strings.TrimRight(decoded, ". "); short != decoded {
			return escapes.Replace(short)
		}
		return s
	})
}

// escapes writes a decoded segment so that it can be decoded again.
var escapes = strings.NewReplacer("%", "%25", "/", "%2F", `\`, "%5C", ";", "%3B", "?", "%3F", "#", "%23", "\x00", "%00")

// cut ends a path where a text that is decoded too early would end.
func cut(raw string) string {
	for _, mark := range []string{"%3f", "%3F", "%23", "%00"} {
		raw, _, _ = strings.Cut(raw, mark)
	}
	return raw
}

// lower takes the letters of ASCII to lower case, and leaves every other byte as it is:
// a path need not be UTF-8.
func lower(raw string) string {
	text := []byte(raw)
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			text[i] = c + 'a' - 'A'
		}
	}
	return string(text)
}

func eachSegment(raw string, change func(string) string) string {
	segments := strings.Split(raw, "/")
	for i, s := range segments {
		segments[i] = change(s)
	}
	return strings.Join(segments, "/")
}

// literalDots is the canonical form but for dot segments, which stay.
func literalDots(raw string) string {
	return eachSegment(raw, func(s string) string { return canonicalSegment(unescape(s)) })
}
