package routetable

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"ficus/gateway/graphql"
	"ficus/gateway/route"
)

func TestConditionsHold(t *testing.T) {
	header := func(pairs ...string) *Request {
		r := &Request{Header: http.Header{}}
		for i := 0; i < len(pairs); i += 2 {
			r.Header.Add(pairs[i], pairs[i+1])
		}
		return r
	}
	query := func(raw string) *Request { return &Request{RawQuery: raw} }
	one := func(name, value string) map[string]route.Wanted {
		return map[string]route.Wanted{name: route.Wanted(value)}
	}
	for _, tc := range []struct {
		name string
		when route.Conditions
		r    *Request
		want bool
	}{
		{"header", route.Conditions{Header: one("x-beta", "yes")}, header("X-Beta", "yes"), true},
		{"value in other case", route.Conditions{Header: one("X-Beta", "yes")}, header("X-Beta", "Yes"), false},
		{"first value counts", route.Conditions{Header: one("X-Beta", "yes")}, header("X-Beta", "no", "X-Beta", "yes"), false},
		{"any value", route.Conditions{Header: one("X-Beta", "*")}, header("X-Beta", ""), true},
		{"any value, but none", route.Conditions{Header: one("X-Beta", "*")}, header("X-Alpha", "1"), false},
		{"beginning", route.Conditions{Header: one("Accept-Language", "de*")}, header("Accept-Language", "de-CH,de"), true},
		{"other beginning", route.Conditions{Header: one("Accept-Language", "de*")}, header("Accept-Language", "d"), false},
		{"no headers at all", route.Conditions{Header: one("X-Beta", "*")}, &Request{}, false},

		{"cookie", route.Conditions{Cookie: one("a", "1")}, header("Cookie", "b=2; a=1"), true},
		{"cookie of a second line", route.Conditions{Cookie: one("a", "1")}, header("Cookie", "b=2", "Cookie", "a=1"), true},
		{"cookie names have a case", route.Conditions{Cookie: one("a", "1")}, header("Cookie", "A=1"), false},
		{"cookie in quotes", route.Conditions{Cookie: one("a", "1")}, header("Cookie", `a="1"`), true},
		{"cookie with an equals sign", route.Conditions{Cookie: one("a", "1=2")}, header("Cookie", `a=1=2`), true},

		{"parameter", route.Conditions{Query: one("v", "2")}, query("u=1&v=2"), true},
		{"parameter without a value", route.Conditions{Query: one("v", "*")}, query("v"), true},
		{"escaped parameter", route.Conditions{Query: one("a b", "ä+")}, query("a%20b=%C3%A4%2B"), true},
		{"plus is space", route.Conditions{Query: one("a b", "c d")}, query("a+b=c+d"), true},
		{"first parameter counts", route.Conditions{Query: one("v", "2")}, query("v=1&v=2"), false},
		{"bad escape", route.Conditions{Query: one("v", "*")}, query("v=%zz"), false},
		{"no semicolons", route.Conditions{Query: one("v", "*")}, query("u=1;v=2"), false},

		{"content type", route.Conditions{ContentType: "application/json"}, header("Content-Type", "Application/JSON ; charset=utf-8"), true},
		{"kind of content", route.Conditions{ContentType: "image/*"}, header("Content-Type", "image/png"), true},
		{"any content", route.Conditions{ContentType: "*"}, header("Content-Type", "x/y"), true},
		{"no content", route.Conditions{ContentType: "*"}, header(), false},

		{
			"all of them",
			route.Conditions{Header: one("X", "1"), Cookie: one("a", "1"), ContentType: "a/b"},
			header("X", "1", "Cookie", "a=1", "Content-Type", "a/b"), true,
		},
		{
			"all but one",
			route.Conditions{Header: one("X", "1"), Cookie: one("a", "2"), ContentType: "a/b"},
			header("X", "1", "Cookie", "a=1", "Content-Type", "a/b"), false,
		},
	} {
		if got := compileConditions(&tc.when).hold(tc.r); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestGraphQLConditions(t *testing.T) {
	products := route.GraphQL{Fields: []string{"products", "product"}}
	for _, tc := range []struct {
		name    string
		when    route.GraphQL
		op      *graphql.Operation
		want    bool
		mixed   bool
		refused graphql.Refusal
	}{
		{name: "one field", when: products, op: &graphql.Operation{Fields: []string{"products"}}, want: true},
		{name: "both fields", when: products, op: &graphql.Operation{Fields: []string{"product", "products"}}, want: true},
		{name: "another field too", when: products, op: &graphql.Operation{Fields: []string{"orders", "products"}}, mixed: true},
		{name: "other fields", when: products, op: &graphql.Operation{Fields: []string{"orders"}}},
		{name: "no fields", when: products, op: &graphql.Operation{}},
		{name: "batch", when: products, op: graphql.Refuse(graphql.Batch), refused: graphql.Batch},
		{name: "nothing", when: products},
		{name: "type", when: route.GraphQL{Type: route.Mutation}, op: &graphql.Operation{Type: route.Mutation}, want: true},
		{name: "other type", when: route.GraphQL{Type: route.Mutation}, op: &graphql.Operation{Type: route.Query}},
		{name: "name", when: route.GraphQL{Operation: []string{"Cart"}}, op: &graphql.Operation{Name: "Cart"}, want: true},
		{name: "no name", when: route.GraphQL{Operation: []string{"Cart"}}, op: &graphql.Operation{}},
		{name: "persisted", when: route.GraphQL{Type: route.Query, Persisted: []string{"abc"}}, op: &graphql.Operation{Persisted: "abc"}, want: true},
		{name: "other persisted", when: route.GraphQL{Type: route.Query, Persisted: []string{"abc"}}, op: &graphql.Operation{Persisted: "abd"}, refused: graphql.Unlisted},
		{name: "persisted only", when: route.GraphQL{Persisted: []string{"abc"}}, op: &graphql.Operation{Type: route.Query}},
	} {
		r := &Request{}
		reader := &body{operation: tc.op}
		if tc.op != nil {
			r.Body = reader
		}
		when := compileConditions(&route.Conditions{GraphQL: tc.when})
		for range 2 {
			if got := when.hold(r); got != tc.want {
				t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
			}
		}
		if r.Mixed != tc.mixed || r.Refused != tc.refused || reader.asked > 1 {
			t.Errorf("%s: mixed %v, refused %q, body read %d times", tc.name, r.Mixed, r.Refused, reader.asked)
		}
	}
}

// A body is read only where it may decide.
func TestBodyIsReadLast(t *testing.T) {
	set := setOf("POST /graphql", "POST /graphql", "POST /graphql", "POST /other")
	set.Routes[0].When.GraphQL.Fields = []string{"products"}
	set.Routes[1].When = route.Conditions{
		Header: map[string]route.Wanted{"X-Beta": "yes"}, GraphQL: route.GraphQL{Fields: []string{"orders"}},
	}
	set.Routes[2].When = route.Conditions{Header: map[string]route.Wanted{"X-Beta": "no"}, ContentType: "text/plain"}
	table, problems := Compile(set, Options{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for _, tc := range []struct {
		path   string
		header http.Header
		want   string
		asked  int
	}{
		{"/graphql", nil, "r0", 1},
		{"/graphql", http.Header{"X-Beta": {"yes"}}, "r0", 1},
		{"/graphql", http.Header{"X-Beta": {"no"}, "Content-Type": {"text/plain"}}, "r2", 0},
		{"/other", nil, "r3", 0},
	} {
		reader := &body{operation: &graphql.Operation{Type: route.Query, Fields: []string{"products"}}}
		got := table.Match(&Request{Method: "POST", Path: tc.path, Header: tc.header, Body: reader}).ID
		if got != tc.want || reader.asked != tc.asked {
			t.Errorf("%s %v: %s, body read %d times; want %s, %d", tc.path, tc.header, got, reader.asked, tc.want, tc.asked)
		}
	}
}

// FuzzCookie: the first cookie of a name is the one that net/http finds.
func FuzzCookie(f *testing.F) {
	for _, line := range []string{"a=1", "b=2; a=1", `a="1"`, `a="`, "a", "a =1", " a = 1 ", "a=\x01; a=2", "a=1;;a=2", "=a", "a==", `a="1`, "a=ü", "\ta=1,2"} {
		f.Add(line, "x=y", "a")
	}
	f.Add(strings.Repeat("b;", maxCookies-2), "a=1", "a")
	f.Add(strings.Repeat("b;", maxCookies-1), "a=1", "a")
	f.Fuzz(func(t *testing.T, first, second, name string) {
		if !isToken(name) {
			return // no name of a cookie
		}
		header := http.Header{"Cookie": {first, second}}
		cookie, err := (&http.Request{Header: header}).Cookie(name)
		got, ok := (&Request{Header: header}).cookie(name)
		if ok != (err == nil) || ok && got != cookie.Value {
			t.Fatalf("cookie %q of %q: %q, %v; net/http says %v, %v", name, header, got, ok, cookie, err)
		}
	})
}

// FuzzParameter: the first parameter of a name is the one that net/url finds.
func FuzzParameter(f *testing.F) {
	for _, query := range []string{"a=1", "b=2&a=1", "a", "a=%20+%2B", "%61=1", "a=%", "%=1&a=2", "a=1;b=2&a=3", "&&a=1", "=1", "a+b=c", "a=b=c", "%6", "a%", "%4g=1"} {
		f.Add(query, "a")
		f.Add(query, "a b")
	}
	f.Add(strings.Repeat("b&", maxParameters-1)+"a", "a")
	f.Add(strings.Repeat("b&", maxParameters)+"a", "a")
	f.Fuzz(func(t *testing.T, query, name string) {
		values, _ := url.ParseQuery(query)
		got, ok := (&Request{RawQuery: query}).parameter(name)
		if ok != values.Has(name) || got != values.Get(name) {
			t.Fatalf("parameter %q of %q: %q, %v; net/url says %q, %v", name, query, got, ok, values.Get(name), values.Has(name))
		}
	})
}

// FuzzMediaType: where package mime reads a media type, it is the same.
func FuzzMediaType(f *testing.F) {
	for _, text := range []string{"application/json", " Text/HTML ; charset=utf-8", "a/b;", "a/b;x", "a", "", ";a=b", "a/b, c/d", "K/b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, _, err := mime.ParseMediaType(text)
		got, ok := (&Request{Header: http.Header{"Content-Type": {text}}}).mediaType()
		if !ok || (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter)) && got != want {
			t.Fatalf("media type of %q: %q, %v; package mime says %q, %v", text, got, ok, want, err)
		}
	})
}
