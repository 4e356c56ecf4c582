package importer

import (
	"fmt"
	"strings"

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
