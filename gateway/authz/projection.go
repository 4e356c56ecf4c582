package authz

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/dependencies"
)

// A projection is what of the input a policy reads, found out by its rules before
// anybody asks. Building nothing else is faster, and what is not there can't have been
// forgotten in the key under which a decision is kept.
type projection struct {
	parts []*part
	pure  bool // equal parts make equal decisions: nothing else counts, no clock, no chance
}

// everything is the projection of a policy that may read whatever it likes.
var everything = projection{parts: vocabulary}

// project finds out what the rules behind an entrypoint read. Two walks must agree that
// something is not read: OPA's own, and one that knows nothing of how rules join.
func project(compiler *ast.Compiler, query string) (p projection) {
	defer func() {
		if recover() != nil { // the walk of OPA gave up
			p = everything
		}
	}()
	entry, err := ast.ParseRef(query)
	if err != nil {
		return everything
	}
	refs, err := dependencies.Base(compiler, entry)
	if err != nil {
		return everything
	}
	w := &walk{compiler: compiler, visited: map[*ast.Rule]bool{}}
	w.ref(entry)
	var paths [][]string
	for _, ref := range slices.Concat(refs, w.inputs) {
		if ref[0].Equal(ast.InputRootDocument) {
			paths = append(paths, textsOf(ref[1:]))
		}
	}
	if slices.ContainsFunc(paths, func(path []string) bool { return len(path) == 0 }) {
		return everything
	}
	return projection{parts: picked(vocabulary, paths), pure: !w.impure}
}

// textsOf returns the path that leads to what is read, or to something that holds it.
func textsOf(ref ast.Ref) (path []string) {
	for _, term := range ref {
		name, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		path = append(path, string(name))
	}
	return path
}

// picked returns the parts that paths lead into.
func picked(from []*part, paths [][]string) []*part {
	var list []*part
	for _, p := range from {
		var rests [][]string
		whole := false
		for _, path := range paths {
			if path[0] == p.name {
				rests = append(rests, path[1:])
				whole = whole || len(path) == 1
			}
		}
		switch {
		case len(rests) == 0:
		case whole:
			list = append(list, p)
		case p.of == nil:
			list = append(list, &part{name: p.name, key: p.key, parts: picked(p.parts, rests)})
		default:
			list = append(list, &part{name: p.name, key: p.key, of: p.of, members: membersOf(rests)})
		}
	}
	return list
}

func membersOf(rests [][]string) []member {
	names := make([]string, len(rests))
	for i, rest := range rests {
		names[i] = rest[0]
	}
	slices.Sort(names)
	names = slices.Compact(names)
	members := make([]member, len(names))
	for i, name := range names {
		members[i] = member{name, ast.StringTerm(name)}
	}
	return members
}

// walk visits all rules that an entrypoint can reach.
type walk struct {
	compiler *ast.Compiler
	visited  map[*ast.Rule]bool
	inputs   []ast.Ref // constant prefixes of what is read
	impure   bool
}

func (w *walk) ref(ref ast.Ref) {
	switch {
	case ref[0].Equal(ast.InputRootDocument):
		w.inputs = append(w.inputs, ref.ConstantPrefix())
	case ref[0].Equal(ast.DefaultRootDocument):
		for _, rule := range w.compiler.GetRules(ref.ConstantPrefix()) {
			w.rule(rule)
		}
	default:
		w.impure = w.impure || slices.Contains(impure, ref.String())
	}
}

func (w *walk) rule(rule *ast.Rule) {
	if w.visited[rule] {
		return
	}
	w.visited[rule] = true
	for _, term := range rule.Head.Reference { // which visitors leave out
		if _, isName := term.Value.(ast.Var); !isName {
			w.visit(term)
		}
	}
	w.visit(rule)
}

func (w *walk) visit(x any) {
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.Rule:
			if x.Else != nil {
				w.rule(x.Else)
			}
		case ast.Ref:
			w.ref(x)
			for _, term := range x[1:] {
				w.visit(term)
			}
			return true
		case ast.Var:
			if x.Equal(ast.InputRootDocument.Value) {
				w.inputs = append(w.inputs, ast.InputRootRef)
			}
		}
		return false
	}).Walk(x)
}

// impure are the built-ins whose results differ from one time to the next.
var impure = func() []string {
	// They compare with the time of day, which OPA does not say of them.
	names := []string{"crypto.x509.parse_and_verify_certificates", "crypto.x509.parse_and_verify_certificates_with_options"}
	for _, b := range ast.Builtins {
		if b.Nondeterministic {
			names = append(names, b.Name)
		}
	}
	return names
}()

// has reports whether a key of the input is among what is read, whole or in part.
func (p projection) has(key string) bool {
	return slices.ContainsFunc(p.parts, func(part *part) bool { return part.name == key })
}

// paths lists what is read.
func (p projection) paths() (list []string) {
	var add func(prefix string, parts []*part)
	add = func(prefix string, parts []*part) {
		for _, part := range parts {
			at := prefix + part.name
			switch {
			case part.of == nil:
				add(at+".", part.parts)
			case part.members == nil:
				list = append(list, at)
			default:
				for _, m := range part.members {
					list = append(list, at+"."+m.name)
				}
			}
		}
	}
	add("", p.parts)
	return list
}

// String is for tests and people.
func (p projection) String() string {
	return fmt.Sprintf("%s pure=%v", strings.Join(p.paths(), " "), p.pure)
}
