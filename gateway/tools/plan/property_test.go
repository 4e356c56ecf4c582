package plan

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ficus/gateway/control"
	"ficus/gateway/graphql"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// The sets of requests are complete, and their examples are true: tables and edits of
// them are random, and so are requests.
func TestSetsAreCompleteAndTrue(t *testing.T) {
	rapid.Check(t, checkSets)
}

func FuzzSetsAreCompleteAndTrue(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkSets)) }

func checkSets(t *rapid.T) {
	old := drawTable(t, nil)
	changed := drawTable(t, drawEdits(t, old.Set.Routes))
	report := Of(Version{"old", old}, Version{"new", changed})
	owners := map[[2]string]bool{}
	for _, s := range report.Requests {
		owners[[2]string{s.From.Route, s.To.Route}] = true
		r := s.Example.request(t)
		a, b := old.Table.Match(r()), changed.Table.Match(r())
		if a.ID != s.From.Route || b.ID != s.To.Route || a.ID == b.ID && effect(a) == effect(b) {
			t.Fatalf("the example %s goes from %s to %s\n%+v", s.Example, a.ID, b.ID, s)
		}
	}
	for range 200 {
		r := drawRequest(t)
		a, b := old.Table.Match(r()), changed.Table.Match(r())
		if (a.ID != b.ID || effect(a) != effect(b)) && !owners[[2]string{a.ID, b.ID}] {
			t.Fatalf("no set says that %+v goes from %s %q to %s %q", r(), a.ID, a.Pattern, b.ID, b.Pattern)
		}
	}
}

// effect is what a request gets of an entry, found in another way than the package's.
func effect(e *routetable.Entry) string {
	rewrite := route.Rewrite{}
	if e.Rewrite != nil {
		rewrite = *e.Rewrite
	}
	timeout, falls, share := e.Resilience.Timeout, e.Resilience.Fallback.Enabled != route.Off, e.Resilience.Shadow.Share
	switch e.Stage {
	case route.StageLegacy:
		return fmt.Sprint("legacy", rewrite.Legacy, timeout)
	case route.StageShadow:
		return fmt.Sprint("shadow", e.Backend, rewrite, timeout, share)
	case route.StageCanary:
		return fmt.Sprint("canary", e.Weight, e.Group, e.Cohort, e.Force, e.Backend, rewrite, timeout, falls)
	case route.StageRetired:
		return fmt.Sprint("retired", e.Backend, rewrite.New, timeout)
	}
	return fmt.Sprint(e.Stage, e.Backend, rewrite, timeout, falls)
}

var testBackends = []route.Backend{
	{Name: "legacy", Addresses: []string{"http://127.0.0.1:1"}},
	{Name: "a", Addresses: []string{"http://127.0.0.1:2"}},
	{Name: "b", Addresses: []string{"http://127.0.0.1:3"}},
}

// drawTable makes a table of the routes, or of random ones, leaving out those in
// conflict with others.
func drawTable(t *rapid.T, routes []route.Definition) control.Verdict {
	if routes == nil {
		for i := range rapid.IntRange(0, 12).Draw(t, "routes") {
			routes = append(routes, drawRoute(t, fmt.Sprintf("r%d", i)))
		}
	}
	set := route.Set{Backends: testBackends}
	table, _ := routetable.Compile(set, routetable.Options{})
	for _, d := range routes {
		more := set
		more.Routes = append(slices.Clone(set.Routes), d)
		if compiled, problems := routetable.Compile(more, routetable.Options{}); !problems.HasErrors() {
			set, table = more, compiled
		}
	}
	return control.Verdict{Table: table, Set: set}
}

// drawEdits changes some of the routes, takes some away and adds others.
func drawEdits(t *rapid.T, routes []route.Definition) []route.Definition {
	edited := []route.Definition{}
	for _, d := range routes {
		switch rapid.IntRange(0, 9).Draw(t, "edit") {
		case 0:
			continue
		case 1:
			d.Match = drawPattern(t)
		case 2:
			d.When = drawWhen(t)
		case 3:
			d.Settings = drawSettings(t)
		case 4:
			d.ID += "x"
		}
		edited = append(edited, d)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "added") {
		added := drawRoute(t, fmt.Sprintf("n%d", i))
		edited = slices.Insert(edited, rapid.IntRange(0, len(edited)).Draw(t, "place"), added)
	}
	return edited
}

func drawRoute(t *rapid.T, id string) route.Definition {
	return route.Definition{ID: id, Match: drawPattern(t), When: drawWhen(t), Settings: drawSettings(t)}
}

func drawSettings(t *rapid.T) route.Settings {
	s := route.Settings{
		Stage:   oneOf(t, route.StageLegacy, route.StageShadow, route.StageCanary, route.StageNew, route.StageRetired),
		Weight:  float64(oneOf(t, 0, 10, 100)),
		Group:   oneOf(t, "", "g", "h"),
		Backend: oneOf(t, "a", "b"),
		Policy:  oneOf(t, "", "public"),
		Owner:   oneOf(t, "", "me"),
	}
	s.Timeout = time.Duration(oneOf(t, 0, 0, 1, 2)) * time.Second
	s.Fallback.Enabled = oneOf(t, route.Default, route.Default, route.On, route.Off)
	s.Shadow.Share = float64(oneOf(t, 0, 0, 10))
	s.Rewrite.New.AddPrefix = oneOf(t, "", "/v2")
	s.Rewrite.Legacy.AddPrefix = oneOf(t, "", "/old")
	return s
}

func oneOf[T any](t *rapid.T, values ...T) T { return rapid.SampledFrom(values).Draw(t, "choice") }

