package routetable

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ficus/gateway/graphql"
	"ficus/gateway/route"
)

// graphQLRequest is a request whose operation is known; it counts how often it is
// asked.
type graphQLRequest struct {
	operation *graphql.Operation
	asked     int
}

func (r *graphQLRequest) ReadOperation() *graphql.Operation { r.asked++; return r.operation }

// graphQLTable has one route at /graphql for each condition, "r0" and on.
func graphQLTable(t testing.TB, conditions ...route.GraphQL) *Table {
	t.Helper()
	set := setOf(make([]string, len(conditions))...)
	for i := range conditions {
		set.Routes[i].Match, set.Routes[i].When.GraphQL = "/graphql", conditions[i]
	}
	table, problems := Compile(set, Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return table
}

func TestGraphQLOperations(t *testing.T) {
	table := graphQLTable(t,
		route.GraphQL{Fields: []string{"products", "product"}, Persisted: []string{"p1"}},                      // r0
		route.GraphQL{Fields: []string{"cart"}},                                                                // r1
		route.GraphQL{Fields: []string{"addToCart"}, Type: route.Mutation, Operation: []string{"Add", "Put"}},  // r2
		route.GraphQL{Persisted: []string{"p2", "p3"}},                                                         // r3
		route.GraphQL{Operation: []string{"Health"}, Type: route.Query, Persisted: []string{"p4"}},             // r4
		route.GraphQL{Operation: []string{"Health"}, Type: route.Subscription, Fields: []string{"stock", "x"}}, // r5
	)
	query := func(name string, fields ...string) *graphql.Operation {
		return &graphql.Operation{Type: route.Query, Name: name, Fields: fields}
	}
	stored := func(name, id string) *graphql.Operation { return &graphql.Operation{Name: name, Persisted: id} }
	for name, tc := range map[string]struct {
		operation *graphql.Operation
		want      string
		refused   graphql.Refusal
		mixed     bool
	}{
		"a field":                    {query("", "products"), "r0", "", false},
		"both fields":                {query("A", "product", "products"), "r0", "", false},
		"no field":                   {query(""), "default", "", false},
		"a stranger's field":         {query("", "orders"), "default", "", false},
		"a field of each":            {query("", "cart", "products"), "default", "", true},
		"a field and a stranger's":   {query("", "orders", "products"), "default", "", true},
		"the field of another type":  {query("Put", "addToCart"), "default", "", false},
		"all of three":               {&graphql.Operation{Type: route.Mutation, Name: "Put", Fields: []string{"addToCart"}}, "r2", "", false},
		"another name":               {&graphql.Operation{Type: route.Mutation, Name: "add", Fields: []string{"addToCart"}}, "default", "", false},
		"no name":                    {&graphql.Operation{Type: route.Mutation, Fields: []string{"addToCart"}}, "default", "", false},
		"a name without fields":      {query("Health", "version"), "r4", "", false},
		"a name and a field of r0":   {query("Health", "products"), "r4", "", false}, // more conditions win
		"a subscription":             {&graphql.Operation{Type: route.Subscription, Name: "Health", Fields: []string{"stock"}}, "r5", "", false},
		"a listed document":          {stored("", "p1"), "r0", "", false},
		"a listed one of a route":    {stored("Any", "p3"), "r3", "", false},
		"a listed one of that name":  {stored("Health", "p4"), "r4", "", false},
		"a listed one, another name": {stored("", "p4"), "default", graphql.Unlisted, false},
		"an unlisted document":       {stored("", "p9"), "default", graphql.Unlisted, false},
		"a batch":                    {graphql.Refuse(graphql.Batch), "default", graphql.Batch, false},
		"nothing asked":              {nil, "default", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			body := &graphQLRequest{operation: tc.operation}
			r := Request{Method: "POST", Path: "/graphql", Body: body}
			e := table.Match(&r)
			if e.ID != tc.want || r.Refused != tc.refused || r.Mixed != tc.mixed {
				t.Errorf("%s, refused %q, mixed %v; want %s, %q, %v", e.ID, r.Refused, r.Mixed, tc.want, tc.refused, tc.mixed)
			}
			if body.asked != 1 {
				t.Errorf("the operation was asked for %d times", body.asked)
			}
		})
	}
}

