package routetable

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
)

// A Pattern is a match as parsed: which requests a route owns. Its language is
// that of net/http.ServeMux (https://pkg.go.dev/net/http#hdr-Patterns-ServeMux),
// and a host may begin with "*." as well, which stands for one or more labels.
type Pattern struct {
	text     string
	method   string // "" is any
	host     string // lower case; "" is any; ".example.com" for *.example.com
	segments []segment
}

type segmentKind uint8

const (
	literal  segmentKind = iota // the segment text itself
	wildcard                    // {name}: any one segment that is not empty
	rest                        // {name...} or a trailing slash: all that follows, at least "/"
	slashEnd                    // {$}: a slash, and the end
)

type segment struct {
	kind segmentKind
	text string // canonical literal, or name of the wildcard; "" for a trailing slash
}

// String returns the pattern as written.
func (p Pattern) String() string { return p.text }

// ParsePattern reads "[METHOD ][HOST]/PATH".
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{text: text}
	target := text
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		p.method, target = text[:i], strings.TrimLeft(text[i:], " \t")
		if !isMethod(p.method) {
			return Pattern{}, fmt.Errorf("%q is no method", p.method)
		}
	}
	slash := strings.IndexByte(target, '/')
	if slash < 0 {
		return Pattern{}, errors.New("the path is missing: it begins with /")
	}
	var err error
	if p.host, err = parseHost(target[:slash]); err != nil {
		return Pattern{}, err
	}
	p.segments, err = parseSegments(target[slash:])
	return p, err
}

func parseHost(host string) (string, error) {
	if host == "" {
		return "", nil
	}
	name, wild := strings.CutPrefix(host, "*.")
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if ascii, err := httpguts.PunycodeHostPort(name); err == nil {
		name = ascii // as clients send it: "bücher.example" as "xn--bcher-kva.example"
	}
	if !isHost(name) {
		return "", fmt.Errorf("%q is no host (a name without port, which may begin with \"*.\")", host)
	}
	if wild {
		return "." + name, nil
	}
	return name, nil
}

// isHost reports whether s, in lower case, may be a name of labels between dots.
func isHost(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxHost && !strings.Contains("."+s+".", "..")
}

func parseSegments(path string) ([]segment, error) {
	var segments []segment
	names := map[string]bool{}
	for path != "" {
		var text string
		text, path = nextSegment(path)
		s, err := parseSegment(text, path == "")
		if err != nil {
			return nil, err
		}
		if s.kind != literal && s.text != "" {
			if names[s.text] {
				return nil, fmt.Errorf("the name {%s} stands here twice", s.text)
			}
			names[s.text] = true
		}
		segments = append(segments, s)
	}
	return segments, nil
}

func parseSegment(text string, last bool) (segment, error) {
	if text == "" {
		if last {
			return segment{kind: rest}, nil
		}
		return segment{}, errors.New("the path has an empty segment (//)")
	}
	if !strings.ContainsAny(text, "{}") {
		return parseLiteral(text)
	}
	if text[0] != '{' || text[len(text)-1] != '}' || strings.ContainsAny(text[1:len(text)-1], "{}") {
		return segment{}, fmt.Errorf("bad wildcard segment %q: a wildcard is a whole segment, as in /{id}/", text)
	}
	name := text[1 : len(text)-1]
	if name == "$" {
		if !last {
			return segment{}, errors.New("{$} stands only at the end")
		}
		return segment{kind: slashEnd}, nil
	}
	name, isRest := strings.CutSuffix(name, "...")
	if isRest && !last {
		return segment{}, fmt.Errorf("{%s...} stands only at the end", name)
	}
	if !isIdentifier(name) {
		return segment{}, fmt.Errorf("%q is no name for a wildcard: it takes letters, digits and _", name)
	}
	if isRest {
		return segment{kind: rest, text: name}, nil
	}
	return segment{kind: wildcard, text: name}, nil
}

func parseLiteral(text string) (segment, error) {
	decoded, err := url.PathUnescape(text)
	if err != nil {
		return segment{}, fmt.Errorf("bad escape in segment %q", text)
	}
	if decoded == "." || decoded == ".." {
		return segment{}, fmt.Errorf("the path has a dot segment (%s)", text)
	}
	if strings.ContainsAny(text, "?#") {
		return segment{}, fmt.Errorf("segment %q: a pattern has no query or fragment", text)
	}
	return segment{kind: literal, text: canonicalSegment(decoded)}, nil
}

// nextSegment cuts the first segment off a path that begins with a slash.
func nextSegment(path string) (segment, after string) {
	path = path[1:]
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// isMethod accepts what RFC 9110, 5.6.2 calls a token, without lower-case
// letters: methods are case-sensitive, and a "get" in a table is a mistake.
func isMethod(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

func isIdentifier(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case '0' <= c && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return s != ""
}

func patternProblem(d *route.Definition, err error) route.Problem {
	return route.Problem{
		Code:    route.CodePattern,
		Message: fmt.Sprintf("%q: %v", d.Match, err),
		Hint:    "a match reads [METHOD ][HOST]/PATH, such as \"GET /api/cart/{id}\"",
	}
}