func drawPattern(t *rapid.T) string {
	var b strings.Builder
	b.WriteString(oneOf(t, "", "", "GET ", "POST ", "HEAD ", "PUT ") + oneOf(t, "", "", "", "h.io", "x.h.io", "*.h.io", "*.io"))
	for i := range rapid.IntRange(0, 3).Draw(t, "segments") {
		b.WriteString("/" + oneOf(t, "a", "b", "7", "%7B%7D", fmt.Sprintf("{w%d}", i)))
	}
	b.WriteString(oneOf(t, "/", "/{$}", "/{rest...}", "/a", "/7", "/{last}"))
	return b.String()
}

func drawWhen(t *rapid.T) route.Conditions {
	var when route.Conditions
	wanted := func() route.Wanted { return oneOf[route.Wanted](t, "", "", "a", "a*", "ab*", "a1", "*", "b") }
	put := func(to *map[string]route.Wanted, name string) {
		if w := wanted(); w != "" {
			*to = map[string]route.Wanted{name: w}
		}
	}
	if rapid.Bool().Draw(t, "unconditional") {
		return when
	}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		put(&when.Header, "X-A")
	case 1:
		put(&when.Cookie, "c")
		put(&when.Query, "q 1")
	case 2:
		when.ContentType = oneOf[route.Wanted](t, "application/json", "application/*", "text/plain", "*")
	case 3:
		put(&when.Header, "Content-Type")
	case 4:
		when.GraphQL = route.GraphQL{
			Type:      oneOf(t, route.AnyOperation, route.Query, route.Mutation, route.Subscription),
			Operation: oneOf(t, nil, []string{"Op"}, []string{"Op", "Other"}),
			Fields:    oneOf(t, nil, []string{"f"}, []string{"f", "g"}, []string{"g", "h"}),
			Persisted: oneOf(t, nil, []string{"p1"}, []string{"p1", "p2"}),
		}
		if w := oneOf[route.Wanted](t, "", "", "Op", "O*"); w != "" {
			when.Query = map[string]route.Wanted{"operationName": w}
		}
	}
	return when
}

// drawRequest returns a request, anew for each match.
func drawRequest(t *rapid.T) func() *routetable.Request {
	r := routetable.Request{
		Method: oneOf(t, "GET", "HEAD", "POST", "PUT", "DELETE"),
		Host:   oneOf(t, "z", "h.io", "x.h.io", "y.x.h.io", "q.io", "localhost:80"),
		Header: http.Header{},
	}
	for range rapid.IntRange(1, 5).Draw(t, "segments") {
		r.Path += "/" + oneOf(t, "a", "b", "7", "{}", "", "z")
	}
	value := func() string { return oneOf(t, "", "a", "ab", "abc", "a1", "a2", "b", "c") }
	query := url.Values{}
	if v := value(); v != "" {
		r.Header.Set("X-A", v)
	}
	if v := value(); v != "" {
		r.Header.Set("Cookie", "c="+v)
	}
	if v := value(); v != "" {
		query.Set("q 1", v)
	}
	if v := oneOf(t, "", "application/json", "application/x+json", "text/plain", "a", "a1"); v != "" {
		r.Header.Set("Content-Type", v)
	}
	if rapid.Bool().Draw(t, "asks") {
		return drawOperation(t, r, query)
	}
	r.RawQuery = query.Encode()
	return func() *routetable.Request { again := r; return &again }
}

// drawOperation makes the request ask for a GraphQL operation.
func drawOperation(t *rapid.T, r routetable.Request, query url.Values) func() *routetable.Request {
	operation, name := "", oneOf(t, "", "Op", "Other", "O1", "None")
	document := oneOf(t, "query", "mutation", "subscription") + " " + name + " { " +
		oneOf(t, "f", "g", "h", "i", "f g", "f i", "f g h", "__typename") + " }"
	persisted := oneOf(t, "", "p1", "p2", "p3")
	if persisted != "" {
		document, operation = "", name
	}
	body := ""
	switch r.Method {
	case "GET", "HEAD":
		query.Set("query", document)
		query.Set("operationName", operation)
		query.Set("documentId", persisted)
	case "POST":
		if name != "" && rapid.Bool().Draw(t, "name in query") {
			query.Set("operationName", name)
		}
		body = fmt.Sprintf(`{"query":%q,"operationName":%q,"documentId":%q}`, document, operation, persisted)
	}
	r.RawQuery = query.Encode()
	return func() *routetable.Request {
		again := r
		again.Body = reader{&again, body}
		return &again
	}
}

// reader reads operations as the gateway does.
type reader struct {
	r    *routetable.Request
	body string
}

func (r reader) ReadOperation() *graphql.Operation {
	switch r.r.Method {
	case "GET", "HEAD":
		return graphql.FromQuery(r.r.RawQuery)
	case "POST":
		return graphql.FromBody(r.r.Header.Get("Content-Type"), []byte(r.body), r.r.RawQuery)
	}
	return nil
}

// request reads an example as a server would.
func (e Example) request(t rapid.TB) func() *routetable.Request {
	parsed, err := http.NewRequest(e.Method, e.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := routetable.Request{
		Method: e.Method, Host: parsed.Host, Path: routetable.Canonical(parsed.URL.EscapedPath()),
		RawQuery: parsed.URL.RawQuery, Header: http.Header{},
	}
	if r.Host == "" {
		r.Host = "localhost"
	}
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	return func() *routetable.Request {
		again := r
		again.Body = reader{&again, e.Body}
		return &again
	}
}
