package routetable

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"ficus/gateway/graphql"
	"ficus/gateway/route"
)

// A Sample is an example request, as a client would send it.
type Sample struct {
	Method   string
	Host     string
	Path     string // canonical
	RawQuery string
	Header   http.Header
	Body     string // of a GraphQL request
}

// Request returns the request for one match.
func (s *Sample) Request() *Request {
	return &Request{Method: s.Method, Host: s.Host, Path: s.Path, RawQuery: s.RawQuery, Header: s.Header, Body: s}
}

// Target returns path and query as they go over the wire.
func (s *Sample) Target() string {
	target := Escape(s.Path)
	if s.RawQuery != "" {
		target += "?" + s.RawQuery
	}
	return target
}

// ReadOperation returns the operation that the request asks for, as the gateway does.
func (s *Sample) ReadOperation() *graphql.Operation {
	op, inBody := graphql.FromHead(&http.Request{
		Method: s.Method, Header: s.Header, URL: &url.URL{RawQuery: s.RawQuery}, ContentLength: int64(len(s.Body)),
	})
	if inBody {
		op = graphql.FromBody(s.Header.Get(contentType), []byte(s.Body), s.RawQuery)
	}
	return op
}

// asked is a GraphQL operation to be sent: a document or the name of one.
type asked struct {
	document, operation, persisted string
}

// ask makes the request carry the operation, if any.
func (s *Sample) ask(a *asked) {
	if a == nil {
		return
	}
	keys := map[string]string{}
	for key, value := range map[string]string{"query": a.document, "operationName": a.operation, "documentId": a.persisted} {
		if value != "" {
			keys[key] = value
		}
	}
	query, _ := url.ParseQuery(s.RawQuery) // which fill has written
	if s.Method == http.MethodPost {
		body, _ := json.Marshal(keys) // a map of texts
		s.Body = string(body)
		keys = nil
		if query.Has("operationName") { // has to be the same
			query.Set("operationName", a.operation)
		}
	}
	for key, value := range keys {
		query.Set(key, value)
	}
	s.RawQuery = query.Encode()
}

// operations returns what GraphQL operations to ask for so that all are seen that
// differ for the conditions of two entries: a nil one where none of them looks. An
// operation with more root fields meets fewer conditions, and one without a name meets
// none on names. A name in the query has to be the operation's.
func (s *Sampler) operations(a, b, both *Conditions) []*asked {
	if !a.AsksGraphQL() && !b.AsksGraphQL() {
		return []*asked{nil}
	}
	var x, y route.GraphQL
	if a.AsksGraphQL() {
		x = *a.graphql
	}
	if b.AsksGraphQL() {
		y = *b.graphql
	}
	names := common(x.Operation, y.Operation)
	if len(names) == 0 {
		names = []string{""}
		for _, w := range both.wants {
			if w.fact == (fact{aParameter, "operationName"}) {
				names = []string{s.value(w.value)}
			}
		}
	}
	fields := common(x.Fields, y.Fields)
	if len(fields) == 0 {
		fields = []string{s.field}
	}
	types := []route.OperationType{max(x.Type, y.Type)}
	if types[0] == route.AnyOperation {
		types = []route.OperationType{route.Query, route.Mutation, route.Subscription}
	}
	var list []*asked
	for _, name := range names {
		for _, t := range types {
			for _, set := range fieldSets(t, fields) {
				list = append(list, &asked{document: document(t, name, set), operation: name})
			}
		}
		for _, id := range common(x.Persisted, y.Persisted) {
			list = append(list, &asked{operation: name, persisted: id})
		}
	}
	return list
}

// fieldSets: a subscription has one root field.
func fieldSets(t route.OperationType, fields []string) [][]string {
	if len(fields) == 1 {
		return [][]string{fields}
	}
	sets := [][]string{fields[:1], fields}
	if t == route.Subscription {
		sets = nil
		for i := range fields {
			sets = append(sets, fields[i:i+1])
		}
	}
	return sets
}

// document writes a GraphQL document of one operation.
func document(t route.OperationType, name string, fields []string) string {
	text := "{ " + strings.Join(fields, " ") + " }"
	if t == route.Query && name == "" {
		return text
	}
	if name != "" {
		name = " " + name
	}
	return t.String() + name + " " + text
}
