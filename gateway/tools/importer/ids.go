package importer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"ficus/gateway/routetable"
)

const maxID = 64 // characters, as routetable has it

// idOf gives a route the id that it asks for, or one made of method and path; where that
// is taken, with the host, then with a number.
func (b *builder) idOf(c *candidate, taken map[string]bool) string {
	id := slug(c.id)
	host := strings.Replace(c.host, "*", "any", 1)
	if id == "" && c.path == "/" {
		id = slug(c.method + "-" + host)
	}
	if id == "" {
		id = cmp.Or(slug(c.method+"-"+pathWords(c.path)), "root")
	}
	if taken[id] && host != "" {
		id = slug(id + "-" + host)
	}
	return unique(id, taken)
}

// pathWords are what a path is made of: "/api/{id}/" is "api-id-all".
func pathWords(path string) string {
	p, err := routetable.ParsePattern(path)
	if err != nil {
		return path
	}
	var words []string
	for _, part := range p.Parts() {
		switch {
		case part.Kind == routetable.Rest && part.Text == "":
			words = append(words, "all")
		case part.Text != "":
			words = append(words, part.Text)
		}
	}
	return strings.Join(words, "-")
}

// slug makes a name of lower-case letters, digits and "-": "listUsers" is "list-users".
func slug(text string) string {
	var b strings.Builder
	before := '-'
	for _, c := range text {
		switch {
		case 'A' <= c && c <= 'Z':
			if unicode.IsLower(before) || unicode.IsDigit(before) {
				b.WriteByte('-')
			}
			b.WriteRune(unicode.ToLower(c))
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b.WriteRune(c)
		case before != '-':
			b.WriteByte('-')
			c = '-'
		default:
			c = '-'
		}
		before = c
	}
	id := b.String()
	return strings.Trim(id[:min(len(id), maxID)], "-")
}

// unique takes a name, or the name with the first number that is free.
func unique(name string, taken map[string]bool) string {
	free := name
	for i := 2; taken[free]; i++ {
		end := fmt.Sprintf("-%d", i)
		free = name[:min(len(name), maxID-len(end))] + end
	}
	taken[free] = true
	return free
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
