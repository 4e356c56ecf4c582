package importer

import (
	"fmt"
	"net/url"
	"strings"
)

// patternsOf makes patterns of one way.
func patternsOf(tokens []token) (paths, error) {
	if len(tokens) == 0 || tokens[0].kind != begin {
		return paths{}, fmt.Errorf("%w: it does not begin at the beginning of the path", errNoPattern)
	}
	w := patternWriter{names: map[string]bool{}}
	tokens = tokens[1:]
	for i, t := range tokens {
		last := i == len(tokens)-1
		if t.note != "" {
			w.note(t.note)
		}
		switch t.kind {
		case begin:
		case text:
			w.text(t.text)
		case some:
			w.wild(t.text)
		case end:
			if !last {
				return paths{}, fmt.Errorf("%w: it goes on behind the end", errNoPattern)
			}
			return w.close(true)
		case all:
			if !last && !(i == len(tokens)-2 && tokens[i+1].kind == end) {
				return paths{}, fmt.Errorf("%w: .* stands before the end", errNoPattern)
			}
			return w.close(false)
		}
	}
	return w.close(false)
}

// patternWriter puts segments together.
type patternWriter struct {
	out     paths
	path    string
	segment string          // text of the one that is open
	opened  bool            // a slash has begun one
	name    string          // of the wildcard that it is
	names   map[string]bool // taken
	bad     bool
}

func (w *patternWriter) text(text string) {
	for i, piece := range strings.Split(text, "/") {
		if i > 0 {
			w.next()
		}
		w.segment += piece
	}
}

// next begins a segment.
func (w *patternWriter) next() {
	switch {
	case !w.opened && w.segment+w.name != "":
		w.bad = true // it does not begin with a slash
	case w.opened:
		w.path += "/" + w.written()
		if w.segment == "" && w.name == "" {
			w.bad = true // an empty segment
		}
	}
	w.opened, w.segment, w.name = true, "", ""
}

func (w *patternWriter) wild(name string) {
	if w.name == "" {
		w.name = name
	}
}

// written is the open segment as a pattern has it.
func (w *patternWriter) written() string {
	if w.name == "" {
		w.bad = w.bad || w.segment == "." || w.segment == ".."
		return escapeSegment(w.segment)
	}
	if w.segment != "" {
		w.note(fmt.Sprintf("wider: any segment, not with %q in it alone", w.segment))
	}
	return "{" + freeName(w.name, w.names) + "}"
}

func (w *patternWriter) note(text string) {
	w.out.add(paths{notes: []string{text}})
}

// freeName makes a name for a wildcard.
func freeName(name string, taken map[string]bool) string {
	var b strings.Builder
	for _, c := range name {
		if c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' && b.Len() > 0 {
			b.WriteRune(c)
		} else if b.Len() > 0 {
			b.WriteByte('_')
		}
	}
	base := strings.TrimRight(b.String(), "_")
	if base == "" {
		base = "id"
	}
	free := base
	for i := 2; taken[free]; i++ {
		free = fmt.Sprint(base, i)
	}
	taken[free] = true
	return free
}

// escapeSegment writes a decoded segment as a pattern has it.
func escapeSegment(text string) string { return url.PathEscape(text) }

// close ends the pattern: exactly here, or with anything behind it.
func (w *patternWriter) close(exact bool) (paths, error) {
	empty := w.segment == "" && w.name == ""
	switch {
	case empty && exact:
		w.out.patterns = []string{w.path + "/{$}"}
	case empty:
		w.out.patterns = []string{w.path + "/"}
	default:
		literal := w.name == ""
		whole := w.path + "/" + w.written()
		w.out.patterns = []string{whole}
		if !exact {
			w.out.patterns = append(w.out.patterns, whole+"/")
			if literal {
				w.note(fmt.Sprintf("narrower: %s takes whole segments, not %s-more", whole, whole))
			}
		}
	}
	if w.bad || !w.opened {
		return paths{}, fmt.Errorf("%w: it has no plain segments", errNoPattern)
	}
	return w.out, nil
}
