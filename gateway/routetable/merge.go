package routetable

import (
	"net/http"
	"net/url"
	"strings"

	"ficus/gateway/graphql"
	"ficus/gateway/route"
)

// merge returns conditions that some of the requests meet that meet all of the
// given ones, and, where those ask for one, the GraphQL operation of such a request.
// The given ones must not exclude each other.
func merge(all ...*Conditions) (*Conditions, *graphql.Operation) {
	var wants []want
	var operations []*route.GraphQL
	for _, c := range all {
		if c == nil {
			continue
		}
		for _, w := range c.wants {
			wants = addWant(wants, w)
		}
		if c.graphql != nil {
			operations = append(operations, c.graphql)
		}
	}
	merged := newConditions(wants)
	op := commonOperation(operations)
	if op != nil {
		merged.graphql = &route.GraphQL{Type: op.Type, Fields: op.Fields}
		if op.Name != "" {
			merged.graphql.Operation = []string{op.Name}
		}
		if op.Persisted != "" {
			merged.graphql.Persisted = []string{op.Persisted}
		}
	}
	return merged, op
}

// addWant adds a want, or narrows the one of the same fact.
func addWant(wants []want, w want) []want {
	for i, x := range wants {
		if x.fact == w.fact {
			wants[i].value = narrower(x.value, w.value)
			return wants
		}
	}
	return append(wants, w)
}

// narrower returns the one of two wanted texts that the other includes.
func narrower(a, b route.Wanted) route.Wanted {
	switch {
	case !strings.HasSuffix(string(a), "*"):
		return a
	case !strings.HasSuffix(string(b), "*"), len(b) > len(a):
		return b
	}
	return a
}

// commonOperation returns an operation that meets all the conditions, nil if there
// are none. Where a condition lists names or fields, one of them will do if any will.
func commonOperation(all []*route.GraphQL) *graphql.Operation {
	if len(all) == 0 {
		return nil
	}
	names, fields := []string{""}, [][]string{nil}
	persisted := all[0].Persisted
	for _, g := range all {
		if len(g.Operation) > 0 {
			names = g.Operation
		}
		if len(g.Fields) > 0 {
			fields = nil
			for _, f := range g.Fields {
				fields = append(fields, []string{f})
			}
		}
	}
	var candidates []*graphql.Operation
	for _, name := range names {
		for _, asked := range fields {
			for _, kind := range []route.OperationType{route.Query, route.Mutation, route.Subscription} {
				candidates = append(candidates, &graphql.Operation{Type: kind, Name: name, Fields: asked})
			}
		}
		for _, id := range persisted {
			candidates = append(candidates, &graphql.Operation{Name: name, Persisted: id})
		}
	}
next:
	for _, op := range candidates {
		for _, g := range all {
			if !holdGraphQL(g, &Request{operation: op, asked: true}) {
				continue next
			}
		}
		return op
	}
	return nil
}

// Example makes a request of the canonical path meet the conditions of all the
// entries, which must not exclude each other. The request says what a client would
// send; its GraphQL operation, if one is wanted, is given without a body.
func (r *Request) Example(entries ...*Entry) {
	var conditions []*Conditions
	for _, e := range entries {
		conditions = append(conditions, e.When)
	}
	all, op := merge(conditions...)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	var cookies, query []string
	for _, w := range all.wants {
		switch value := w.value.Sample(); w.kind {
		case aHeader:
			r.Header.Set(w.name, value)
		case aCookie:
			cookies = append(cookies, w.name+"="+value)
		case aParameter:
			query = append(query, url.QueryEscape(w.name)+"="+url.QueryEscape(value))
		case theContentType:
			r.Header.Set("Content-Type", value)
		}
	}
	if len(cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	if len(query) > 0 {
		r.RawQuery = strings.Join(query, "&")
	}
	if op != nil {
		r.operation, r.asked = op, true
	}
}
