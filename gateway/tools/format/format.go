// Package format is what "ficus routes fmt" does: it writes route files in their one
// canonical form and keeps their comments.
//
// Keys stand in the order of the structs in package route, which is that of the
// manual; lists and mappings are indented by two spaces; sections and routes are set
// apart by an empty line; quotes stand only where they are needed; what was written
// between brackets stays so as long as its line takes 100 columns at most. A comment
// stays with the key it stands above, behind or below.
//
// Formatting never changes what a file says: the result is parsed and compared, and
// a file that does not come out the same is refused and left alone.
//
// Comments are read from the tokens of the parser that the gateway uses, not from a
// tree of its own: neither that parser nor others keep all comments of a tree in
// place, those between brackets least of all.
package format

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

// Source returns the canonical form of a route file. With problems, all of them
// errors, there is none: the file is not YAML, holds what route files don't use, or
// would not say the same any more.
func Source(file routefile.File) ([]byte, route.Problems) {
	formatted, problem := source(file)
	if problem != nil {
		problems := route.Problems{*problem}
		(&routefile.Folder{Files: []routefile.File{file}}).Locate(problems)
		return nil, problems
	}
	return formatted, nil
}

func source(file routefile.File) ([]byte, *route.Problem) {
	root, data, problem := routefile.Tree(file)
	if problem != nil || len(data) == 0 {
		return data, problem
	}
	comments := readComments(string(data))
	b := builder{file: file.Name, lines: strings.Split(string(data), "\n")}
	b.tree.root = b.root(root)
	if b.problem != nil {
		return nil, b.problem
	}
	b.tree.attach(comments)
	b.tree.root.order(document)
	formatted := routefile.File{Name: file.Name, Data: []byte(b.tree.print())}
	if problem := compare(file, formatted, root, comments); problem != nil {
		return nil, problem
	}
	return formatted.Data, nil
}

// root makes the tree of a document; of an empty one it is an empty mapping.
func (b *builder) root(n ast.Node) *node {
	switch n.(type) {
	case nil:
		return &node{kind: mapping}
	case *ast.MappingNode:
		return b.node(n, nil)
	}
	return b.refuse(n, "the file holds no keys", "a route file has the keys backends, folder_defaults, defaults and routes")
}

// compare makes sure that a file says the same after formatting.
func compare(before, after routefile.File, was ast.Node, comments []comment) *route.Problem {
	is, data, problem := routefile.Tree(after)
	differs := func(at place, what string) *route.Problem {
		return &route.Problem{
			Code: route.CodeUnsupported, Origin: route.Origin{File: before.Name, Line: at.line, Column: at.column},
			Message: "formatting would change " + what + "; the file stays as it is",
			Hint:    "write this part in a simpler way, with one key or item a line",
		}
	}
	if problem != nil {
		return differs(place{1, 1}, "the file so that it can't be read: "+problem.Message)
	}
	if at, same := sameNode(was, is); !same {
		return differs(at, "what is said here")
	}
	if at, same := sameComments(comments, readComments(string(data))); !same {
		return differs(at, "this comment")
	}
	if !reflect.DeepEqual(meaning(before), meaning(after)) {
		return differs(place{1, 1}, "what the file means")
	}
	return nil
}

// meaning is the set that a file makes, and what is wrong with it, wherever it
// stands.
func meaning(file routefile.File) []string {
	set, problems := (&routefile.Folder{Files: []routefile.File{file}}).Parse(func(string) (string, bool) { return "", false })
	var said []string
	for _, b := range set.Backends {
		b.Origin = route.Origin{}
		said = append(said, fmt.Sprintf("%#v", b))
	}
	for _, d := range set.Routes {
		d.Origin = route.Origin{}
		said = append(said, fmt.Sprintf("%#v", d))
	}
	said = append(said, fmt.Sprintf("%#v", set.Rest))
	for _, p := range problems {
		said = append(said, fmt.Sprint("problem ", p.Code, p.Path, p.Message))
	}
	slices.Sort(said)
	return said
}
