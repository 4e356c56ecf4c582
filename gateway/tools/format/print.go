package format

import (
	"strings"
	"unicode/utf8"
)

// maxWidth is how long a line may get before brackets are opened up, in characters,
// without the comment at its end.
const maxWidth = 100

// step is how much what stands in something is indented more.
const step = 2

// printer writes a tree. What it writes reads as the same tree again.
type printer struct {
	out   strings.Builder
	lead  string // what the next line begins with, in place of its indentation: dashes
	apart bool   // the last line is empty, or there is none
}

func (t *tree) print() string {
	p := &printer{apart: true}
	p.comments(t.header, 0)
	if t.gap {
		p.space()
	}
	p.collection(t.root, 0)
	if p.out.Len() == 0 {
		p.line(0, "{}") // an empty file would be taken for one that is about to be written
	}
	return p.out.String()
}

func (p *printer) line(indent int, text string) {
	if p.lead == "" {
		p.lead = strings.Repeat(" ", indent)
	}
	p.out.WriteString(p.lead + text + "\n")
	p.lead, p.apart = "", false
}

// space writes an empty line, unless there is one or it would be the first.
func (p *printer) space() {
	if !p.apart {
		p.out.WriteByte('\n')
		p.apart = true
	}
}

func (p *printer) comments(list []comment, indent int) {
	for _, c := range list {
		if c.blank {
			p.space()
		}
		p.line(indent, c.text)
	}
}

// collection writes the entries of a mapping or list, one below the other, and the
// comments that end it.
func (p *printer) collection(n *node, indent int) {
	for i, e := range n.entries {
		e.raise(indent)
		if i > 0 && n.setApart(i, indent) {
			p.space()
		}
		if len(e.head) > 0 {
			e.head[0].blank = false
			p.comments(e.head, indent)
			if e.blank {
				p.space()
			}
		}
		p.entry(e, indent)
	}
	p.comments(n.foot, indent)
}

// setApart reports whether an empty line goes above entry i: always between sections
// of the file and between routes, else where the author had one; between the keys of
// a route only above a comment.
func (n *node) setApart(i, indent int) bool {
	before, e := n.entries[i-1], n.entries[i]
	wanted := e.blank
	if len(e.head) > 0 {
		wanted = e.head[0].blank
	}
	switch {
	case n.shape == document:
		return true
	case n.shape == routes && (before.opensUp(indent) || e.opensUp(indent)):
		return true
	case n.ranked:
		return wanted && len(e.head) > 0
	}
	return wanted
}

// entry writes a key or dash and its value.
func (p *printer) entry(e *entry, indent int) {
	comment := ""
	if len(e.line) > 0 {
		comment = " " + e.line[0].text
	}
	switch v := e.value; {
	case !e.opensUp(indent):
		p.line(indent, e.flat()+comment)
	case v.kind == scalar:
		lines := v.scalar.lines(maxWidth - indent - step)
		p.line(indent, e.label()+" "+lines[0]+comment)
		for _, line := range lines[1:] {
			if line == "" {
				p.out.WriteByte('\n') // a part of the text: not to be left out or doubled
				p.apart = true
			} else {
				p.line(indent+step, line)
			}
		}
	case e.in.kind == sequence:
		if p.lead == "" {
			p.lead = strings.Repeat(" ", indent)
		}
		p.lead += "- "
		p.collection(v, indent+step)
	default:
		p.line(indent, e.label()+comment)
		p.collection(v, indent+step)
	}
}

func (e *entry) label() string {
	if e.in.kind == sequence {
		return "-"
	}
	return e.key.inline(asKey) + ":"
}

// flat is the entry on one line.
func (e *entry) flat() string {
	if value := e.value.flat(inBlock); value != "" {
		return e.label() + " " + value
	}
	return e.label()
}

// opensUp reports whether the entry takes more than one line where it is indented so.
func (e *entry) opensUp(indent int) bool {
	if e.value.kind == scalar {
		return e.value.scalar.lines(maxWidth-indent-step) != nil
	}
	return len(e.value.entries) > 0 && (!e.value.canBeFlat() || indent+utf8.RuneCountInString(e.flat()) > maxWidth)
}

// raise puts comments that have no place of their own, since a dash and the first key
// behind it share a line, above the dash.
func (e *entry) raise(indent int) {
	if e.in.kind == mapping || e.value.kind == scalar || !e.opensUp(indent) {
		return
	}
	first := e.value.entries[0]
	first.raise(indent + step)
	if len(e.head) == 0 && len(first.head) > 0 {
		first.head[0].blank = e.blank
	}
	if len(first.head) > 0 {
		e.blank = first.blank
	}
	e.head = append(append(e.head, e.line...), first.head...)
	e.line, first.head = nil, nil
}

// canBeFlat reports whether n was written between brackets, without comments inside.
func (n *node) canBeFlat() bool {
	if n.kind == scalar {
		return true
	}
	if !n.flow || len(n.foot) > 0 {
		return len(n.entries) == 0 && len(n.foot) == 0
	}
	for _, e := range n.entries {
		if len(e.head) > 0 || len(e.line) > 0 || !e.value.canBeFlat() {
			return false
		}
	}
	return true
}

// flat is the value on one line: [a, b], { a: b }.
func (n *node) flat(c context) string {
	if n.kind == scalar {
		return n.scalar.inline(c)
	}
	parts := make([]string, len(n.entries))
	for i, e := range n.entries {
		if n.kind == mapping {
			c = inBraces
		}
		parts[i] = e.value.flat(max(c, inFlow))
		if n.kind == mapping {
			parts[i] = e.key.inline(asFlowKey) + ": " + parts[i]
		}
	}
	inner := strings.Join(parts, ", ")
	switch {
	case n.kind == sequence:
		return "[" + inner + "]"
	case inner == "":
		return "{}"
	}
	return "{ " + inner + " }"
}
