package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
	root, err := p.value("", 0)
	if err != nil {
		return nil, &syntaxError{route.Origin{File: file, Line: p.line()}, err.Error()}
	}
	if _, err := p.decoder.Token(); err != io.EOF {
		return nil, &syntaxError{route.Origin{File: file, Line: p.line()}, "there is more than one value"}
	}
	return root, nil
}

type jsonParser struct {
	file    string
	data    []byte
	lines   bool
	decoder *json.Decoder
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

// maxJSONDepth bounds how deep lists and objects nest.
const maxJSONDepth = 200

func (p *jsonParser) value(path string, depth int) (*node, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("lists and objects nest more than %d deep", maxJSONDepth)
	}
	n := &node{place: p.place(path)}
	switch token {
	case json.Delim('{'):
		n.fields = map[string]*node{}
		err = p.object(n, path, depth)
	case json.Delim('['):
		n.list = []*node{} // other than null
		err = p.array(n, path, depth)
	default:
		n.value = token
	}
	return n, err
}

func (p *jsonParser) place(path string) route.Origin {
	if p.lines {
		return route.Origin{File: p.file, Line: p.line()}
	}
	return route.Origin{File: strings.TrimSuffix(p.file+": "+strings.TrimPrefix(path, "apps.http.servers."), ": ")}
}

// object reads up to the brace that closes it. Of a key that comes twice the last counts.
func (p *jsonParser) object(n *node, path string, depth int) error {
	for p.decoder.More() {
		key, err := p.decoder.Token()
		if err != nil {
			return err
		}
		name := fmt.Sprint(key)
		child, err := p.value(strings.TrimPrefix(path+"."+name, "."), depth+1)
		if err != nil {
			return err
		}
		if n.fields[name] == nil {
			n.keys = append(n.keys, name)
		}
		n.fields[name] = child
	}
	_, err := p.decoder.Token()
	return err
}

// array reads up to the bracket that closes it.
func (p *jsonParser) array(n *node, path string, depth int) error {
	for p.decoder.More() {
		child, err := p.value(fmt.Sprintf("%s[%d]", path, len(n.list)), depth+1)
		if err != nil {
			return err
		}
		n.list = append(n.list, child)
	}
	_, err := p.decoder.Token()
	return err
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
