package export

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// pathChange is a change of the path in the one form that all targets share: what an
// expression finds is replaced.
type pathChange struct {
	find    []routetable.Part // the whole path, or its beginning
	prefix  bool              // find is literals, and what follows them stays
	replace []piece
}

// piece is a literal in canonical form, or what the group took.
type piece struct {
	literal string
	group   int // from 1; 0 is the literal
}

// changeOf returns how a side rewrites the path; nil where it does not.
func changeOf(p routetable.Pattern, r *route.SideRewrite) *pathChange {
	switch {
	case !r.ChangesPath():
		return nil
	case r.Path != "":
		return templateChange(p, r.Path)
	}
	add := literalsOf(r.AddPrefix)
	strip := literalsOf(r.StripPrefix)
	parts := p.Parts()
	if len(strip) > 0 && len(strip) == len(parts) {
		return &pathChange{find: parts, replace: []piece{{literal: cmpOr(joined(add), "/")}}}
	}
	return &pathChange{find: strip, prefix: true, replace: []piece{{literal: joined(add)}}}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// literalsOf reads a prefix such as "/shop", which CheckDefinition has accepted.
func literalsOf(prefix string) []routetable.Part {
	if prefix == "" {
		return nil
	}
	t, err := routetable.ParseTemplate(prefix, routetable.Pattern{})
	if err != nil {
		return nil
	}
	return t.Parts()
}

func joined(literals []routetable.Part) string {
	text := ""
	for _, p := range literals {
		text += "/" + p.Text
	}
	return text
}

func templateChange(p routetable.Pattern, path string) *pathChange {
	t, err := routetable.ParseTemplate(path, p)
	if err != nil {
		return nil // CheckDefinition has refused it
	}
	c := &pathChange{find: p.Parts()}
	for _, part := range t.Parts() {
		switch {
		case part.Kind == routetable.Literal:
			c.replace = append(c.replace, piece{literal: "/" + part.Text})
		case part.Text == "":
			c.replace = append(c.replace, piece{literal: "/"})
		default:
			c.replace = append(c.replace, piece{literal: "/"}, piece{group: groupOf(p, part.Text)})
		}
	}
	if len(c.replace) == 0 {
		c.replace = []piece{{literal: "/"}}
	}
	return c
}

// groupOf is the number of the group that a name's wildcard has in findRegexp.
func groupOf(p routetable.Pattern, name string) int {
	n := 0
	for _, part := range p.Parts() {
		if part.Kind == routetable.Wildcard || part.Kind == routetable.Rest {
			n++
		}
		if part.Kind != routetable.Literal && part.Text == name {
			return n
		}
	}
	return 0
}

// findRegexp is the expression to be replaced: literal writes one for a literal as the
// target's paths hold it, end is the end of the text.
func (c *pathChange) findRegexp(literal func(string) string, end string) string {
	var b strings.Builder
	b.WriteString("^")
	for _, p := range c.find {
		b.WriteString("/")
		switch p.Kind {
		case routetable.Literal:
			b.WriteString(literal(p.Text))
		case routetable.Wildcard:
			b.WriteString("([^/]+)")
		case routetable.Rest:
			b.WriteString("((?s:.*))")
		}
	}
	if !c.prefix {
		b.WriteString(end)
	}
	return b.String()
}

// replacement writes what takes its place.
func (c *pathChange) replacement(literal func(string) string, group func(int) string) string {
	text := ""
	for _, p := range c.replace {
		if p.group > 0 {
			text += group(p.group)
		} else {
			text += literal(p.literal)
		}
	}
	return text
}

// textOf reads a value such as "cart {id}", which CheckDefinition has accepted.
func textOf(r *rule, value string) routetable.Text {
	text, err := routetable.ParseText(value, r.Pattern)
	if err != nil {
		return nil
	}
	return text
}

// hostIsFixed reports whether a Host to be set names no wildcard. Else it is lost: Ficus
// escapes what a client could choose another host with, and no target can.
func (s *source) hostIsFixed(r *rule, value string) bool {
	if len(textOf(r, value).Names()) == 0 {
		return true
	}
	s.lose(r, CodeRewrite, "the Host is not set: a client could choose any with what the wildcard takes")
	return false
}

// namesOf lists the wildcards that values of the rule's rewrites name.
func namesOf(r *rule) []string {
	names := map[string]bool{}
	for _, share := range r.shares {
		for _, changes := range []route.Changes{share.rewrite.Headers, share.rewrite.ResponseHeaders, share.rewrite.Query} {
			for _, value := range changes.Set {
				for _, name := range textOf(r, value).Names() {
					names[name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// alike reports whether all shares change requests the same way.
func alike(shares []share) bool {
	for _, s := range shares[1:] {
		if !reflect.DeepEqual(s.rewrite, shares[0].rewrite) {
			return false
		}
	}
	return true
}

// decodedRegexp matches a canonical literal in a decoded path.
func decodedRegexp(literal string) string { return regexp.QuoteMeta(decoded(literal)) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
