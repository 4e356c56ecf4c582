package routefile

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ficus/gateway/route"
)

// Locate completes problems that name a file of the folder: those with a path
// but no line get line and column, and all get the line of text. Findings are
// made on values, without the text at hand; this is the one place that goes back
// to it. Files are parsed again, which only a folder with problems costs.
func (f *Folder) Locate(problems route.Problems) {
	roots := map[string]ast.Node{}
	texts := map[string][]byte{}
	for _, file := range f.Files {
		texts[file.Name] = normalize(file.Data)
	}
	for i := range problems {
		p := &problems[i]
		text, ok := texts[p.Origin.File]
		if !ok {
			continue
		}
		if p.Origin.Line == 0 && p.Path != "" {
			root, parsed := roots[p.Origin.File]
			if !parsed {
				root, _ = parseYAML(File{Name: p.Origin.File, Data: text})
				roots[p.Origin.File] = root
			}
			p.Origin = originAt(p.Origin.File, root, p.Path)
		}
		if p.Line == "" && p.Origin.Line > 0 {
			p.Line = shorten(lineAt(text, p.Origin.Line))
		}
	}
}

// maxShownLine bounds the line of text that a problem carries, in bytes.
const maxShownLine = 200

func shorten(line string) string {
	if len(line) <= maxShownLine {
		return line
	}
	return strings.ToValidUTF8(line[:maxShownLine], "") + "…"
}

// originAt finds the node at a path such as "routes[3].cohort[0]". Where the path
// leads nowhere, because a required key is missing, the node before counts.
func originAt(file string, root ast.Node, path string) route.Origin {
	node := root
	for _, step := range splitPath(path) {
		next := child(node, step)
		if next == nil {
			break
		}
		node = next
	}
	if node == nil {
		return route.Origin{File: file}
	}
	return originOf(file, node)
}

// splitPath takes "routes[3].match" to "routes", "[3]", "match".
func splitPath(path string) []string {
	var steps []string
	for _, part := range strings.Split(path, ".") {
		name, rest, indexed := strings.Cut(part, "[")
		if name != "" {
			steps = append(steps, name)
		}
		for indexed {
			var index string
			index, rest, _ = strings.Cut(rest, "]")
			steps = append(steps, "["+index+"]")
			_, rest, indexed = strings.Cut(rest, "[")
		}
	}
	return steps
}

func child(node ast.Node, step string) ast.Node {
	if index, ok := strings.CutPrefix(step, "["); ok {
		seq, isSeq := node.(*ast.SequenceNode)
		n, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
		if !isSeq || err != nil || n >= len(seq.Values) {
			return nil
		}
		return seq.Values[n]
	}
	for _, pair := range pairs(node) {
		if keyText(pair.Key) == step {
			return pair.Value
		}
	}
	return nil
}

// originOf is where a node begins: a mapping begins at its first key.
func originOf(file string, node ast.Node) route.Origin {
	origin := route.Origin{File: file}
	token := node.GetToken()
	if values := pairs(node); len(values) > 0 {
		token = values[0].Key.GetToken()
	}
	if token != nil && token.Position != nil {
		origin.Line, origin.Column = token.Position.Line, token.Position.Column
	}
	return origin
}

// pairs returns the entries of a mapping, nil for any other node.
func pairs(node ast.Node) []*ast.MappingValueNode {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func keyText(key ast.MapKeyNode) string {
	if s, ok := key.(*ast.StringNode); ok {
		return s.Value
	}
	return key.String()
}
