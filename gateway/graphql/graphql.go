// Package graphql tells what a request to a GraphQL endpoint asks for, as far as a
// route table needs to know: the operation's type, its name and its root fields.
// Rooms match and explain use it.
//
// Forms of requests are those of "GraphQL over HTTP" and of what clients send
// besides: automatic persisted queries (a sha256Hash) and stored documents
// (documentId or id). Whatever can be read in two ways is refused rather than
// guessed, since the service behind might guess otherwise. Nothing is executed and
// no schema is known.
package graphql

import (
	"encoding/json"
	"mime"
	"net/url"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"ficus/gateway/route"
)

// MaxBody is the largest body that is looked into, in bytes.
const MaxBody = 256 << 10

// maxTokens bounds the work of parsing a document: real ones have some hundreds.
const maxTokens = 10_000

// A Refusal says why a request can't be looked into. It is a metric label.
type Refusal string

// Why a request can't be looked into.
const (
	Batch      Refusal = "batch"      // several operations in one request
	TooLarge   Refusal = "too_large"  // the body is larger than MaxBody
	Encoded    Refusal = "encoded"    // the body is compressed
	Malformed  Refusal = "malformed"  // no GraphQL request, or one that can be read in two ways
	Unreadable Refusal = "unreadable" // the body did not arrive whole
)

// An Operation is what one request asks for.
type Operation struct {
	Type      route.OperationType
	Name      string   // "" if it has none
	Fields    []string // root fields, sorted, each once, without __typename
	Persisted string   // hash or name, where the request sends no document
	Refused   Refusal  // why none of it is known; "" if it is
}

// Refuse returns an operation of which nothing is known.
func Refuse(why Refusal) *Operation { return &Operation{Refused: why} }

// request is a GraphQL request as sent: the keys that matter here.
type request struct {
	query, operation, documentID, hash string
}

// FromQuery reads a GET request, from its raw query string.
func FromQuery(rawQuery string) *Operation {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return Refuse(Malformed)
	}
	for _, key := range []string{"query", "operationName", "documentId", "id", "extensions"} {
		if len(values[key]) > 1 {
			return Refuse(Malformed)
		}
	}
	r := request{query: values.Get("query"), operation: values.Get("operationName"), documentID: values.Get("documentId")}
	if r.documentID == "" {
		r.documentID = values.Get("id")
	}
	if text := values.Get("extensions"); text != "" {
		var ok bool
		if r.hash, ok = persistedHash(json.RawMessage(text)); !ok {
			return Refuse(Malformed)
		}
	}
	return r.operationAsked()
}

// FromBody reads a POST request, from its content type, its whole body and the raw
// query string, in which some servers look for a document first.
func FromBody(contentType string, body []byte, rawQuery string) *Operation {
	if values, err := url.ParseQuery(rawQuery); err != nil || values.Has("query") || values.Has("extensions") ||
		values.Has("documentId") || values.Has("operationName") {
		return Refuse(Malformed)
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	switch {
	case err == nil && mediaType == "application/graphql":
		return request{query: string(body)}.operationAsked()
	case err != nil || mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json"):
		return Refuse(Malformed)
	}
	if trimmed := strings.TrimLeft(string(body), " \t\r\n"); strings.HasPrefix(trimmed, "[") {
		return Refuse(Batch)
	}
	r, ok := requestFromJSON(body)
	if !ok {
		return Refuse(Malformed)
	}
	return r.operationAsked()
}

func requestFromJSON(body []byte) (r request, ok bool) {
	keys, ok := object(body)
	if !ok {
		return r, false
	}
	for key, to := range map[string]*string{
		"query": &r.query, "operationName": &r.operation, "documentId": &r.documentID,
	} {
		if !text(keys[key], to) {
			return r, false
		}
	}
	if r.documentID == "" && !text(keys["id"], &r.documentID) {
		return r, false
	}
	r.hash, ok = persistedHash(keys["extensions"])
	return r, ok
}

// persistedHash reads extensions.persistedQuery.sha256Hash; ok is false where there
// is something else in its place.
func persistedHash(extensions json.RawMessage) (hash string, ok bool) {
	if isNull(extensions) {
		return "", true
	}
	outer, ok := object(extensions)
	if !ok || isNull(outer["persistedQuery"]) {
		return "", ok
	}
	inner, ok := object(outer["persistedQuery"])
	return hash, ok && text(inner["sha256Hash"], &hash)
}

// operationAsked finds the one operation that the request asks for.
func (r request) operationAsked() *Operation {
	if strings.TrimSpace(r.query) == "" {
		id := r.hash
		if r.documentID != "" {
			if id != "" && id != r.documentID {
				return Refuse(Malformed)
			}
			id = r.documentID
		}
		if id == "" {
			return Refuse(Malformed)
		}
		return &Operation{Name: r.operation, Persisted: id}
	}
	if r.documentID != "" {
		return Refuse(Malformed) // which of the two would be run?
	}
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: r.query}, maxTokens)
	if err != nil {
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
func rootFields(document *ast.QueryDocument, set ast.SelectionSet) (fields []string, ok bool) {
	followed := map[string]bool{}
	ok = true
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
				if followed[s.Name] {
					continue
				}
				followed[s.Name] = true
				fragment := document.Fragments.ForName(s.Name)
				if fragment == nil {
					ok = false
					continue
				}
				collect(fragment.SelectionSet)
			}
		}
	}
	collect(set)
	slices.Sort(fields)
	return slices.Compact(fields), ok
}
