package importer

import (
	"strings"
	"unicode/utf8"
)

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
