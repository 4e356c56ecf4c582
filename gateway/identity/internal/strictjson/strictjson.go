// Package strictjson reads JSON objects that say who somebody is. It has one reading
// only: what two parsers could take for two things is an error.
//
// encoding/json lets the last of two equal names win, takes broken UTF-8 for U+FFFD and
// fits names to struct fields whatever their case. Each has let one party check a claim
// and another believe a different one (RFC 8725, 2.4 and 3.7; RFC 7519, 4).
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxDepth is how deeply values may be nested; the object itself is the first level.
const MaxDepth = 16

// Object reads one JSON object and nothing beside it. Numbers stay [json.Number], so
// that large ids keep their digits. Its errors do not quote the text.
func Object(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is no valid UTF-8")
	}
	// The depth comes first: json.Valid would go 10,000 levels down.
	if tooDeep(text) {
		return nil, fmt.Errorf("it is nested more than %d levels deep", MaxDepth)
	}
	if !json.Valid(text) {
		return nil, errors.New("it is no JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	first, err := d.Token()
	if err != nil || first != json.Delim('{') {
		return nil, errors.New("it is no JSON object")
	}
	return object(d)
}

func tooDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// object reads the rest of an object whose brace has been read. The text is known to be
// valid, so errors of the decoder do not come up, but for names that stand twice.
func object(d *json.Decoder) (map[string]any, error) {
	o := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if _, twice := o[name]; twice {
			return nil, errors.New("a name stands twice in an object")
		}
		if o[name], err = value(d); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return o, err
}

func value(d *json.Decoder) (any, error) {
	token, err := d.Token()
	switch {
	case err != nil:
		return nil, err
	case token == json.Delim('{'):
		return object(d)
	case token != json.Delim('['):
		return token, nil
	}
	list := []any{}
	for d.More() {
		v, err := value(d)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err = d.Token()
	return list, err
}
