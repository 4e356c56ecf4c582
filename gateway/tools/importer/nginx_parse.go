package importer

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"ficus/gateway/route"
)

// directive is a statement of nginx: a name, arguments, and perhaps a block.
type directive struct {
	name  string
	args  []string
	block []directive
	raw   bool // the block is code of another language, and was skipped
	place route.Origin
}

// text is the directive on one line, without its block.
func (d *directive) text() string { return strings.Join(append([]string{d.name}, d.args...), " ") }

// A syntaxError is where a file is no nginx configuration.
type syntaxError struct {
	place   route.Origin
	message string
}

func (e *syntaxError) Error() string { return e.place.String() + ": " + e.message }

// maxDepth bounds how deep blocks nest.
const maxDepth = 50

// nginxParser reads one file. The grammar is that of ngx_conf_file.c: words, quoted or
// not, up to a semicolon or a block.
type nginxParser struct {
	file string
	text string
	at   int
	line int
}

func parseNginx(file, text string) ([]directive, error) {
	p := nginxParser{file: file, text: text, line: 1}
	return p.statements(0)
}

func (p *nginxParser) fail(line int, format string, args ...any) error {
	return &syntaxError{route.Origin{File: p.file, Line: line}, fmt.Sprintf(format, args...)}
}

// statements reads up to the end of the file, or at depth > 0 of the block.
func (p *nginxParser) statements(depth int) ([]directive, error) {
	if depth > maxDepth {
		return nil, p.fail(p.line, "more than %d blocks are open", maxDepth)
	}
	var all []directive
	opened := p.line
	for {
		word, kind, err := p.word()
		switch {
		case err != nil:
			return nil, err
		case kind == atEnd && depth > 0:
			return nil, p.fail(opened, "the block that begins here is not closed")
		case kind == atEnd, kind == atClose && depth > 0:
			return all, nil
		case kind == atClose:
			return nil, p.fail(p.line, "a } closes nothing")
		case kind != atWord:
			return nil, p.fail(p.line, "a directive is missing before %q", map[wordKind]string{atSemicolon: ";", atOpen: "{"}[kind])
		}
		d, err := p.statement(word, depth)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
}

// statement reads the rest of a directive.
func (p *nginxParser) statement(name string, depth int) (directive, error) {
	d := directive{name: name, place: route.Origin{File: p.file, Line: p.line}}
	for {
		word, kind, err := p.word()
		switch {
		case err != nil:
			return d, err
		case kind == atWord:
			d.args = append(d.args, word)
		case kind == atSemicolon:
			return d, nil
		case kind == atOpen && strings.HasSuffix(name, "_by_lua_block"):
			d.raw = true
			return d, p.skipCode(d.place.Line)
		case kind == atOpen:
			d.block, err = p.statements(depth + 1)
			return d, err
		default:
			return d, p.fail(d.place.Line, "the directive %s does not end with a semicolon", name)
		}
	}
}

type wordKind uint8

const (
	atWord wordKind = iota
	atSemicolon
	atOpen
	atClose
	atEnd
)

// word reads the next word or mark.
func (p *nginxParser) word() (string, wordKind, error) {
	p.space()
	if p.at == len(p.text) {
		return "", atEnd, nil
	}
	switch c := p.text[p.at]; c {
	case ';':
		p.at++
		return "", atSemicolon, nil
	case '{':
		p.at++
		return "", atOpen, nil
	case '}':
		p.at++
		return "", atClose, nil
	case '"', '\'':
		return p.quoted(c)
	}
	return p.bare(), atWord, nil
}

// space skips white space and comments.
func (p *nginxParser) space() {
	for ; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '\n':
			p.line++
		case ' ', '\t', '\r':
		case '#':
			if end := strings.IndexByte(p.text[p.at:], '\n'); end >= 0 {
				p.at += end - 1
			} else {
				p.at = len(p.text) - 1
			}
		default:
			return
		}
	}
}

// quoted reads a word in quotes, in which a backslash protects what follows.
func (p *nginxParser) quoted(quote byte) (string, wordKind, error) {
	opened := p.line
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; c {
		case quote:
			p.at++
			return b.String(), atWord, nil
		case '\\':
			b.WriteString(p.escape())
		case '\n':
			p.line++
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return "", atEnd, p.fail(opened, "the quote that begins here is not closed")
}

// bare reads a word without quotes. A brace after a dollar belongs to a variable.
func (p *nginxParser) bare() string {
	var b strings.Builder
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; c {
		case ' ', '\t', '\r', '\n', ';':
			return b.String()
		case '{':
			if p.at == 0 || p.text[p.at-1] != '$' {
				return b.String()
			}
			b.WriteByte(c)
		case '\\':
			b.WriteString(p.escape())
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escape reads a backslash and what it protects, and stays on the last of both. Where it
// means nothing to nginx, as in an expression, it stays.
func (p *nginxParser) escape() string {
	if p.at+1 == len(p.text) {
		return `\`
	}
	p.at++
	switch c := p.text[p.at]; c {
	case '"', '\'', '\\':
		return string(rune(c))
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case 'n':
		return "\n"
	case '\n':
		p.line++
		return "\\\n"
	}
	_, size := utf8.DecodeRuneInString(p.text[p.at:])
	text := p.text[p.at : p.at+size]
	p.at += size - 1
	return `\` + text
}

// skipCode skips a block of another language, by its braces.
func (p *nginxParser) skipCode(opened int) error {
	for depth := 1; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '\n':
			p.line++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				p.at++
				return nil
			}
		}
	}
	return p.fail(opened, "the block that begins here is not closed")
}
