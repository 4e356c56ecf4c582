// Package comments reads the Go comments of the vocabulary, which are the manual of
// the route language: the schema for editors and the reference for people are made
// of them. It reads source, so it is for tests and generators, not for a gateway.
package comments

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// module is the path that packages of this project begin with.
const module = "ficus/"

// A Source reads comments out of the source of the project.
type Source struct {
	root     fs.FS // the folder of go.mod
	packages map[string]*doc.Package
}

// New returns a reader of the project whose go.mod stands in root.
func New(root fs.FS) *Source { return &Source{root: root, packages: map[string]*doc.Package{}} }

// Field returns what the comment of a field of a struct says, as a text about its
// key: without the field's name before it, each paragraph on one line. Every field
// with a key has a comment; a missing one is an error.
func (s *Source) Field(t reflect.Type, name string) (string, error) {
	found, spec, err := s.find(t)
	if err != nil {
		return "", err
	}
	fields, ok := spec.Type.(*ast.StructType)
	if !ok {
		return "", fmt.Errorf("%v is no struct", t)
	}
	for _, f := range fields.Fields.List {
		for _, id := range f.Names {
			if id.Name == name && f.Doc != nil {
				return about(name, f.Doc.Text()), nil
			}
		}
	}
	return "", fmt.Errorf("the field %s.%s has no comment", found.Name, name)
}

// Type returns what the comment of a type says, each paragraph on one line.
func (s *Source) Type(t reflect.Type) (string, error) {
	found, _, err := s.find(t)
	if err != nil {
		return "", err
	}
	text := found.Doc
	for _, article := range []string{"A ", "An "} {
		text = strings.TrimPrefix(text, article)
	}
	return about(t.Name(), text), nil
}

// A Constant is a constant with a text for a value.
type Constant struct {
	Value string
	Text  string // what its comment says
	Group string // the comment on the constants that it is declared with
}

// Constants returns the constants of a type in the order of the source.
func (s *Source) Constants(t reflect.Type) ([]Constant, error) {
	found, _, err := s.find(t)
	if err != nil {
		return nil, err
	}
	var list []Constant
	for _, group := range found.Consts {
		for _, spec := range group.Decl.Specs {
			constant, err := constantOf(spec.(*ast.ValueSpec))
			if err != nil {
				return nil, err
			}
			constant.Group = flowing(group.Doc)
			list = append(list, constant)
		}
	}
	return list, nil
}

func constantOf(spec *ast.ValueSpec) (Constant, error) {
	name := spec.Names[0].Name
	if len(spec.Values) == 1 && spec.Doc != nil {
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, err := strconv.Unquote(literal.Value)
			return Constant{Value: value, Text: about(name, spec.Doc.Text())}, err
		}
	}
	return Constant{}, fmt.Errorf("the constant %s has no comment or is no text", name)
}

// find returns a type with its comment and declaration.
func (s *Source) find(t reflect.Type) (*doc.Type, *ast.TypeSpec, error) {
	p, err := s.load(t.PkgPath())
	if err != nil {
		return nil, nil, err
	}
	for _, found := range p.Types {
		for _, spec := range found.Decl.Specs {
			if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.Name == t.Name() {
				return found, spec, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("%s declares no type %s", t.PkgPath(), t.Name())
}

func (s *Source) load(imported string) (*doc.Package, error) {
	if p := s.packages[imported]; p != nil {
		return p, nil
	}
	folder, ok := strings.CutPrefix(imported, module)
	if !ok {
		return nil, fmt.Errorf("%s is no package of this project", imported)
	}
	names, err := fs.Glob(s.root, path.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(s.root, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(files, name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	if len(parsed) == 0 {
		return nil, fmt.Errorf("no source of %s", imported)
	}
	p, err := doc.NewFromFiles(files, parsed, imported, doc.AllDecls|doc.PreserveAST)
	if err == nil {
		s.packages[imported] = p
	}
	return p, err
}

// about takes "Weight is the percentage" to "The percentage" and "Owner names who" to
// "Names who".
func about(name, text string) string {
	text = strings.TrimPrefix(flowing(text), name+" ")
	for _, verb := range []string{"is ", "are ", "means that ", "means "} {
		text = strings.TrimPrefix(text, verb)
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// flowing puts each paragraph on one line.
func flowing(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.Join(strings.Fields(p), " ")
	}
	return strings.Join(paragraphs, "\n\n")
}
