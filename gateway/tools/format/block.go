package format

import "strings"

// lines returns a string as the header of a block of text and the lines below it,
// without indentation; nil where it is better written on one line.
func (t text) lines(width int) []string {
	if !t.isString || strings.IndexFunc(t.value, func(r rune) bool { return r != '\n' && unprintable(r) }) >= 0 {
		return nil
	}
	var tries [][]string
	switch {
	case t.block == ">":
		tries = [][]string{folded(t), literal(t.value)}
	case t.block == "|":
		tries = [][]string{literal(t.value)}
	case t.broken && len([]rune(t.inline(inBlock))) > width:
		tries = [][]string{wrapped(t.value, width)}
	}
	for _, lines := range tries {
		if lines != nil && blockReadsAs(lines, t.value) {
			return lines
		}
	}
	return nil
}

// literal writes a value as it is, line by line.
func literal(value string) []string {
	body := strings.TrimRight(value, "\n")
	if body == "" {
		return nil
	}
	return block("|", strings.Split(body, "\n"), len(value)-len(body))
}

// folded keeps the lines of a folded block as they were broken.
func folded(t text) []string {
	lines := strings.Split(strings.TrimRight(t.source, " \n"), "\n")
	indent := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	for i, line := range lines {
		lines[i] = strings.TrimRight(line[min(indent, len(line)-len(strings.TrimLeft(line, " "))):], " ")
	}
	return block(">", lines, len(t.value)-len(strings.TrimRight(t.value, "\n")))
}

// wrapped breaks a text of words into lines of at most width.
func wrapped(value string, width int) []string {
	words := strings.Split(value, " ")
	var lines []string
	line := ""
	for _, word := range words {
		switch {
		case word == "":
			return nil // two spaces are not the same as one
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return block(">", append(lines, line), 0)
}

// block puts the header above the lines: style, indentation where the first line
// begins with a space, and what becomes of the line breaks at the end.
func block(style string, lines []string, breaks int) []string {
	header := style
	if strings.HasPrefix(lines[0], " ") || lines[0] == "" {
		header += "2"
	}
	switch {
	case breaks == 0:
		header += "-"
	case breaks > 1:
		header += "+"
	}
	for range breaks - 1 {
		lines = append(lines, "")
	}
	return append([]string{header}, lines...)
}

// blockReadsAs reports whether the parser reads the value out of the block, in the
// middle of a file and at its end.
func blockReadsAs(lines []string, value string) bool {
	text := indented(lines, step)
	return sayTheSame("k: "+text+"l: v\n", "k: "+quoted(value)+"\nl: v\n") && sayTheSame("k: "+text, "k: "+quoted(value)+"\n")
}

// indented joins the header and the lines below it, those that hold something
// indented.
func indented(lines []string, indent int) string {
	var b strings.Builder
	b.WriteString(lines[0] + "\n")
	for _, line := range lines[1:] {
		if line != "" {
			line = strings.Repeat(" ", indent) + line
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
