package format

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// A comment is one line of comment, its "#" included.
type comment struct {
	place
	text  string
	own   bool // it stands on a line of its own
	blank bool // an empty line stands above
}

// readComments returns the comments of a text in their order.
func readComments(source string) []comment {
	lines := strings.Split(source, "\n")
	var found []comment
	for _, t := range lexer.Tokenize(source) {
		if t.Type != token.CommentType {
			continue
		}
		at := placeOf(t)
		line := []rune(lines[at.line-1])
		found = append(found, comment{
			place: at,
			text:  strings.TrimRight("#"+t.Value, " \t"),
			own:   strings.TrimSpace(string(line[:min(len(line), at.column-1)])) == "",
			blank: at.line > 1 && strings.TrimSpace(lines[at.line-2]) == "",
		})
	}
	return found
}

// attach gives each comment to what it speaks about, by its place: behind something,
// it belongs to that; on a line of its own, to what follows, unless it is indented
// more than what follows: then it ends what it is indented like.
func (t *tree) attach(comments []comment) {
	for _, c := range comments {
		i, _ := slices.BinarySearchFunc(t.entries, c.place, func(e *entry, at place) int {
			if e.at.before(at) {
				return -1
			}
			return 1
		})
		var last, next *entry
		if i > 0 {
			last = t.entries[i-1]
		}
		if i < len(t.entries) {
			next = t.entries[i]
		}
		switch {
		case last == nil && next == nil:
			t.header = append(t.header, c)
		case last == nil:
			next.head = append(next.head, c)
		case c.own:
			t.attachOwn(c, last, next)
		default:
			t.attachLine(c, last)
		}
	}
	for _, e := range t.entries {
		e.settle()
	}
	if len(t.root.entries) == 0 {
		t.header, t.root.foot = append(t.header, t.root.foot...), nil
	}
	t.cutHeader()
}

// attachLine places a comment that has something before it on its line.
func (t *tree) attachLine(c comment, last *entry) {
	e := last
	for e != nil && e.in.ended(c.place) {
		e = e.in.holder
	}
	if e == nil {
		t.root.foot = append(t.root.foot, c)
		return
	}
	e.line = append(e.line, c)
}

// attachOwn places a comment on a line of its own, after last and before next, which
// may be nil.
func (t *tree) attachOwn(c comment, last, next *entry) {
	if flow := last.flowAround(c.place); flow != nil {
		if next != nil && next.at.before(flow.end) {
			next.head = append(next.head, c)
		} else {
			flow.foot = append(flow.foot, c)
		}
		return
	}
	if c.before(last.value.start) && (next == nil || next.at != last.value.start) {
		last.head = append(last.head, c) // between a key and its value
		return
	}
	if next != nil && c.column <= next.at.column {
		next.head = append(next.head, c)
		return
	}
	ended := last.endedBefore(next)
	for _, n := range ended {
		if n.entries[0].at.column <= c.column {
			n.foot = append(n.foot, c)
			return
		}
	}
	switch {
	case next != nil && len(ended) == 0:
		next.head = append(next.head, c)
	case next != nil:
		outer := ended[len(ended)-1]
		outer.foot = append(outer.foot, c)
	default:
		t.root.foot = append(t.root.foot, c)
	}
}

// ended reports whether n is a flow collection that is closed before a place.
func (n *node) ended(at place) bool { return n.closed() && n.end.before(at) }

// around reports whether a place is between the brackets of n.
func (n *node) around(at place) bool {
	return n.closed() && n.start.before(at) && at.before(n.end)
}

// flowAround returns the innermost flow collection around a place that follows e.
func (e *entry) flowAround(at place) *node {
	if e.value.around(at) {
		return e.value
	}
	for n := e.in; ; n = n.holder.in {
		if n.around(at) {
			return n
		}
		if n.holder == nil {
			return nil
		}
	}
}

// endedBefore lists the block collections that e is in and next is not, the
// innermost first.
func (e *entry) endedBefore(next *entry) []*node {
	open := map[*node]bool{}
	for ; next != nil; next = next.in.holder {
		open[next.in] = true
	}
	var ended []*node
	for ; e != nil && !open[e.in]; e = e.in.holder {
		if !e.in.flow {
			ended = append(ended, e.in)
		}
	}
	return ended
}

// settle leaves an entry one comment on its line. What else stood behind a
// collection ends it; behind a key or value it goes above.
func (e *entry) settle() {
	if len(e.value.entries) == 0 {
		e.head = append(e.head, e.value.foot...) // [ # nothing yet ]
		e.value.foot = nil
		if n := len(e.line); n > 1 {
			e.head, e.line = append(e.head, e.line[:n-1]...), e.line[n-1:]
		}
	} else if len(e.line) > 1 {
		e.value.foot, e.line = append(e.value.foot, e.line[1:]...), e.line[:1]
	}
}

// cutHeader makes the first comments of the file its header, which stays at the top
// whatever comes below: those that an empty line sets apart, and instructions to
// editors.
func (t *tree) cutHeader() {
	if len(t.root.entries) == 0 {
		return
	}
	first := t.root.entries[0]
	header := 0
	for i, c := range first.head {
		apart := i+1 < len(first.head) && first.head[i+1].blank || i+1 == len(first.head) && first.blank
		if apart || header == i && strings.HasPrefix(c.text, "# yaml-language-server:") {
			header = i + 1
		}
	}
	t.header, first.head = first.head[:header], first.head[header:]
	switch {
	case header == 0:
	case len(first.head) > 0:
		t.gap = first.head[0].blank
	default:
		t.gap = first.blank
	}
}