// Elsewhere, and where other conditions fail already, nobody reads a body.
func TestGraphQLIsAskedLast(t *testing.T) {
	set := setOf("POST /graphql", "/other")
	set.Routes[0].When = route.Conditions{
		Header: map[string]route.Wanted{"X-A": "1"}, ContentType: "application/json", GraphQL: route.GraphQL{Fields: []string{"a"}},
	}
	table, problems := Compile(set, Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for _, r := range []Request{
		{Method: "GET", Path: "/graphql"}, {Method: "POST", Path: "/other"}, {Method: "POST", Path: "/graphql"},
		{Method: "POST", Path: "/graphql", Header: map[string][]string{"X-A": {"1"}, "Content-Type": {"text/plain"}}},
	} {
		body := &graphQLRequest{}
		r.Body = body
		if e := table.Match(&r); body.asked != 0 || e.ID == "r0" {
			t.Errorf("%s %s: route %s, asked %d times", r.Method, r.Path, e.ID, body.asked)
		}
	}
}

// What excludes each other no operation meets; for what doesn't there is one, and the
// example that problems show is such a one.
func TestGraphQLExclusionIsExact(t *testing.T) {
	lists := func(label string, of ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 2, rapid.ID[string])
	}
	condition := rapid.Custom(func(t *rapid.T) route.GraphQL {
		return route.GraphQL{
			Type:      rapid.SampledFrom([]route.OperationType{route.AnyOperation, route.AnyOperation, route.Query, route.Mutation}).Draw(t, "type"),
			Operation: lists("operation", "A", "B").Draw(t, "operation"),
			Fields:    lists("fields", "a", "b", "c").Draw(t, "fields"),
			Persisted: lists("persisted", "p", "q").Draw(t, "persisted"),
		}
	}).Filter(func(g route.GraphQL) bool { return !g.IsZero() })
	rapid.Check(t, func(t *rapid.T) {
		a, b := condition.Draw(t, "a"), condition.Draw(t, "b")
		var met *graphql.Operation
		for _, op := range allOperations() {
			if meets(&a, op) && meets(&b, op) {
				met = op
				break
			}
		}
		excluded := excludeGraphQL(&a, &b)
		if excluded != (met == nil) {
			t.Fatalf("excluded: %v, but %+v meets both", excluded, met)
		}
		if excluded {
			return
		}
		r := Request{Method: "POST", Path: "/graphql", Header: map[string][]string{}}
		entries := [2]*Entry{}
		for i, g := range []route.GraphQL{a, b} {
			entries[i] = &Entry{When: compileConditions(&route.Conditions{GraphQL: g})}
		}
		r.Example(entries[0], entries[1])
		for i, e := range entries {
			if !e.When.hold(&r) {
				t.Fatalf("the example %+v does not meet condition %d: %s", r.operation, i, e.When)
			}
		}
	})
}

func meets(g *route.GraphQL, op *graphql.Operation) bool {
	return holdGraphQL(g, &Request{Body: &graphQLRequest{operation: op}})
}

// allOperations lists the operations that the conditions above tell apart.
func allOperations() (all []*graphql.Operation) {
	for _, name := range []string{"", "A", "B"} {
		for _, id := range []string{"p", "q", "r"} {
			all = append(all, &graphql.Operation{Name: name, Persisted: id})
		}
		for _, kind := range []route.OperationType{route.Query, route.Mutation, route.Subscription} {
			for _, fields := range [][]string{{"a"}, {"b"}, {"c"}, {"d"}, {"a", "b"}, {"a", "c"}, {"b", "c"}, {"a", "b", "c"}, nil} {
				all = append(all, &graphql.Operation{Type: kind, Name: name, Fields: fields})
			}
		}
	}
	return all
}

func TestGraphQLCountsAsConditions(t *testing.T) {
	for _, tc := range []struct {
		g    route.GraphQL
		want int
	}{
		{route.GraphQL{}, 0},
		{route.GraphQL{Fields: []string{"a"}}, 1},
		{route.GraphQL{Fields: []string{"a"}, Persisted: []string{"p"}}, 1},
		{route.GraphQL{Persisted: []string{"p", "q"}}, 1},
		{route.GraphQL{Type: route.Query, Operation: []string{"A"}, Fields: []string{"a"}}, 3},
	} {
		if got := tc.g.Count(); got != tc.want || tc.g.IsZero() != (tc.want == 0) {
			t.Errorf("%+v: %d conditions, zero: %v; want %d", tc.g, got, tc.g.IsZero(), tc.want)
		}
	}
	e := &Entry{When: compileConditions(&route.Conditions{GraphQL: route.GraphQL{Type: route.Query, Fields: []string{"a", "b"}, Persisted: []string{"p"}}})}
	want := "graphql query, graphql fields a or b, graphql persisted p"
	if diff := cmp.Diff(want, e.When.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
