package parity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ficus/gateway/internal/clip"
)

// compareJSON compares two bodies by value; ok is false where one of them is not JSON
// that everybody reads alike.
func (r *Rules) compareJSON(a, b []byte) (d Difference, ok bool) {
	left, err := decode(a)
	if err != nil {
		return Difference{}, false
	}
	right, err := decode(b)
	if err != nil {
		return Difference{}, false
	}
	var c comparison
	if c.same(left, right, r.ignored) {
		return Difference{Kind: Match}, true
	}
	return Difference{Kind: JSON, Where: c.where()}, true
}

// maxDepth bounds how deep values are nested, and with it the stack.
const maxDepth = 500

var errJSON = errors.New("parity: not JSON that everybody reads alike")

// decode reads one value: nil, bool, json.Number, string, []any or map[string]any.
func decode(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errJSON // encoding/json would make all such bytes one
	}
	from := json.NewDecoder(bytes.NewReader(text))
	from.UseNumber()
	value, err := decodeValue(from, maxDepth)
	if err != nil {
		return nil, err
	}
	if _, err := from.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	return value, nil
}

func decodeValue(from *json.Decoder, depth int) (any, error) {
	token, err := from.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	switch {
	case lossy(token):
		return nil, errJSON
	case !ok:
		return token, nil
	case depth == 0:
		return nil, errJSON
	case delim == '[':
		return decodeList(from, depth-1)
	}
	return decodeObject(from, depth-1)
}

// lossy reports whether a text may have been another one: the decoder replaces half a
// surrogate pair ("\ud800").
func lossy(token json.Token) bool {
	text, ok := token.(string)
	return ok && strings.ContainsRune(text, utf8.RuneError)
}

func decodeList(from *json.Decoder, depth int) (any, error) {
	list := []any{}
	for from.More() {
		value, err := decodeValue(from, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := from.Token() // the end
	return list, err
}

func decodeObject(from *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for from.More() {
		token, err := from.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) // the decoder takes nothing else there
		if _, twice := object[key]; twice || lossy(key) {
			return nil, errJSON
		}
		if object[key], err = decodeValue(from, depth); err != nil {
			return nil, err
		}
	}
	_, err := from.Token() // the end
	return object, err
}

// comparison walks through two values at once. At a difference it stops, and path leads
// there from the innermost key outwards.
type comparison struct{ path []string }

func (c *comparison) same(a, b any, at places) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && c.sameObject(a, b, at)
	case []any:
		b, ok := b.([]any)
		return ok && c.sameList(a, b, at)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(string(a), string(b))
	}
	switch b.(type) {
	case map[string]any, []any: // which == would panic at, were a one too
		return false
	}
	return a == b
}

func (c *comparison) sameObject(a, b map[string]any, at places) bool {
	for _, key := range slices.Sorted(maps.Keys(a)) { // so that the place is always the same one
		other, ok := b[key]
		if !c.sameAt(key, a[key], other, ok, at) {
			return false
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[key]; !ok && !c.sameAt(key, nil, nil, false, at) {
			return false
		}
	}
	return true
}

func (c *comparison) sameList(a, b []any, at places) bool {
	for i := range max(len(a), len(b)) {
		var left, right any
		both := i < len(a) && i < len(b)
		if both {
			left, right = a[i], b[i]
		}
		if !c.sameAt(strconv.Itoa(i), left, right, both, at) {
			return false
		}
	}
	return true
}

// sameAt compares what stands at a key of both, or of one only.
func (c *comparison) sameAt(key string, a, b any, both bool, at places) bool {
	inner, ignored := at.under(key)
	if ignored || both && c.same(a, b, inner) {
		return true
	}
	c.path = append(c.path, key)
	return false
}

// maxWhere bounds the text of a place, in bytes: keys come from backends.
const maxWhere = 200

func (c *comparison) where() string {
	var b strings.Builder
	for _, key := range slices.Backward(c.path) {
		b.WriteByte('/')
		b.WriteString(escapeKey.Replace(key))
	}
	return clip.Shown(b.String(), maxWhere)
}

var escapeKey = strings.NewReplacer("~", "~0", "/", "~1")

func firstByte(a, b []byte) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf("byte %d", i)
}
