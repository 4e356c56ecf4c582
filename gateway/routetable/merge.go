package routetable

import (
	"strings"

	"ficus/gateway/graphql"
	"ficus/gateway/route"
)

// merge returns conditions that hold where both a and b do, which must not exclude
// each other.
func merge(a, b *Conditions) *Conditions {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	m := &Conditions{
		headers: mergeNamed(a.headers, b.headers),
		cookies: mergeNamed(a.cookies, b.cookies),
		query:   mergeNamed(a.query, b.query),
	}
	m.contentType = narrower(a.contentType, b.contentType)
	switch {
	case a.graphql == nil:
		m.graphql = b.graphql
	case b.graphql == nil:
		m.graphql = a.graphql
	default:
		m.graphql = &route.GraphQL{
			Type:      max(a.graphql.Type, b.graphql.Type),
			Operation: common(a.graphql.Operation, b.graphql.Operation),
			Fields:    common(a.graphql.Fields, b.graphql.Fields),
			Persisted: common(a.graphql.Persisted, b.graphql.Persisted),
		}
	}
	return m
}

func mergeNamed(a, b []named) []named {
	merged := append([]named(nil), a...)
next:
	for _, y := range b {
		for i, x := range merged {
			if x.name == y.name {
				merged[i].wanted = narrower(x.wanted, y.wanted)
				continue next
			}
		}
		merged = append(merged, y)
	}
	return merged
}

// narrower returns the one of two wanted texts that the other includes.
func narrower(a, b route.Wanted) route.Wanted {
	switch {
	case a == "":
		return b
	case b == "" || !strings.HasSuffix(string(a), "*"):
		return a
	case !strings.HasSuffix(string(b), "*") || len(b) > len(a):
		return b
	}
	return a
}

// common returns what both lists hold; an empty list holds everything.
func common(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return append(append([]string(nil), a...), b...)
	}
	var both []string
	for _, x := range a {
		if _, some := within([]string{x}, b); some {
			both = append(both, x)
		}
	}
	return both
}

// Example makes a request of the canonical path meet the conditions of all the
// entries, which must not exclude each other. The request says what a client would
// send; its GraphQL operation, if one is wanted, is given without a body.
func (r *Request) Example(entries ...*Entry) {
	var all *Conditions
	for _, e := range entries {
		all = merge(all, e.When)
	}
	if all == nil {
		return
	}
	for _, h := range all.headers {
		r.Header.Set(h.name, h.wanted.Sample())
	}
	var cookies, query []string
	for _, c := range all.cookies {
		cookies = append(cookies, c.name+"="+c.wanted.Sample())
	}
	if len(cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	for _, q := range all.query {
		query = append(query, q.name+"="+q.wanted.Sample())
	}
	r.RawQuery = strings.Join(query, "&")
	if all.contentType != "" {
		r.Header.Set("Content-Type", all.contentType.Sample())
	}
	if all.graphql != nil {
		r.operation, r.asked = sampleOperation(all.graphql), true
	}
}

func sampleOperation(g *route.GraphQL) *graphql.Operation {
	op := &graphql.Operation{Type: max(g.Type, route.Query)}
	if len(g.Operation) > 0 {
		op.Name = g.Operation[0]
	}
	switch {
	case onlyPersisted(g) && len(g.Persisted) > 0:
		op.Type, op.Persisted = route.AnyOperation, g.Persisted[0]
	case len(g.Fields) > 0:
		op.Fields = g.Fields[:1]
	}
	return op
}
