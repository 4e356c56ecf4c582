package list

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// table lays out rows under the headings. A column without content is left out. Cells
// are folded where the whole would be too wide.
type table struct{ rows []row }

type row struct{ cells, below []string }

const (
	gap      = 2  // between columns
	narrow   = 10 // no column is folded to less
	indented = 2  // what a folded text goes on with
	lower    = 4  // what stands below begins with
)

func (t *table) print(b *strings.Builder, width int) {
	widths := t.widths()
	if width > 0 {
		shrink(widths, width)
	}
	printCells(b, headings, widths)
	for _, r := range t.rows {
		printCells(b, r.cells, widths)
		for _, text := range r.below {
			if text == "" {
				continue
			}
			for _, line := range fold(text, max(width-lower, narrow)) {
				b.WriteString(strings.Repeat(" ", lower) + line + "\n")
			}
		}
	}
}

func printCells(b *strings.Builder, texts []string, widths []int) {
	cells := make([][]string, len(texts))
	height := 0
	for i, text := range texts {
		if widths[i] > 0 {
			cells[i] = fold(text, widths[i])
			height = max(height, len(cells[i]))
		}
	}
	for n := range height {
		b.WriteString(strings.TrimRight(lineOf(cells, widths, n), " ") + "\n")
	}
}

// lineOf is line n of a row.
func lineOf(cells [][]string, widths []int, n int) string {
	var line strings.Builder
	for i, cell := range cells {
		if widths[i] == 0 {
			continue
		}
		text := ""
		if n < len(cell) {
			text = cell[n]
		}
		line.WriteString(text + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+gap))
	}
	return line.String()
}

// widths returns what each column needs, 0 for those that no row fills.
func (t *table) widths() []int {
	widths := make([]int, len(headings))
	for _, r := range t.rows {
		for i, text := range r.cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	for i, heading := range headings {
		if widths[i] > 0 {
			widths[i] = max(widths[i], len(heading))
		}
	}
	return widths
}

// total is the width of the whole.
func total(widths []int) int {
	sum := -gap
	for _, w := range widths {
		if w > 0 {
			sum += w + gap
		}
	}
	return sum
}

// shrink takes from the widest column until the whole fits, or nothing is left to take.
func shrink(widths []int, limit int) {
	for total(widths) > limit {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= narrow {
			return
		}
		widths[widest]--
	}
}

// fold breaks a text into lines of a width: between words, else behind one of "/-._,",
// else anywhere. All lines but the first are indented.
func fold(text string, width int) []string {
	var lines []string
	indent := ""
	text = strings.TrimLeft(text, " ")
	for {
		room := width - len(indent)
		runes := []rune(text)
		if len(runes) <= room || room < 1 {
			return append(lines, indent+text)
		}
		head := string(runes[:room])
		at := strings.LastIndexByte(string(runes[:room+1]), ' ')
		if at <= 0 {
			at = strings.LastIndexAny(head, "/-._,") + 1
		}
		if at <= 0 {
			at = len(head)
		}
		lines = append(lines, indent+strings.TrimRight(text[:at], " "))
		text = strings.TrimLeft(text[at:], " ")
		indent = strings.Repeat(" ", indented)
	}
}
