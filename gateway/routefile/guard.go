package routefile

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"ficus/gateway/route"
)

const (
	maxLineLength = 16 << 10 // bytes
	// maxParts bounds lines and commas together, and with them what the parser takes of
	// memory: some 100 bytes for each byte of a dense file.
	maxParts = 1 << 20
)

// normalize removes a byte order mark and makes each of YAML's line breaks (1.2.2,
// section 5.4) a line feed, so that lines count as the parser counts them.
func normalize(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
}

// guard refuses text that is no text, and more of it than can be meant.
func guard(file string, data []byte) *route.Problem {
	if bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte(",")) > maxParts {
		return &route.Problem{
			Code: route.CodeSyntax, Origin: route.Origin{File: file},
			Message: fmt.Sprintf("the file has more than %d lines and commas", maxParts),
			Hint:    "divide it among several files",
		}
	}
	for number, line := range bytes.Split(data, []byte("\n")) {
		at := func(column int, message, hint string) *route.Problem {
			return &route.Problem{
				Code:    route.CodeSyntax,
				Origin:  route.Origin{File: file, Line: number + 1, Column: column},
				Message: message, Hint: hint,
			}
		}
		if len(line) > maxLineLength {
			return at(maxLineLength, fmt.Sprintf("the line is longer than %d bytes", maxLineLength), "break it")
		}
		if !utf8.Valid(line) {
			return at(invalidColumn(line), "the text is not UTF-8", "save the file as UTF-8")
		}
		if i := bytes.IndexByte(line, 0); i >= 0 {
			return at(utf8.RuneCount(line[:i])+1, "the text holds a NUL byte", "the file may have been cut off: write it anew")
		}
		if bytes.HasPrefix(line, []byte("<<<<<<< ")) {
			return at(1, "a merge conflict is left in the file", "resolve it: choose one of the two texts")
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
