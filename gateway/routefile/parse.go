package routefile

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"

	"ficus/gateway/route"
)

// Document is one route file. Each of its keys may be left out.
type Document struct {
	// Backends defines backends by name, each once in the folder. One of them has to be
	// legacy, the monolith.
	Backends map[string]route.Backend `yaml:"backends"`

	// FolderDefaults are settings for the routes of all files of the folder. They stand
	// in one of them.
	FolderDefaults route.Settings `yaml:"folder_defaults"`

	// Defaults are settings for the routes of this file, in place of the folder's.
	Defaults route.Settings `yaml:"defaults"`

	// Routes lists the routes, in any order.
	Routes []route.Definition `yaml:"routes"`
}

// Parse turns the files into one set. The lookup resolves "{$NAME}" in backend
// addresses; os.LookupEnv is the usual one. A file with a problem contributes
// what of it could be understood, so that a later check finds no false ones:
// whoever serves a set must first look whether there are errors.
func (f *Folder) Parse(lookup func(string) (string, bool)) (route.Set, route.Problems) {
	bodies, problems := f.parseFiles()
	defaults, origin, found := folderDefaults(f.Files, bodies)
	problems = append(problems, found...)
	docs := make([]Document, len(f.Files))
	for i, file := range f.Files {
		docs[i], found = decodeFile(file.Name, bodies[i], defaults)
		problems = append(problems, found...)
	}
	set, found := assemble(docs, lookup)
	set.Rest, set.RestOrigin = defaults, origin
	problems = append(problems, found...)
	f.Locate(problems)
	return set, problems
}

// assemble makes one set of what all files say.
func assemble(docs []Document, lookup func(string) (string, bool)) (set route.Set, problems route.Problems) {
	count := 0
	for _, doc := range docs {
		for name, b := range doc.Backends {
			b.Name = name
			set.Backends = append(set.Backends, b)
		}
		count += len(doc.Routes)
	}
	for _, doc := range docs {
		if len(doc.Routes) == count { // definitions are large
			set.Routes = doc.Routes
			break
		}
		set.Routes = append(slices.Grow(set.Routes, count-len(set.Routes)), doc.Routes...)
	}
	for i := range set.Backends {
		problems = append(problems, expandAddresses(&set.Backends[i], lookup)...)
	}
	slices.SortFunc(set.Backends, func(a, b route.Backend) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Origin.String(), b.Origin.String()))
	})
	return set, problems
}

// parseFiles returns the root node of each file: nil where it is empty or no YAML.
func (f *Folder) parseFiles() ([]ast.Node, route.Problems) {
	var problems route.Problems
	bodies := make([]ast.Node, len(f.Files))
	for i, file := range f.Files {
		body, problem := parseYAML(file)
		if problem != nil {
			problems = append(problems, *problem)
		} else if body != nil && body.Type() != ast.NullType {
			bodies[i] = body
		}
	}
	return bodies, problems
}

// folderDefaults finds the folder_defaults in one of the files. What is wrong inside
// them is found when that file is decoded.
func folderDefaults(files []File, bodies []ast.Node) (route.Settings, route.Origin, route.Problems) {
	var defaults route.Settings
	var origin route.Origin
	var problems route.Problems
	first := ""
	for i, body := range bodies {
		node := valueOf(body, "folder_defaults")
		switch {
		case node == nil:
		case first != "":
			problems = append(problems, route.Problem{
				Code: route.CodeDuplicateKey, Origin: route.Origin{File: files[i].Name}, Path: "folder_defaults",
				Message: "the folder_defaults stand in " + first + " too",
				Hint:    "keep one of them; defaults: is for the routes of one file",
			})
		default:
			first = files[i].Name
			origin = originOf(first, node)
			new(decoder).decode(node, reflect.ValueOf(&defaults).Elem(), "")
		}
	}
	return defaults, origin, problems
}

// decodeFile decodes one file, whose routes begin with the folder's defaults, then
// the file's own.
func decodeFile(name string, body ast.Node, defaults route.Settings) (Document, route.Problems) {
	var doc Document
	if body == nil {
		return doc, nil
	}
	d := decoder{file: name, defaults: ownDefaults(body, defaults)}
	d.decode(body, reflect.ValueOf(&doc).Elem(), "")
	for i := range doc.Routes {
		doc.Routes[i].Origin.Index = i
	}
	return doc, d.problems
}

// ownDefaults returns what the routes of a file begin with, by the folder's defaults and its
// own. What is wrong inside them is found when the file is decoded.
func ownDefaults(body ast.Node, folder route.Settings) route.Settings {
	if node := valueOf(body, "defaults"); node != nil {
		new(decoder).decode(node, reflect.ValueOf(&folder).Elem(), "")
	}
	return folder
}

// parseYAML returns the root node of the file's one document: nil if it is empty.
func parseYAML(file File) (ast.Node, *route.Problem) {
	data := normalize(file.Data)
	if problem := guard(file.Name, data); problem != nil {
		return nil, problem
	}
	tokens := lexer.Tokenize(string(data))
	if problem := guardShape(file.Name, tokens); problem != nil {
		return nil, problem
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxProblem(file.Name, err)
	}
	var bodies []ast.Node
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return nil, nil
	case 1:
		return bodies[0], nil
	}
	return nil, &route.Problem{
		Code: route.CodeUnsupported, Origin: originOf(file.Name, bodies[1]),
		Message: "the file holds more than one YAML document",
		Hint:    "put each document into a file of its own",
	}
}

func syntaxProblem(file string, err error) *route.Problem {
	p := &route.Problem{Code: route.CodeSyntax, Origin: route.Origin{File: file}, Message: err.Error()}
	var located yaml.Error
	if errors.As(err, &located) {
		p.Message = located.GetMessage()
		if token := located.GetToken(); token != nil && token.Position != nil {
			p.Origin.Line, p.Origin.Column = token.Position.Line, token.Position.Column
		}
	}
	if strings.Contains(p.Message, "\t") || strings.Contains(p.Message, "tab") {
		p.Hint = "indent with spaces"
	}
	return p
}

// expandAddresses replaces "{$NAME}" and "{$NAME:default}", the form that
// Caddyfiles use too, in the addresses of b.
func expandAddresses(b *route.Backend, lookup func(string) (string, bool)) route.Problems {
	var problems route.Problems
	b.Addresses = slices.Clone(b.Addresses) // the document keeps what it says
	for i, address := range b.Addresses {
		value, missing := expand(address, lookup)
		if missing != "" {
			problems = append(problems, route.Problem{
				Code: route.CodeValue, Origin: route.Origin{File: b.Origin.File},
				Path:    fmt.Sprintf("backends.%s.addresses[%d]", b.Name, i),
				Message: fmt.Sprintf("the environment variable %s is not set", missing),
				Hint:    fmt.Sprintf("set it, or give a default: {$%s:http://127.0.0.1:8080}", missing),
			})
			continue
		}
		b.Addresses[i] = value
	}
	return problems
}

func expand(text string, lookup func(string) (string, bool)) (value, missing string) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{$")
		b.WriteString(before)
		if !found {
			return b.String(), ""
		}
		inner, after, closed := strings.Cut(rest, "}")
		if !closed {
			b.WriteString("{$" + rest)
			return b.String(), ""
		}
		name, fallback, hasFallback := strings.Cut(inner, ":")
		v, ok := lookup(name)
		if !ok && !hasFallback {
			return "", name
		}
		if !ok {
			v = fallback
		}
		b.WriteString(v)
		text = after
	}
}
