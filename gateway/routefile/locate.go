package routefile

import (
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"ficus/gateway/internal/clip"
	"ficus/gateway/route"
)

// Locate completes problems that name a file of the folder: those with a path
// but no line get line and column, and all get the line of text. Findings are
// made on values, without the text at hand; this is the one place that goes back
// to it. Files are parsed again, which only a folder with problems costs.
func (f *Folder) Locate(problems route.Problems) {
	texts := map[string]*text{}
	for _, file := range slices.Concat(f.Files, f.Policies) {
		texts[file.Name] = &text{file: file}
	}
	for i := range problems {
		p := &problems[i]
		text := texts[p.Origin.File]
		if text == nil {
			continue
		}
		if p.Origin.Line == 0 && p.Path != "" {
			p.Origin = text.originAt(p.Path)
		}
		if p.Line == "" && p.Origin.Line > 0 {
			p.Line = printable(shorten(text.line(p.Origin.Line)))
		}
	}
}

// maxShownLine bounds the line of text that a problem carries, in bytes.
const maxShownLine = 200

func shorten(line string) string { return clip.Shown(line, maxShownLine) }

// printable puts a replacement character in the place of each one that a terminal
// would not show, or would obey.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, line)
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

// valueOf returns what stands under a key of a mapping, nil for none.
func valueOf(node ast.Node, key string) ast.Node {
	for _, pair := range pairs(node) {
		if keyText(pair.Key) == key {
			return pair.Value
		}
	}
	return nil
}

func keyText(key ast.MapKeyNode) string {
	if s, ok := key.(*ast.StringNode); ok {
		return s.Value
	}
	return key.String()
}
