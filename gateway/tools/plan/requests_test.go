package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/control"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

func verdictOf(t testing.TB, routes ...route.Definition) control.Verdict {
	t.Helper()
	set := route.Set{Backends: testBackends, Routes: routes}
	table, problems := routetable.Compile(set, routetable.Options{})
	if table == nil {
		t.Fatal(problems)
	}
	return control.Verdict{Set: set, Table: table}
}

// Each route "moving" owns so few requests that a careless search finds none of them.
func TestSetsThatHideWell(t *testing.T) {
	graphQL := func(g route.GraphQL, contentType route.Wanted) route.Conditions {
		return route.Conditions{GraphQL: g, ContentType: contentType}
	}
	header := func(w route.Wanted) route.Conditions {
		return route.Conditions{Header: map[string]route.Wanted{"X-A": w}}
	}
	at := func(match string, when route.Conditions) route.Definition {
		return route.Definition{Match: match, When: when}
	}
	for _, tc := range []struct {
		name   string
		moving route.Definition
		others []route.Definition
		want   Example
	}{
		{"behind an empty segment", at("/a/", route.Conditions{}), []route.Definition{
			at("/a/{$}", route.Conditions{}), at("/a/{x}", route.Conditions{}), at("/a/{x}/", route.Conditions{}),
		}, Example{Method: "GET", URL: "/a//7"}},
		{"by a method that nobody names", at("/a", route.Conditions{}), []route.Definition{
			at("GET /a", route.Conditions{}), at("POST /a", route.Conditions{}), at("PUT /b", route.Conditions{}),
		}, Example{Method: "PATCH", URL: "/a"}},
		{"at a host that nobody names", at("*.h.io/", route.Conditions{}), []route.Definition{
			at("www.h.io/", route.Conditions{}), at("*.a.h.io/", route.Conditions{}), at("/", route.Conditions{}),
		}, Example{Method: "GET", URL: "http://host.h.io/7"}},
		{"in a segment that nobody names", at("/a/{x}", route.Conditions{}), []route.Definition{
			at("/a/7", route.Conditions{}), at("/a/8", route.Conditions{}),
		}, Example{Method: "GET", URL: "/a/9"}},
		{"with another ending", at("/a", header("b*")), []route.Definition{
			at("/a", func() route.Conditions { c := header("b1"); c.ContentType = "*"; return c }()),
			at("/a", func() route.Conditions { c := header("b23*"); c.ContentType = "*"; return c }()),
		}, Example{Method: "GET", URL: "/a", Headers: map[string]string{"X-A": "b3"}}},
		{"asking for all fields", at("POST /g", graphQL(route.GraphQL{Type: route.Query, Fields: []string{"f", "g"}}, "")), []route.Definition{
			at("POST /g", graphQL(route.GraphQL{Type: route.Query, Fields: []string{"f"}}, "*")),
			at("POST /g", graphQL(route.GraphQL{Type: route.Query, Fields: []string{"g"}}, "*")),
		}, Example{Method: "POST", URL: "/g", Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"query":"{ f g }"}`}},
		{"by a subscription", at("POST /g", graphQL(route.GraphQL{Fields: []string{"f", "g"}}, "")), []route.Definition{
			at("POST /g", graphQL(route.GraphQL{Type: route.Query, Fields: []string{"f", "g"}}, "")),
			at("POST /g", graphQL(route.GraphQL{Type: route.Mutation, Fields: []string{"f", "g"}}, "")),
			at("POST /g", graphQL(route.GraphQL{Type: route.Subscription, Fields: []string{"f"}}, "")),
		}, Example{Method: "POST", URL: "/g", Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"query":"subscription { g }"}`}},
		{"by a persisted query", at("POST /g", graphQL(route.GraphQL{Persisted: []string{"p1", "p2"}}, "")), []route.Definition{
			at("POST /g", graphQL(route.GraphQL{Persisted: []string{"p1"}}, "*")),
		}, Example{Method: "POST", URL: "/g", Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"documentId":"p2"}`}},
		{"by a persisted query, in the URL", at("/g", graphQL(route.GraphQL{Persisted: []string{"p1"}}, "")), []route.Definition{
			at("POST /g", route.Conditions{}),
		}, Example{Method: "GET", URL: "/g?documentId=p1"}},
		{"by the name in the query", at("/g", func() route.Conditions {
			c := graphQL(route.GraphQL{Type: route.Mutation}, "")
			c.Query = map[string]route.Wanted{"operationName": "Op"}
			return c
		}()), []route.Definition{
			at("GET /g", route.Conditions{}),
		}, Example{Method: "POST", URL: "/g?operationName=Op", Headers: map[string]string{"Content-Type": "application/json"},
			Body: `{"operationName":"Op","query":"mutation Op { other }"}`}},
		{"with another content type", at("POST /g", graphQL(route.GraphQL{Fields: []string{"f"}}, "application/*")), []route.Definition{
			at("POST /g", func() route.Conditions {
				c := graphQL(route.GraphQL{Fields: []string{"f"}}, "application/json")
				c.Query = map[string]route.Wanted{"q": "*"}
				return c
			}()),
		}, Example{Method: "POST", URL: "/g", Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"query":"{ f }"}`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.moving.ID, tc.moving.Backend = "moving", "a"
			for i := range tc.others {
				tc.others[i].ID = string(rune('a' + i))
			}
			moved := tc.moving
			moved.Stage = route.StageNew
			report := Of(
				Version{"old", verdictOf(t, append(tc.others, tc.moving)...)},
				Version{"new", verdictOf(t, append(tc.others, moved)...)})
			if len(report.Requests) != 1 {
				t.Fatalf("%d sets: %+v", len(report.Requests), report.Requests)
			}
			if diff := cmp.Diff(tc.want, report.Requests[0].Example); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A route whose requests all go to more specific ones changes nothing for anybody.
func TestSetsWithoutRequests(t *testing.T) {
	covered := []route.Definition{{ID: "a", Match: "/a/{x}"}, {ID: "b", Match: "GET /a/{y}"}}
	shadowed := route.Definition{ID: "c", Match: "HEAD /a/{z}", Settings: route.Settings{Backend: "a", Stage: route.StageNew}}
	for _, tc := range []struct {
		name     string
		old, new []route.Definition
		routes   int
	}{
		{"nothing", covered, covered, 0},
		{"what nobody gets", []route.Definition{{ID: "a", Match: "CONNECT /a"}}, nil, 1},
		{"order", covered, []route.Definition{covered[1], covered[0]}, 0},
		{"names of wildcards", covered, []route.Definition{{ID: "a", Match: "/a/{other}"}, {ID: "b", Match: "GET /%61/{x}"}}, 0},
		{"for people", covered, []route.Definition{covered[0], {ID: "b", Match: "GET /a/{y}", Description: "new text"}}, 1},
		{"a weight that sleeps", covered, []route.Definition{covered[0],
			{ID: "b", Match: "GET /a/{y}", Settings: route.Settings{Weight: 10, Group: "g", Backend: "a"}}}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			report := Of(Version{"old", verdictOf(t, tc.old...)}, Version{"new", verdictOf(t, tc.new...)})
			if len(report.Requests) != 0 || report.Routes.count() != tc.routes || report.Changes != (tc.routes > 0) {
				t.Errorf("%+v", report)
			}
		})
	}
	// HEAD requests go to the new route, and to no other method.
	report := Of(Version{"old", verdictOf(t, covered...)}, Version{"new", verdictOf(t, append(covered, shadowed)...)})
	if len(report.Requests) != 1 || report.Requests[0].From.Route != "b" || report.Requests[0].Example.Method != "HEAD" {
		t.Errorf("%+v", report.Requests)
	}
}
