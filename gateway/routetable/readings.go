package routetable

import (
	"slices"
	"strings"
)

// maxReadings bounds how many readings of one path are looked at. A path with more
// was made to have them.
const maxReadings = 32

// maxOdd is how long a path with other readings may be, in bytes: it bounds what a request
// costs to a few milliseconds.
const maxOdd = 4 << 10

// Readings returns the canonical paths that other readings of a raw path yield, as
// backends are known to make: a slash that is escaped, written "\" or in more bytes than
// UTF-8 takes, escapes decoded twice, parameters behind ";", runs of slashes taken for
// one, dots, spaces and the names of NTFS streams cut off the end of a segment, sessions
// or a host in the path, dot segments left as they are or resolved before escapes are decoded, an
// end at "?", "#" or a control, letters in lower case. The path's own canonical form is
// not among them. ok is false where there are too many to tell, or the path is very long.
//
// A path with none of these bytes costs one scan (SECURITY: CVE-2021-31920, Istio;
// CVE-2025-66490, Traefik).
func Readings(raw string) (paths []string, ok bool) {
	if plain(raw) && !hasUpper(raw) {
		return nil, true
	}
	paths, ok = variants(raw)
	own := Canonical(raw)
	for _, path := range append([]string{own}, paths...) {
		if small := lower(path); small != own && !slices.Contains(paths, small) {
			paths = append(paths, small)
		}
	}
	return paths, ok
}

// variants are the readings but for the case of letters.
func variants(raw string) (paths []string, ok bool) {
	if plain(raw) {
		return nil, true
	}
	if len(raw) > maxOdd {
		return nil, false
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

// plain reports whether a path has one reading, but for the case of its letters.
func plain(raw string) bool {
	last := byte('/')
	for i := range len(raw) {
		switch c := raw[i]; {
		case c == '%', c == ';', c == '\\', c == '#', c == '(', c < ' ', c >= 0x7f, c == '$' && last == ':':
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
	slashes, twice, overlong, withoutParameters, withoutSessions, oneSlash, withoutHost, withoutHostOfMany, rawDots, trimmed, cut,
}

var slashEscapes = strings.NewReplacer("%2F", "/", "%2f", "/", "%5C", "/", "%5c", "/", `\`, "/")

func slashes(raw string) string { return slashEscapes.Replace(raw) }

// twice decodes all escapes where that makes others, so that they are decoded next.
func twice(raw string) string {
	if !strings.Contains(raw, "%25") {
		return raw
	}
	return unescape(raw)
}

func withoutParameters(raw string) string {
	return eachSegment(raw, func(s string) string {
		s, _, _ = strings.Cut(s, ";")
		s, _, _ = strings.Cut(s, "%3b")
		s, _, _ = strings.Cut(s, "%3B")
		return s
	})
}

// withoutSessions drops what ASP.NET keeps of sessions in paths, as in "/(S(x))/admin"
// (CVE-2023-36899).
func withoutSessions(raw string) string {
	if !strings.Contains(raw, "/(") && !strings.Contains(raw, "/%28") {
		return raw
	}
	segments := slices.DeleteFunc(strings.Split(raw, "/"), func(s string) bool {
		s = unescape(s)
		return strings.HasPrefix(s, "(") && strings.HasSuffix(s, "))")
	})
	return "/" + strings.TrimPrefix(strings.Join(segments, "/"), "/")
}

func oneSlash(raw string) string {
	for strings.Contains(raw, "//") {
		raw = strings.ReplaceAll(raw, "//", "/")
	}
	return raw
}

// withoutHost takes what begins with two slashes for a URL without scheme, as the URL
// parsers of JavaScript, Python and PHP do that are given a path.
func withoutHost(raw string) string {
	if len(raw) < 2 || raw[0] != '/' && raw[0] != '\\' || raw[1] != '/' && raw[1] != '\\' {
		return raw
	}
	i := strings.IndexAny(raw[2:], `/\`)
	if i < 0 {
		return "/"
	}
	return "/" + raw[2+i+1:]
}

// withoutHostOfMany is what browsers' parsers do: they pass over all slashes before the host.
func withoutHostOfMany(raw string) string {
	if withoutHost(raw) == raw {
		return raw
	}
	return withoutHost("//" + strings.TrimLeft(raw, `/\`))
}

// rawDots resolves dot segments that are not escaped, and leaves the others.
func rawDots(raw string) string {
	if !strings.Contains(raw, "/.") || raw[0] != '/' {
		return raw
	}
	var kept []string
	segments := strings.Split(raw[1:], "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// trimmed is how Windows reads names: without dots and spaces at the end, and without the
// name of a stream. Others cut off controls.
func trimmed(raw string) string {
	return eachSegment(raw, func(s string) string {
		decoded := unescape(s)
		if decoded == "." || decoded == ".." {
			return s
		}
		short, _, named := strings.Cut(decoded, ":$") // "::$DATA" and ":$i30:$INDEX_ALLOCATION" (CVE-2010-2731)
		if named {
			short = strings.TrimSuffix(short, ":")
		}
		short = strings.TrimRightFunc(short, func(c rune) bool { return c <= ' ' || c == '.' || c == 0x7f })
		if short != decoded {
			return escapes.Replace(short)
		}
		return s
	})
}

// escapes writes a decoded segment so that it can be decoded again.
var escapes = strings.NewReplacer("%", "%25", "/", "%2F", `\`, "%5C", ";", "%3B", "?", "%3F", "#", "%23", "\x00", "%00")

// cut ends a path where a text that is decoded too early, or is no path, would end.
func cut(raw string) string {
	for i := range len(raw) {
		c := raw[i]
		if c == '%' && i+2 < len(raw) {
			high, ok1 := unhex(raw[i+1])
			low, ok2 := unhex(raw[i+2])
			if !ok1 || !ok2 {
				continue
			}
			c = high<<4 | low
		}
		if c == '?' || c == '#' || c < ' ' {
			return raw[:i]
		}
	}
	return raw
}

func hasUpper(path string) bool {
	for i := range len(path) {
		if c := path[i]; 'A' <= c && c <= 'Z' {
			return true
		}
	}
	return false
}

// lower takes the letters of ASCII in a canonical path to lower case, and leaves every
// other byte as it is, escapes too: a path need not be UTF-8.
func lower(path string) string {
	if !hasUpper(path) {
		return path
	}
	text := []byte(path)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '%':
			i += 2
		case 'A' <= c && c <= 'Z':
			text[i] = c + 'a' - 'A'
		}
	}
	return string(text)
}

// eachSegment changes segments. A path of which none changes is not copied.
func eachSegment(raw string, change func(string) string) string {
	var b strings.Builder
	written, changed := 0, false
	for begin := 0; begin <= len(raw); {
		end := len(raw)
		if i := strings.IndexByte(raw[begin:], '/'); i >= 0 {
			end = begin + i
		}
		if s := raw[begin:end]; s != "" {
			if other := change(s); other != s {
				b.WriteString(raw[written:begin])
				b.WriteString(other)
				written, changed = end, true
			}
		}
		begin = end + 1
	}
	if !changed {
		return raw
	}
	b.WriteString(raw[written:])
	return b.String()
}

// literalDots is the canonical form but for dot segments, which stay.
func literalDots(raw string) string {
	return eachSegment(raw, func(s string) string { return canonicalSegment(unescape(s)) })
}
