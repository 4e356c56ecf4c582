package routefile

import (
	"github.com/goccy/go-yaml/ast"

	"ficus/gateway/route"
)

// Tree parses one file alone, for tools that look at how it is written. It returns
// the root node of its one document, nil if that is empty, and the text that the
// places of nodes count in: without byte order mark, with line feeds only.
func Tree(file File) (root ast.Node, text []byte, problem *route.Problem) {
	text = normalize(file.Data)
	root, problem = parseYAML(File{Name: file.Name, Data: text})
	if root != nil && root.Type() == ast.NullType {
		root = nil
	}
	return root, text, problem
}
