package importer

import (
	"strconv"
	"strings"
	"unicode"
)

const maxText = 300 // characters of a finding or a comment

// printable makes a text of the source one line that can stand in a comment and on a
// terminal: what does neither is escaped, and a long text is cut.
func printable(text string) string {
	var b strings.Builder
	count := 0
	for _, c := range strings.Join(strings.Fields(text), " ") {
		if count++; count > maxText {
			b.WriteString("...")
			break
		}
		if unicode.IsPrint(c) {
			b.WriteRune(c)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
		}
	}
	return b.String()
}
