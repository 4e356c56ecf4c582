package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// code writes a text as code, whatever is in it.
func code(s string) string {
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// prose writes the text of a comment: what stands in quotes there is code here.
func prose(text string) string { return quoted.ReplaceAllString(text, "`$1`") }

// width is how long a line of prose gets, in characters.
const width = 115

// wrapped breaks the paragraphs of a text into lines; those after the first are
// indented, as under an item of a list.
func wrapped(text, indent string) string {
	var b strings.Builder
	column := 0
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString("\n\n" + indent)
			column = len(indent)
		}
		for j, word := range strings.Fields(paragraph) {
			length := utf8.RuneCountInString(word)
			switch {
			case j == 0:
			case column+1+length > width:
				b.WriteString("\n" + indent)
				column = len(indent)
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += length
		}
	}
	return b.String()
}

// A table is the names of its columns; what is written to its rows is Markdown.
type table []string

type rows struct{ strings.Builder }

func (t table) head() *rows {
	r := &rows{}
	r.row(t...)
	r.row(slices.Repeat([]string{"---"}, len(t))...)
	return r
}

func (r *rows) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	fmt.Fprintf(r, "| %s |\n", strings.Join(cells, " | "))
}

// String returns the table without the last line break.
func (r *rows) String() string { return strings.TrimSuffix(r.Builder.String(), "\n") }

func contains(list []string, s string) bool { return slices.Contains(list, s) }
