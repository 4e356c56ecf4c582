package sessions

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const phpDepth = 128 // levels of arrays and objects

// phpSession reads a session of the serializer "php": name|value, one after the other.
func phpSession(text string) (map[string]any, error) {
	values := map[string]any{}
	p := phpParser{rest: text}
	for p.rest != "" {
		name, ok := p.until('|')
		if !ok {
			return nil, refused("session is not in PHP's format")
		}
		value, err := p.value(0)
		if err != nil {
			return nil, refused("session is not in PHP's format")
		}
		if utf8.ValidString(name) {
			values[name] = value
		}
	}
	return values, nil
}

// phpSerialized reads a session of the serializer "php_serialize": one array.
func phpSerialized(text string) (map[string]any, error) {
	p := phpParser{rest: text}
	if strings.HasPrefix(text, "a:") {
		if entries, _, err := p.array(0); err == nil && p.rest == "" {
			return entries, nil
		}
	}
	return nil, refused("session is not in PHP's format")
}

// phpParser reads what PHP's serialize() writes, into values as JSON has them. No class
// of PHP is known, so none can be woken:
//   - an array is a list where its keys are 0, 1, 2 …, else an object;
//   - an object is an object of its properties, whatever their visibility;
//   - a case of an enumeration is its name as a text;
//   - references, and classes with a format of their own, are null.
//
// Texts need not be UTF-8: what is not becomes U+FFFD, and a name that is not is left out.
type phpParser struct {
	rest string
}

var errPHP = errors.New("malformed")

// value reads one value at a depth.
func (p *phpParser) value(depth int) (any, error) {
	if depth > phpDepth || len(p.rest) < 2 {
		return nil, errPHP
	}
	switch p.rest[:2] {
	case "N;":
		p.rest = p.rest[2:]
		return nil, nil
	case "b:", "i:", "d:", "R:", "r:":
		return p.scalar()
	case "s:":
		text, err := p.quoted(';')
		return strings.ToValidUTF8(text, "\uFFFD"), err
	case "a:":
		entries, list, err := p.array(depth)
		if list != nil {
			return list, err
		}
		return entries, err
	case "O:":
		return p.object(depth)
	case "E:":
		text, err := p.quoted(';')
		_, name, _ := strings.Cut(text, ":")
		return strings.ToValidUTF8(name, "\uFFFD"), err
	case "C:":
		return nil, p.custom()
	}
	return nil, errPHP
}

// scalar reads "b:1;", "i:7;" or "d:0.5;". References are read and come to nothing.
func (p *phpParser) scalar() (any, error) {
	kind := p.rest[0]
	p.rest = p.rest[2:]
	text, ok := p.until(';')
	if !ok {
		return nil, errPHP
	}
	if kind == 'd' {
		return double(text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, errPHP
	}
	switch kind {
	case 'b':
		return n == 1, within(n, 0, 1)
	case 'i':
		return json.Number(strconv.FormatInt(n, 10)), nil
	}
	return nil, within(n, 1, math.MaxInt32)
}

func within(n, low, high int64) error {
	if n < low || n > high {
		return errPHP
	}
	return nil
}

// double reads a number; JSON has no infinite ones.
func double(text string) (any, error) {
	switch text {
	case "INF", "-INF", "NAN":
		return nil, nil
	}
	if text == "" || strings.Trim(text, "0123456789+-.eE") != "" {
		return nil, errPHP
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, errPHP
	}
	return n, nil
}

// quoted reads a letter, a length, that many bytes in quotes, and what follows them.
func (p *phpParser) quoted(end byte) (string, error) {
	p.rest = p.rest[2:]
	n, err := p.count()
	if err != nil || len(p.rest) < n+3 || p.rest[0] != '"' || p.rest[n+1] != '"' || p.rest[n+2] != end {
		return "", errPHP
	}
	text := p.rest[1 : n+1]
	p.rest = p.rest[n+3:]
	return text, nil
}

// count reads a number and a colon. What it counts takes at least as many bytes.
func (p *phpParser) count() (int, error) {
	text, ok := p.until(':')
	if !ok {
		return 0, errPHP
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || int(n) > len(p.rest) {
		return 0, errPHP
	}
	return int(n), nil
}

// array reads a:1:{i:0;s:3:"abc";}. It is a list too where the keys say so.
func (p *phpParser) array(depth int) (map[string]any, []any, error) {
	p.rest = p.rest[2:]
	return p.entries(depth, wholeName)
}

// object reads O:4:"User":1:{s:2:"id";i:7;}.
func (p *phpParser) object(depth int) (any, error) {
	if _, err := p.quoted(':'); err != nil {
		return nil, err
	}
	entries, _, err := p.entries(depth, property)
	return entries, err
}

func wholeName(key string) string { return key }

// property returns a property's name. Where it is not public, the part before the last
// zero byte says whose it is.
func property(key string) string { return key[strings.LastIndexByte(key, 0)+1:] }

// custom passes over C:3:"Foo":5:{…}.
func (p *phpParser) custom() error {
	if _, err := p.quoted(':'); err != nil {
		return err
	}
	n, err := p.count()
	if err != nil || len(p.rest) < n+2 || p.rest[0] != '{' || p.rest[n+1] != '}' {
		return errPHP
	}
	p.rest = p.rest[n+2:]
	return nil
}

// entries reads 2:{key value key value}. Keys that are no UTF-8 are left out. The list is
// nil where it is none.
func (p *phpParser) entries(depth int, name func(key string) string) (map[string]any, []any, error) {
	n, err := p.count()
	if err != nil || !p.skip("{") {
		return nil, nil, errPHP
	}
	values, list := map[string]any{}, []any{}
	for i := range n {
		key, err := p.key()
		if err != nil {
			return nil, nil, err
		}
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, nil, err
		}
		if key := name(key); utf8.ValidString(key) {
			values[key] = value
		}
		if list != nil && key == strconv.Itoa(i) {
			list = append(list, value)
		} else {
			list = nil
		}
	}
	if !p.skip("}") {
		return nil, nil, errPHP
	}
	return values, list, nil
}

// key reads an entry's key.
func (p *phpParser) key() (string, error) {
	switch {
	case strings.HasPrefix(p.rest, "i:"):
		n, err := p.scalar()
		if err != nil {
			return "", err
		}
		return n.(json.Number).String(), nil
	case strings.HasPrefix(p.rest, "s:"):
		return p.quoted(';')
	}
	return "", errPHP
}

func (p *phpParser) until(end byte) (string, bool) {
	i := strings.IndexByte(p.rest, end)
	if i < 0 {
		return "", false
	}
	text := p.rest[:i]
	p.rest = p.rest[i+1:]
	return text, true
}

func (p *phpParser) skip(what string) bool {
	rest, ok := strings.CutPrefix(p.rest, what)
	p.rest = rest
	return ok
}
