package graphql

import (
	"strings"
	"unicode"
)

// documentKeys name a stored document: by the draft of "GraphQL over HTTP", by
// Relay, and by older clients.
var documentKeys = []string{"documentId", "doc_id", "id"}

var (
	requestKeys   = newKeyNames(append([]string{"query", "operationName", "extensions"}, documentKeys...)...)
	extensionKeys = newKeyNames("persistedQuery")
	persistedKeys = newKeyNames("sha256Hash")
)

// keyNames are keys that count, and what is left of each without anything but
// letters. Some server takes for one of them what has the same letters: Go and
// ASP.NET ignore case, PHP reads "doc.id" as doc_id, and many read "query[]" as
// query.
type keyNames []struct{ name, letters string }

func newKeyNames(names ...string) keyNames {
	keys := make(keyNames, len(names))
	for i, name := range names {
		keys[i].name, keys[i].letters = name, letters(name)
	}
	return keys
}

// find reports whether a key is one of those that count; ok is false where it is
// none but some server takes it for one.
func (k keyNames) find(key string) (counts, ok bool) {
	for i := range k {
		if k[i].name == key {
			return true, true
		}
	}
	bare := letters(key)
	for i := range k {
		if strings.EqualFold(bare, k[i].letters) {
			return false, false
		}
	}
	return false, true
}

// letters leaves out of a key what is no letter, and all behind a NUL.
func letters(key string) string {
	key, _, _ = strings.Cut(key, "\x00")
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, key)
}
