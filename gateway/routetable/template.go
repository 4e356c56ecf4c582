package routetable

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A Template is a path to be made of what a pattern's wildcards took, such as
// "/v2/carts/{id}".
type Template struct {
	segments []segment
	slash    bool // ends with one
}

// ParseTemplate reads a template whose names are wildcards of the pattern.
func ParseTemplate(text string, p Pattern) (Template, error) {
	if !strings.HasPrefix(text, "/") {
		return Template{}, errors.New("the path begins with /")
	}
	segments, err := parseSegments(text)
	if err != nil {
		return Template{}, err
	}
	t := Template{segments: segments}
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s.kind == rest && s.text == "" && last:
			t.segments, t.slash = segments[:i], true
		case s.kind == slashEnd:
			return Template{}, errors.New("{$} has no place here")
		case s.kind != literal && !p.has(s):
			return Template{}, fmt.Errorf("the match has no wildcard %s", s)
		}
	}
	return t, nil
}

func (p Pattern) has(s segment) bool {
	return slices.ContainsFunc(p.segments, func(own segment) bool { return own.kind == s.kind && own.text == s.text })
}

func (s segment) String() string {
	switch s.kind {
	case wildcard:
		return "{" + s.text + "}"
	case rest:
		return "{" + s.text + "...}"
	case slashEnd:
		return "{$}"
	}
	return s.text
}

// Fill returns the escaped path for the values of [Pattern.Params].
func (t Template) Fill(params map[string]string) string {
	var b strings.Builder
	for _, s := range t.segments {
		b.WriteByte('/')
		switch s.kind {
		case literal:
			b.WriteString(Escape(s.text))
		case wildcard:
			b.WriteString(url.PathEscape(params[s.text]))
		case rest:
			b.WriteString(Escape(params[s.text]))
		}
	}
	if t.slash || b.Len() == 0 {
		b.WriteByte('/')
	}
	return b.String()
}

// Escape writes a canonical path, or a part of one, as it goes over the wire.
func Escape(canonical string) string {
	segments := strings.Split(canonical, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(unescape(s))
	}
	return strings.Join(segments, "/")
}

// A Text is a value with places for what wildcards took: "cart {id}". A brace is
// written twice to stand for itself.
type Text []textPart

type textPart struct{ literal, name string }

// ParseText reads a text whose names are wildcards of the pattern.
func ParseText(text string, p Pattern) (Text, error) {
	var parts Text
	for text != "" {
		i := strings.IndexAny(text, "{}")
		switch {
		case i < 0:
			return append(parts, textPart{literal: text}), nil
		case i+1 < len(text) && text[i+1] == text[i]:
			parts = append(parts, textPart{literal: text[:i+1]})
			text = text[i+2:]
			continue
		case text[i] == '}':
			return nil, errors.New("a } closes nothing")
		}
		name, after, closed := strings.Cut(text[i+1:], "}")
		if !closed {
			return nil, errors.New("a { is not closed")
		}
		if name == "" || !p.has(segment{kind: wildcard, text: name}) && !p.has(segment{kind: rest, text: name}) {
			return nil, fmt.Errorf("the match has no wildcard {%s}", name)
		}
		parts = append(parts, textPart{literal: text[:i], name: name})
		text = after
	}
	return parts, nil
}

// Fill returns the text with values for the names, as they are: those of
// [Pattern.Params] where it is escaped afterwards, as in a query; of
// [Pattern.EscapedParams] for a header.
func (t Text) Fill(params map[string]string) string {
	var b strings.Builder
	for _, part := range t {
		b.WriteString(part.literal)
		if part.name != "" {
			b.WriteString(params[part.name])
		}
	}
	return b.String()
}
