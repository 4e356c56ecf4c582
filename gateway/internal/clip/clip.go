// Package clip bounds the length of texts that others make.
package clip

import "strings"

// Text returns the beginning of a text, of at most so many bytes. What is no UTF-8 is left
// out, a character that was cut included.
func Text(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

// Shown returns a text as it is, or, if it is longer than so many bytes, its beginning
// and an ellipsis.
func Shown(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return Text(text, most) + "…"
}
