package routefile

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"ficus/gateway/route"
)

// The YAML parser recurses, so what may nest is bounded before it runs: brackets
// by depth, "- - - -" by the length of a line.
const (
	maxLineLength = 16 << 10 // bytes
	maxFlowDepth  = 64       // open [ and {
)

// normalize removes a byte order mark and makes each of YAML's line breaks (1.2.2,
// section 5.4) a line feed, so that lines count as the parser counts them.
func normalize(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

// guard refuses text that is not UTF-8 or that would exhaust the parser.
func guard(file string, data []byte) *route.Problem {
	depth := 0
	for number, line := range bytes.Split(data, []byte("\n")) {
		at := func(column int, message string) *route.Problem {
			return &route.Problem{
				Code:    route.CodeSyntax,
				Origin:  route.Origin{File: file, Line: number + 1, Column: column},
				Message: message,
			}
		}
		if len(line) > maxLineLength {
			return at(maxLineLength, fmt.Sprintf("the line is longer than %d bytes", maxLineLength))
		}
		if !utf8.Valid(line) {
			return at(invalidColumn(line), "the text is not UTF-8")
		}
		if i := bytes.IndexByte(line, 0); i >= 0 {
			return at(utf8.RuneCount(line[:i])+1, "the text holds a NUL byte")
		}
		for i, c := range line {
			switch c {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(0, depth-1)
			}
			if depth > maxFlowDepth {
				return at(utf8.RuneCount(line[:i])+1, fmt.Sprintf("more than %d brackets are open", maxFlowDepth))
			}
		}
	}
	return nil
}

// invalidColumn is the column, in characters, of the first byte that is no UTF-8.
func invalidColumn(line []byte) int {
	column := 1
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if r == utf8.RuneError && size == 1 {
			break
		}
		line = line[size:]
		column++
	}
	return column
}
