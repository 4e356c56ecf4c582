package yamlout

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// plainText is text that YAML reads as that text without quotes: it begins with a
// letter or a slash and holds nothing that has a meaning, in a block or in a list.
// A "{name}" inside is fine in a block.
var plainText = regexp.MustCompile(`^[\pL/_][\pL\pN _.:,/{}()$%+=-]*$`)

// otherwise lists words that readers of YAML 1.1 or 1.2 take for something else.
var otherwise = map[string]bool{
	"null": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true,
}

// Scalar writes a text as YAML: plain where that is safe, else in double quotes.
func Scalar(text string) string {
	colon := strings.Contains(text, ": ") || strings.HasSuffix(text, ":")
	if !plainText.MatchString(text) || colon || strings.HasSuffix(text, " ") || otherwise[strings.ToLower(text)] {
		return quoted(text)
	}
	return text
}

// quoted writes a text in double quotes (YAML 1.2.2, 7.3.1).
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f || r == 0x85:
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r) && r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}
