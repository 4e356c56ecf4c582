package routetable

import (
	"cmp"
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// Conditions are what a route wants beside its pattern, as compiled.
type Conditions struct {
	count       int
	headers     []named // by canonical name, sorted
	cookies     []named
	query       []named
	contentType route.Wanted // "" is no condition
	graphql     *route.GraphQL
}

type named struct {
	name   string
	wanted route.Wanted
}

// compileConditions returns nil where there are none.
func compileConditions(c *route.Conditions) *Conditions {
	if c.Count() == 0 {
		return nil
	}
	compiled := &Conditions{
		count:       c.Count(),
		headers:     sorted(c.Header, textproto.CanonicalMIMEHeaderKey),
		cookies:     sorted(c.Cookie, nil),
		query:       sorted(c.Query, nil),
		contentType: c.ContentType,
	}
	if !c.GraphQL.IsZero() {
		compiled.graphql = &c.GraphQL
	}
	return compiled
}

func sorted(wanted map[string]route.Wanted, key func(string) string) []named {
	var list []named
	for name, w := range wanted {
		if key != nil {
			name = key(name)
		}
		list = append(list, named{name, w})
	}
	slices.SortFunc(list, func(a, b named) int { return cmp.Compare(a.name, b.name) })
	return list
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
	if c == nil {
		return true
	}
	for _, h := range c.headers {
		if values := r.Header[h.name]; len(values) == 0 || !h.wanted.Matches(values[0]) {
			return false
		}
	}
	for _, want := range c.cookies {
		if value, ok := r.cookie(want.name); !ok || !want.wanted.Matches(value) {
			return false
		}
	}
	for _, want := range c.query {
		if value, ok := r.parameter(want.name); !ok || !want.wanted.Matches(value) {
			return false
		}
	}
	if c.contentType != "" && !c.contentType.Matches(r.mediaType()) {
		return false
	}
	return c.graphql == nil || holdGraphQL(c.graphql, r)
}

func holdGraphQL(want *route.GraphQL, r *Request) bool {
	op := r.graphQL()
	if op == nil || len(want.Operation) > 0 && !slices.Contains(want.Operation, op.Name) {
		return false
	}
	if op.Persisted != "" {
		return slices.Contains(want.Persisted, op.Persisted)
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

// exclude reports whether no request meets both a and b. False is the safe answer.
func exclude(a, b *Conditions) bool {
	if a == nil || b == nil {
		return false
	}
	return excludeNamed(a.headers, b.headers) || excludeNamed(a.cookies, b.cookies) || excludeNamed(a.query, b.query) ||
		a.contentType != "" && b.contentType != "" && a.contentType.Excludes(b.contentType) ||
		a.graphql != nil && b.graphql != nil && excludeGraphQL(a.graphql, b.graphql)
}

func excludeNamed(a, b []named) bool {
	for _, x := range a {
		for _, y := range b {
			if x.name == y.name && x.wanted.Excludes(y.wanted) {
				return true
			}
		}
	}
	return false
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
	for _, group := range []struct {
		what string
		list []named
	}{{"header", c.headers}, {"cookie", c.cookies}, {"query", c.query}} {
		for _, n := range group.list {
			parts = append(parts, fmt.Sprintf("%s %s=%s", group.what, n.name, n.wanted))
		}
	}
	if c.contentType != "" {
		parts = append(parts, "content type "+string(c.contentType))
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
