package graphql

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"ficus/gateway/route"
)

// maxTokens bounds the work of parsing a document, comments included: real ones have
// some hundreds. A longer one is malformed.
const maxTokens = 10_000

// request is a GraphQL request as sent: the keys that matter here.
type request struct {
	query, operation string
	hash             string // of an automatic persisted query
	document         string // hash or name of a stored document
}

// readExtensions reads extensions.persistedQuery.sha256Hash; ok is false where there
// is something else in its place.
func (r *request) readExtensions(extensions json.RawMessage) (ok bool) {
	if isNull(extensions) {
		return true
	}
	outer, ok := object(extensions, extensionKeys)
	if !ok || isNull(outer["persistedQuery"]) {
		return ok
	}
	inner, ok := object(outer["persistedQuery"], persistedKeys)
	return ok && text(inner["sha256Hash"], &r.hash)
}

// stored notes the id of a stored document; ok is false where another is known.
func (r *request) stored(id string) (ok bool) {
	if id == "" || id == r.document {
		return true
	}
	ok = r.document == ""
	r.document = id
	return ok
}

// operationAsked finds the one operation that the request asks for.
func (r request) operationAsked() *Operation {
	if r.query == "" {
		return r.persisted()
	}
	if r.document != "" || r.hash != "" && r.hash != hashOf(r.query) {
		return Refuse(Malformed) // which of the two would be run?
	}
	document, ok := parse(r.query)
	if !ok {
		return Refuse(Malformed)
	}
	chosen := choose(document.Operations, r.operation)
	if chosen == nil {
		return Refuse(Malformed)
	}
	fields, ok := rootFields(document, chosen.SelectionSet)
	if !ok {
		return Refuse(Malformed)
	}
	return &Operation{Type: operationTypes[chosen.Operation], Name: chosen.Name, Fields: fields}
}

func (r request) persisted() *Operation {
	if !r.stored(r.hash) || r.document == "" {
		return Refuse(Malformed)
	}
	return &Operation{Name: r.operation, Persisted: r.document}
}

func hashOf(query string) string {
	sum := sha256.Sum256([]byte(query))
	return hex.EncodeToString(sum[:])
}

// parse refuses, beside what is no document, one that lexers read in different ways,
// so that what is a string or a comment for one is a field for the other.
func parse(query string) (document *ast.QueryDocument, ok bool) {
	if !utf8.ValidString(query) || strings.ContainsAny(query, otherLineEnds) ||
		strings.Contains(query, fourQuotes) || strings.Contains(query, escapedQuotes) {
		return nil, false
	}
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, maxTokens)
	return document, err == nil
}

const (
	// otherLineEnds end a line for some lexers (graphql-java, for one), and so a
	// comment; the last is a byte order mark, which may end a name or be left out.
	otherLineEnds = "\u0085\u2028\u2029\ufeff"

	// fourQuotes end a block string after the first three, by the specification, or
	// after the last three, as the parser here has it.
	fourQuotes = `""""`

	// escapedQuotes do not end a block string, by the specification; they do for
	// lexers that don't know them.
	escapedQuotes = `\"""`
)

var operationTypes = map[ast.Operation]route.OperationType{
	ast.Query: route.Query, ast.Mutation: route.Mutation, ast.Subscription: route.Subscription,
}

// choose returns the operation of that name or, without a name, the only one.
func choose(operations ast.OperationList, name string) *ast.OperationDefinition {
	if name == "" {
		if len(operations) == 1 {
			return operations[0]
		}
		return nil
	}
	var found *ast.OperationDefinition
	for _, o := range operations {
		if o.Name == name {
			if found != nil {
				return nil
			}
			found = o
		}
	}
	return found
}

// rootFields collects the fields of a selection set, through fragments, each of
// which is followed once. A field counts even where a directive may leave it out.
// ok is false for a fragment that is missing or defined twice.
func rootFields(document *ast.QueryDocument, set ast.SelectionSet) (fields []string, ok bool) {
	fragments := make(map[string]*ast.FragmentDefinition, len(document.Fragments))
	for _, f := range document.Fragments {
		fragments[f.Name] = f
	}
	ok = len(fragments) == len(document.Fragments)
	followed := map[string]bool{}
	var collect func(ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				if s.Name != "__typename" {
					fields = append(fields, s.Name)
				}
			case *ast.InlineFragment:
				collect(s.SelectionSet)
			case *ast.FragmentSpread:
				if fragment := fragments[s.Name]; fragment == nil {
					ok = false
				} else if !followed[s.Name] {
					followed[s.Name] = true
					collect(fragment.SelectionSet)
				}
			}
		}
	}
	collect(set)
	slices.Sort(fields)
	return slices.Compact(fields), ok
}
