package routefile

import (
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ficus/gateway/route"
)

// A Parser parses a folder again and again, and knows what it parsed last: of what an edit
// left as it was, nothing is parsed again. A file is taken apart for it, into its routes, one
// by one, and the rest. The zero Parser is ready; it is not for concurrent use.
type Parser struct {
	files map[string]*known // by name
}

// known is a file in which no problem was found. It is immutable.
type known struct {
	rest     string // its text, with empty lines in place of the routes
	body     ast.Node
	defaults route.Settings // of its routes
	doc      Document       // what the rest says
	routes   map[string]*route.Definition
}

// Parse returns what [Folder.Parse] does of the folder. Definitions that were in the last
// folder, too, are the same as then by [route.Definition.Same].
func (p *Parser) Parse(f *Folder, lookup func(string) (string, bool)) (route.Set, route.Problems) {
	files, defaults, origin, ok := p.parse(f)
	if !ok {
		return f.Parse(lookup) // which says what is wrong, and where
	}
	docs := make([]Document, len(f.Files))
	p.files = make(map[string]*known, len(files))
	for i, file := range files {
		docs[i], p.files[f.Files[i].Name] = file.doc, file.known
	}
	set, problems := assemble(docs, lookup)
	set.Rest, set.RestOrigin = defaults, origin
	f.Locate(problems)
	return set, problems
}

// parsed is a file as known, and all that it says.
type parsed struct {
	known *known
	doc   Document
}

// parse parses what is not known. ok is false where there is any problem.
func (p *Parser) parse(f *Folder) (files []parsed, defaults route.Settings, origin route.Origin, ok bool) {
	bodies, all := make([]ast.Node, len(f.Files)), make([]parts, len(f.Files))
	for i, file := range f.Files {
		data := normalize(file.Data)
		if guard(file.Name, data) != nil {
			return nil, defaults, origin, false
		}
		all[i] = cut(string(data))
		if bodies[i], ok = p.body(file.Name, &all[i]); !ok {
			return nil, defaults, origin, false
		}
	}
	defaults, origin, problems := folderDefaults(f.Files, bodies)
	if len(problems) > 0 {
		return nil, defaults, origin, false
	}
	files = make([]parsed, len(f.Files))
	for i, file := range f.Files {
		if files[i], ok = p.files[file.Name].renew(file.Name, &all[i], bodies[i], defaults); !ok {
			return nil, defaults, origin, false
		}
	}
	return files, defaults, origin, true
}

// body returns the root node of what a file says beside its routes.
func (p *Parser) body(name string, all *parts) (ast.Node, bool) {
	if last := p.files[name]; last != nil && last.rest == all.rest {
		return last.body, true
	}
	body, problem := parseYAML(File{Name: name, Data: []byte(all.rest)})
	if problem != nil || len(all.routes) > 0 && !all.listIn(body) {
		return nil, false
	}
	return body, true
}

// renew returns what a file says now, k being what it said last.
func (k *known) renew(name string, all *parts, body ast.Node, folder route.Settings) (parsed, bool) {
	defaults := ownDefaults(body, folder)
	next := &known{rest: all.rest, body: body, defaults: defaults, routes: make(map[string]*route.Definition, len(all.routes))}
	same := k != nil && reflect.DeepEqual(k.defaults, defaults)
	if same && k.body == body {
		next.doc = k.doc
	} else {
		var problems route.Problems
		if next.doc, problems = decodeFile(name, body, folder); len(problems) > 0 {
			return parsed{}, false
		}
	}
	doc := next.doc
	if len(all.routes) > 0 {
		doc.Routes = make([]route.Definition, len(all.routes))
	}
	d := decoder{file: name, defaults: defaults}
	for i, part := range all.routes {
		var one *route.Definition
		if same {
			one = k.routes[part.text]
		}
		if one == nil {
			if one = d.part(part.text); one == nil {
				return parsed{}, false
			}
		}
		next.routes[part.text] = one
		doc.Routes[i] = *one
		doc.Routes[i].Origin.Line += part.before
		doc.Routes[i].Origin.Index = i
	}
	return parsed{next, doc}, true
}

// part decodes a route that stands alone in a list. Nil: there is a problem.
func (d *decoder) part(text string) *route.Definition {
	body, problem := parseYAML(File{Name: d.file, Data: []byte(text)})
	list, ok := body.(*ast.SequenceNode)
	if problem != nil || !ok || len(list.Values) != 1 || list.Values[0].Type() == ast.NullType {
		return nil
	}
	one := &route.Definition{Same: new(route.Sameness)}
	d.decode(list.Values[0], reflect.ValueOf(one).Elem(), "routes[0]")
	if len(d.problems) > 0 {
		return nil
	}
	return one
}

// parts are the text of a file, taken apart.
type parts struct {
	rest   string // with empty lines in place of the routes
	line   int    // of "routes:"
	routes []part
}

// part is the text of one route, from its dash to the next one, with how many lines stand
// before it.
type part struct {
	text   string
	before int
}

// cut takes the text of a file apart, where its routes stand below a line "routes:", each
// with a dash at the same column. Where they don't, all is rest. That the lines are what they
// seem, and no part of a text in quotes, say, is for the parser to confirm.
func cut(text string) parts {
	whole := parts{rest: text}
	all, begin, column, number := whole, -1, 0, 0
	for at := 0; at < len(text); number++ {
		line, _, _ := strings.Cut(text[at:], "\n")
		bare := strings.TrimLeft(line, " ")
		switch indent := len(line) - len(bare); {
		case all.line == 0:
			if strings.TrimRight(line, " ") == "routes:" {
				all.line = number + 1
			}
		case bare == "" || bare[0] == '#':
		case begin >= 0 && indent > column:
		case (begin < 0 || indent == column) && (bare == "-" || strings.HasPrefix(bare, "- ")):
			if begin < 0 {
				begin, column = at, indent
			}
			all.routes = append(all.routes, part{text: text[at:], before: number})
		case begin >= 0 && indent == 0:
			return all.without(text, begin, at)
		default:
			return whole
		}
		at += len(line) + 1
	}
	if begin < 0 || len(all.routes) > maxItems {
		return whole
	}
	return all.without(text, begin, len(text))
}

// without ends each route where the next one begins, and takes all of them out of the rest.
func (p parts) without(text string, begin, end int) parts {
	after := len(text) - end
	for i := len(p.routes) - 1; i >= 0; i-- {
		one := &p.routes[i]
		length := len(one.text)
		one.text = one.text[:length-after]
		after = length
	}
	p.rest = text[:begin] + strings.Repeat("\n", strings.Count(text[begin:end], "\n")) + text[end:]
	return p
}

// listIn reports whether the routes were the list of a file with that root.
func (p *parts) listIn(body ast.Node) bool {
	if m, ok := body.(*ast.MappingNode); ok && m.IsFlowStyle {
		return false
	}
	for _, pair := range pairs(body) {
		if keyText(pair.Key) == "routes" {
			return pair.Key.GetToken().Position.Line == p.line && pair.Value.Type() == ast.NullType
		}
	}
	return false
}
