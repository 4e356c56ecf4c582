package routetable

import (
	"cmp"
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	"ficus/gateway/graphql"
	"ficus/gateway/route"
)

// Conditions are what a route wants beside its pattern, as compiled.
type Conditions struct {
	count   int
	wants   []want // those of one exact value first, then by fact
	exact   int    // how many of wants are exact
	graphql *route.GraphQL
}

// A want is one condition: a fact of the request, and the value it should have.
type want struct {
	fact
	value route.Wanted
}

// A fact is what conditions can ask of a request: one header, cookie or parameter,
// or its content type.
type fact struct {
	kind factKind
	name string // canonical for a header; "" for the content type
}

type factKind uint8

const (
	aHeader factKind = iota
	aCookie
	aParameter
	theContentType
)

var factKinds = [...]string{aHeader: "header", aCookie: "cookie", aParameter: "query", theContentType: "content type"}

// compileConditions returns nil where there are none.
func compileConditions(c *route.Conditions) *Conditions {
	if c.Count() == 0 {
		return nil
	}
	var wants []want
	for name, value := range c.Header {
		wants = append(wants, want{fact{aHeader, textproto.CanonicalMIMEHeaderKey(name)}, value})
	}
	for name, value := range c.Cookie {
		wants = append(wants, want{fact{aCookie, name}, value})
	}
	for name, value := range c.Query {
		wants = append(wants, want{fact{aParameter, name}, value})
	}
	if c.ContentType != "" {
		wants = append(wants, want{fact{kind: theContentType}, c.ContentType})
	}
	compiled := newConditions(wants)
	compiled.count = c.Count()
	if !c.GraphQL.IsZero() {
		graphql := c.GraphQL // its own copy, so that the definition can go
		compiled.graphql = &graphql
	}
	return compiled
}

func newConditions(wants []want) *Conditions {
	open := func(w want) int { return strings.Count(string(w.value), "*") }
	slices.SortFunc(wants, func(a, b want) int {
		return cmp.Or(cmp.Compare(open(a), open(b)), cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
	c := &Conditions{wants: wants}
	for c.exact < len(wants) && open(wants[c.exact]) == 0 {
		c.exact++
	}
	return c
}

// Count returns how many conditions there are.
func (c *Conditions) Count() int {
	if c == nil {
		return 0
	}
	return c.count
}

// hold reports whether a request meets all conditions; nil ones always hold. What
// costs most is asked last: the body of a GraphQL request.
func (c *Conditions) hold(r *Request) bool {
	return c == nil || met(c.wants, r) && (c.graphql == nil || holdGraphQL(c.graphql, r))
}

// holdToo is hold for a request that is known to meet the exact wants.
func (c *Conditions) holdToo(r *Request) bool {
	return c == nil || met(c.wants[c.exact:], r) && (c.graphql == nil || holdGraphQL(c.graphql, r))
}

func met(wants []want, r *Request) bool {
	for _, w := range wants {
		if value, ok := r.value(w.fact); !ok || !w.value.Matches(value) {
			return false
		}
	}
	return true
}

func holdGraphQL(want *route.GraphQL, r *Request) bool {
	op := r.graphQL()
	if op == nil || len(want.Operation) > 0 && !slices.Contains(want.Operation, op.Name) {
		return false
	}
	if op.Persisted != "" {
		if slices.Contains(want.Persisted, op.Persisted) {
			return true
		}
		r.Refused = graphql.Unlisted
		return false
	}
	if want.Type == route.AnyOperation && len(want.Operation) == 0 && len(want.Fields) == 0 {
		return false // persisted queries only
	}
	if want.Type != route.AnyOperation && want.Type != op.Type {
		return false
	}
	if len(want.Fields) == 0 {
		return true
	}
	all, some := within(op.Fields, want.Fields)
	if some && !all {
		r.Mixed = true
	}
	return some && all
}

// exclude reports whether no request meets both a and b.
func exclude(a, b *Conditions) bool {
	if a == nil || b == nil {
		return false
	}
	for _, x := range a.wants {
		for _, y := range b.wants {
			if x.fact == y.fact && x.value.Excludes(y.value) {
				return true
			}
		}
	}
	return a.graphql != nil && b.graphql != nil && excludeGraphQL(a.graphql, b.graphql)
}

// excludeGraphQL: an operation meets both either by its document or as a persisted
// query.
func excludeGraphQL(a, b *route.GraphQL) bool {
	apart := func(x, y []string) bool {
		_, some := within(x, y)
		return len(x) > 0 && len(y) > 0 && !some
	}
	if apart(a.Operation, b.Operation) {
		return true
	}
	byDocument := (a.Type == route.AnyOperation || b.Type == route.AnyOperation || a.Type == b.Type) && !apart(a.Fields, b.Fields) &&
		!onlyPersisted(a) && !onlyPersisted(b)
	_, byPersisted := within(a.Persisted, b.Persisted)
	return !byDocument && !byPersisted
}

func onlyPersisted(g *route.GraphQL) bool {
	return g.Type == route.AnyOperation && len(g.Operation) == 0 && len(g.Fields) == 0
}

// String writes the conditions for people: "header X-A=1, graphql field products".
func (c *Conditions) String() string {
	if c == nil {
		return ""
	}
	var parts []string
	for _, w := range c.wants {
		if w.kind == theContentType {
			parts = append(parts, "content type "+string(w.value))
		} else {
			parts = append(parts, fmt.Sprintf("%s %s=%s", factKinds[w.kind], w.name, w.value))
		}
	}
	if g := c.graphql; g != nil {
		if g.Type != route.AnyOperation {
			parts = append(parts, "graphql "+g.Type.String())
		}
		for _, group := range []struct {
			what string
			list []string
		}{{"operation", g.Operation}, {"fields", g.Fields}, {"persisted", g.Persisted}} {
			if len(group.list) > 0 {
				parts = append(parts, "graphql "+group.what+" "+strings.Join(group.list, " or "))
			}
		}
	}
	return strings.Join(parts, ", ")
}

// AsksGraphQL reports whether the conditions look into the request's operation.
func (c *Conditions) AsksGraphQL() bool { return c != nil && c.graphql != nil }
