package routefile

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ficus/gateway/route"
)

// text is a file on the way back from problems to their places. It is taken apart
// when the first problem asks, and once: a broken file may have a great many.
type text struct {
	file   File
	lines  []string
	parsed bool
	root   ast.Node
	keys   map[ast.Node]map[string]ast.Node // the entries of mappings, by key
}

// line returns line number n, counted from 1: "" if there is none.
func (t *text) line(n int) string {
	if t.lines == nil {
		t.lines = strings.Split(string(normalize(t.file.Data)), "\n")
	}
	if n > len(t.lines) {
		return ""
	}
	return t.lines[n-1]
}

// originAt finds the node at a path such as "routes[3].cohort[0]". Where the path
// leads nowhere, because a required key is missing, the node before counts.
func (t *text) originAt(path string) route.Origin {
	if !t.parsed {
		t.root, _ = parseYAML(t.file)
		t.parsed = true
	}
	node := t.root
	for _, step := range splitPath(path) {
		next := t.child(node, step)
		if next == nil {
			break
		}
		node = next
	}
	if node == nil {
		return route.Origin{File: t.file.Name}
	}
	return originOf(t.file.Name, node)
}

func (t *text) child(node ast.Node, step string) ast.Node {
	if index, ok := strings.CutPrefix(step, "["); ok {
		seq, isSeq := node.(*ast.SequenceNode)
		n, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
		if !isSeq || err != nil || n < 0 || n >= len(seq.Values) {
			return nil
		}
		return seq.Values[n]
	}
	keys := t.keys[node]
	if keys == nil {
		keys = map[string]ast.Node{}
		for _, pair := range pairs(node) {
			if key := keyText(pair.Key); keys[key] == nil {
				keys[key] = pair.Value
			}
		}
		if t.keys == nil {
			t.keys = map[ast.Node]map[string]ast.Node{}
		}
		t.keys[node] = keys
	}
	return keys[step]
}
