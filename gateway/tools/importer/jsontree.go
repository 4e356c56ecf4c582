package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"ficus/gateway/route"
)

// node is a value of a JSON document that knows where it stands.
type node struct {
	value  any // string, bool, json.Number or nil; for lists and objects nil
	list   []*node
	fields map[string]*node
	keys   []string // in their order
	place  route.Origin
}

// parseJSON reads a document. With lines the places have them; else the file name is
// followed by the path inside the document, for one that was made of another.
func parseJSON(file string, data []byte, lines bool) (*node, error) {
	p := jsonParser{file: file, data: data, lines: lines, decoder: json.NewDecoder(bytes.NewReader(data))}
	p.decoder.UseNumber()
	root, err := p.value("")
	if err != nil {
		return nil, &syntaxError{route.Origin{File: file, Line: p.line()}, err.Error()}
	}
	return root, nil
}

type jsonParser struct {
	file    string
	data    []byte
	lines   bool
	decoder *json.Decoder
	depth   int
	counted int // bytes whose lines are counted
	count   int // lines before them
}

// line is where the decoder is.
func (p *jsonParser) line() int {
	at := int(p.decoder.InputOffset())
	p.count += bytes.Count(p.data[p.counted:at], []byte("\n"))
	p.counted = at
	return p.count + 1
}

// maxLevels bounds how deep a document may nest.
const maxLevels = 500

func (p *jsonParser) value(path string) (*node, error) {
	if p.depth++; p.depth > maxLevels {
		return nil, fmt.Errorf("more than %d levels", maxLevels)
	}
	defer func() { p.depth-- }()
	token, err := p.decoder.Token()
	if err != nil {
		return nil, err
	}
	n := &node{place: route.Origin{File: p.file, Line: p.line()}}
	if !p.lines {
		n.place = route.Origin{File: strings.TrimSuffix(p.file+": "+strings.TrimPrefix(path, "apps.http.servers."), ": ")}
	}
	switch token {
	case json.Delim('{'):
		n.fields = map[string]*node{}
		for p.decoder.More() {
			key, err := p.decoder.Token()
			if err != nil {
				return nil, err
			}
			name := fmt.Sprint(key)
			child, err := p.value(strings.TrimPrefix(path+"."+name, "."))
			if err != nil {
				return nil, err
			}
			n.fields[name] = child
			n.keys = append(n.keys, name)
		}
		_, err = p.decoder.Token()
	case json.Delim('['):
		n.list = []*node{} // other than null
		for p.decoder.More() {
			child, err := p.value(fmt.Sprintf("%s[%d]", path, len(n.list)))
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, child)
		}
		_, err = p.decoder.Token()
	default:
		n.value = token
	}
	return n, err
}

// get walks down by keys; it returns nil where there is nothing.
func (n *node) get(keys ...string) *node {
	for _, key := range keys {
		if n == nil {
			return nil
		}
		n = n.fields[key]
	}
	return n
}

// text is the value of a string, "" of anything else.
func (n *node) text() string {
	if n == nil {
		return ""
	}
	s, _ := n.value.(string)
	return s
}

// texts are the strings of a list.
func (n *node) texts() []string {
	var all []string
	for _, item := range n.items() {
		all = append(all, item.text())
	}
	return all
}

func (n *node) items() []*node {
	if n == nil {
		return nil
	}
	return n.list
}

func (n *node) fieldNames() []string {
	if n == nil {
		return nil
	}
	return n.keys
}

// plain is the value as encoding/json has it; whole numbers are int64.
func (n *node) plain() any {
	switch {
	case n.fields != nil:
		object := make(map[string]any, len(n.keys))
		for _, key := range n.keys {
			object[key] = n.fields[key].plain()
		}
		return object
	case n.list != nil:
		list := make([]any, len(n.list))
		for i, item := range n.list {
			list[i] = item.plain()
		}
		return list
	}
	number, ok := n.value.(json.Number)
	if !ok {
		return n.value
	}
	if whole, err := number.Int64(); err == nil {
		return whole
	}
	f, _ := number.Float64() // what JSON may hold is in range, or infinite
	return f
}

// has reports whether an object has a key.
func (n *node) has(key string) bool { return n.get(key) != nil }
