package routetable

// What follows takes patterns apart for tools that write them in another language, or
// that ask which of two entries comes first. It decides nothing that the matcher does
// not decide.

// PartKind says what a segment of a pattern takes.
type PartKind uint8

// The kinds of parts.
const (
	Literal  PartKind = iota // the segment Text itself
	Wildcard                 // {name}: any one segment that is not empty
	Rest                     // {name...} or a trailing slash: all that follows, at least "/"
	End                      // {$}: a slash, and the end
)

// A Part is one segment of a pattern's path.
type Part struct {
	Kind PartKind
	Text string // a literal in canonical form, or a name; "" for a trailing slash and {$}
}

var partKinds = [...]PartKind{literal: Literal, wildcard: Wildcard, rest: Rest, slashEnd: End}

func partsOf(segments []segment) []Part {
	parts := make([]Part, len(segments))
	for i, s := range segments {
		parts[i] = Part{Kind: partKinds[s.kind], Text: s.text}
		if s.kind == slashEnd {
			parts[i].Text = ""
		}
	}
	return parts
}

// Method returns the pattern's method, "" for any. GET also matches HEAD.
func (p Pattern) Method() string { return p.method }

// Host returns the pattern's host in lower case, "" for any; it may begin with "*.".
func (p Pattern) Host() string {
	if p.host == "" {
		return ""
	}
	return hostText(p.host)
}

// Parts returns the segments of the pattern's path.
func (p Pattern) Parts() []Part { return partsOf(p.segments) }

// Parts returns the segments of the path. A slash at its end is a Rest without a name.
func (t Template) Parts() []Part {
	parts := partsOf(t.segments)
	if t.slash {
		parts = append(parts, Part{Kind: Rest})
	}
	return parts
}

// Names lists the wildcards that the text names, in their order.
func (t Text) Names() []string {
	var names []string
	for _, part := range t {
		if part.name != "" {
			names = append(names, part.name)
		}
	}
	return names
}

// Write returns the text with its literal parts and its names as two functions write
// them.
func (t Text) Write(literal, name func(string) string) string {
	text := ""
	for _, part := range t {
		text += literal(part.literal)
		if part.name != "" {
			text += name(part.name)
		}
	}
	return text
}

// Covers reports whether every request that b's pattern matches is matched by a's,
// conditions aside.
func Covers(a, b Pattern) bool {
	r, overlap := comparePatterns(a, b)
	return overlap && (r == same || r == general)
}

// Wins reports whether a gets the requests that both entries match. For entries of
// one table exactly one of Wins(a, b) and Wins(b, a) holds, if they overlap.
func Wins(a, b *Entry) bool {
	if a.Pattern.text == "" || b.Pattern.text == "" {
		return b.Pattern.text == "" && a.Pattern.text != ""
	}
	if hosts, _ := compareHosts(a.Pattern.host, b.Pattern.host); hosts != same {
		return hosts == specific
	}
	methods, _ := compareMethods(a.Pattern.method, b.Pattern.method)
	paths, _ := comparePaths(a.Pattern.segments, b.Pattern.segments)
	if r := methods | paths; r != same {
		return r == specific
	}
	return a.When.Count() > b.When.Count()
}
