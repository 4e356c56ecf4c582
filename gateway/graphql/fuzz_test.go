package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	service "github.com/graph-gophers/graphql-go"

	"ficus/gateway/route"
)

// What a service runs has been seen here: the fuzz targets read a request, and then
// have it run by a GraphQL service in Go, which ignores the case of JSON keys, takes
// the last of two, and has a lexer of its own. No root field may run that the reader
// did not report, and documents have one reading for lexers of several kinds.

func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"query":"{products{total}}"}`,
		`{"query":"query A($x:[String]){b:a(x:$x){id} ...F} fragment F on Query{orders{id}}","operationName":"A","variables":{"x":["1"]}}`,
		`{"query":"{a{id}}","Query":"{b{id}}","operationname":"A"}`,
		`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + aHash + `"}},"query":"{__typename}"}`,
		`{"id":"x"}`, `[{"query":"{a{id}}"}]`, ` {"query":"mutation{addToCart{id}}"} `,
	} {
		f.Add([]byte(body), "")
	}
	f.Add([]byte(`{"query":"query A{a{id}} query B{b{id}}","operationName":"A"}`), "operationName=B")
	f.Fuzz(func(t *testing.T, body []byte, rawQuery string) {
		op := FromBody("application/json", body, rawQuery)
		checkForm(t, op)
		var asked struct {
			Query         string         `json:"query"`
			OperationName string         `json:"operationName"`
			Variables     map[string]any `json:"variables"`
		}
		if op.Refused == "" && json.NewDecoder(bytes.NewReader(body)).Decode(&asked) == nil {
			checkRun(t, op, asked.Query, asked.OperationName, asked.Variables)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, rawQuery := range []string{
		"query={a{id}}", "query=query+A{a{id}}+query+B{b{id}}&operationName=B", "query={a{id}}&query={b{id}}", "QUERY={b{id}}&query={a{id}}",
		"query=%7Ba%7Bid%7D%7D&id=%zz", "documentId=x&operationName=A", "extensions={\"persistedQuery\":{\"sha256Hash\":\"x\"}}", "query={a{id}};query={b{id}}",
	} {
		f.Add(rawQuery)
	}
	f.Fuzz(func(t *testing.T, rawQuery string) {
		op := FromQuery(rawQuery)
		values, _ := url.ParseQuery(rawQuery) // what it could read, as URL.Query does
		if op == nil {
			if values.Has("query") {
				t.Errorf("a query was not seen in %q", rawQuery)
			}
			return
		}
		checkForm(t, op)
		checkRun(t, op, values.Get("query"), values.Get("operationName"), nil)
	})
}

func FuzzDocument(f *testing.F) {
	for _, document := range []string{
		"{products{total}}", "query A{a{id} ...F} fragment F on Query{b{id}}", "{a(x:\"#\"){id}}#{b}", "{...{...on Query@include(if:true){c{id}}}}",
		`{products(x:["""a"""" " ]) {total} orders{id} } #"]) {total} }`, `{products(x:"""\""") {total} orders{id} } #""") {total} }`,
		"{products{total} #\u2028 orders{id}\n}", "{a(x:\"\\u{1F600}\\uD83D\\uDE00\"){id}}", "\"what\" query A($x:[String]=[\"a\"]){a(x:$x){id}}", "{a(x:[1.5e3,-0,X,{k:$v}]){id}}",
	} {
		f.Add(document, "")
	}
	f.Add("query A{a{id}} mutation B{addToCart{id}}", "B")
	f.Fuzz(func(t *testing.T, document, operation string) {
		op := request{query: document, operation: operation}.operationAsked()
		checkForm(t, op)
		checkRun(t, op, document, operation, nil)
		if op.Refused != "" || op.Persisted != "" {
			return
		}
		want := lexer{}.tokens(document)
		for _, other := range []lexer{{lastQuotes: true}, {noEscape: true}, {lineEnds: "\u0085\u2028\u2029"}} {
			if diff := cmp.Diff(want, other.tokens(document)); diff != "" {
				t.Errorf("%q has two readings (-specification +%+v)\n%s", document, other, diff)
			}
		}
	})
}

// checkForm holds what is promised of every operation.
func checkForm(t *testing.T, op *Operation) {
	t.Helper()
	switch {
	case op.Refused != "":
		if diff := cmp.Diff(Refuse(op.Refused), op); diff != "" {
			t.Errorf("of a refused operation something is known: %s", diff)
		}
	case op.Persisted != "":
		if op.Type != route.AnyOperation || op.Fields != nil {
			t.Errorf("a stored document is known: %+v", op)
		}
	case op.Type == route.AnyOperation:
		t.Errorf("no type: %+v", op)
	case !slices.IsSorted(op.Fields) || len(slices.Compact(slices.Clone(op.Fields))) != len(op.Fields) || slices.Contains(op.Fields, "__typename"):
		t.Errorf("fields %q", op.Fields)
	}
}

// checkRun runs a document as a service would.
func checkRun(t *testing.T, op *Operation, document, operation string, variables map[string]any) {
	t.Helper()
	if op.Refused != "" {
		return
	}
	if op.Persisted != "" {
		if document != "" {
			t.Errorf("beside %q there is a document: %q", op.Persisted, document)
		}
		return
	}
	seen := &resolver{}
	schema.Exec(context.WithValue(context.Background(), resolverKey{}, seen), document, operation, variables)
	for _, field := range seen.fields {
		if !slices.Contains(op.Fields, field) {
			t.Errorf("%q, operation %q: the service ran %q, seen was %+v", document, operation, seen.fields, op)
		}
	}
}

var schema = service.MustParseSchema(`
	schema { query: Query mutation: Mutation }
	type Query { a(x: [String]): T b(x: [String]): T c(x: [String]): T products(x: [String]): T orders(x: [String]): T }
	type Mutation { addToCart(x: [String]): T }
	type T { id: Int total: Int t: T }
`, &resolver{}, service.MaxDepth(20), service.MaxQueryLength(16<<10))

// resolver notes the root fields that run; which one, the context says.
type resolver struct {
	mu     sync.Mutex
	fields []string
}

type resolverKey struct{}

type (
	args struct{ X *[]*string }
	leaf struct{}
)

func ran(ctx context.Context, field string) *leaf {
	r := ctx.Value(resolverKey{}).(*resolver)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fields = append(r.fields, field)
	return &leaf{}
}

func (*resolver) A(ctx context.Context, _ args) *leaf         { return ran(ctx, "a") }
func (*resolver) B(ctx context.Context, _ args) *leaf         { return ran(ctx, "b") }
func (*resolver) C(ctx context.Context, _ args) *leaf         { return ran(ctx, "c") }
func (*resolver) Products(ctx context.Context, _ args) *leaf  { return ran(ctx, "products") }
func (*resolver) Orders(ctx context.Context, _ args) *leaf    { return ran(ctx, "orders") }
func (*resolver) AddToCart(ctx context.Context, _ args) *leaf { return ran(ctx, "addToCart") }
func (*leaf) ID() *int32                                      { return nil }
func (*leaf) Total() *int32                                   { return nil }
func (*leaf) T() *leaf                                        { return &leaf{} }

// The oracle works: it runs what it should.
func TestTheServiceRuns(t *testing.T) {
	seen := &resolver{}
	ctx := context.WithValue(context.Background(), resolverKey{}, seen)
	// As its lexer has it, the block string ends at the first three quotation marks.
	schema.Exec(ctx, `{products(x:"""\""") {total} orders{id} } #""") {total} }`, "", nil)
	slices.Sort(seen.fields)
	if diff := cmp.Diff([]string{"orders", "products"}, seen.fields); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// lexer splits a document into tokens: the zero one by the specification, as far as
// it tells strings, comments and the rest apart.
type lexer struct {
	lastQuotes bool   // of more than three quotation marks the last three end a block string
	noEscape   bool   // \""" ends a block string
	lineEnds   string // end a line beside LF and CR
}

func (l lexer) tokens(s string) (list []string) {
	for s != "" {
		n := 1
		switch {
		case strings.HasPrefix(s, `"""`):
			n = l.blockString(s)
			list = append(list, "string")
		case s[0] == '"':
			for n < len(s) && s[n] != '"' {
				if s[n] == '\\' {
					n++
				}
				n++
			}
			n = min(n+1, len(s))
			list = append(list, "string")
		case s[0] == '#':
			if n = strings.IndexAny(s, "\r\n"+l.lineEnds); n < 0 {
				n = len(s)
			}
		case isName(s[0]):
			for n < len(s) && isName(s[n]) {
				n++
			}
			list = append(list, s[:n])
		case !strings.ContainsRune(" \t\r\n,", rune(s[0])):
			list = append(list, s[:1])
		}
		s = s[n:]
	}
	return list
}

func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// blockString returns the length of the block string that s begins with.
func (l lexer) blockString(s string) int {
	for n := 3; n < len(s); n++ {
		switch {
		case !l.noEscape && strings.HasPrefix(s[n:], `\"""`):
			n += 3
		case strings.HasPrefix(s[n:], `"""`):
			for l.lastQuotes && strings.HasPrefix(s[n+1:], `"""`) {
				n++
			}
			return n + 3
		}
	}
	return len(s)
}
