package graphql

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"ficus/gateway/route"
)

// ask reads a request as the pipeline does.
func ask(t testing.TB, r *http.Request) *Operation {
	t.Helper()
	op, inBody := FromHead(r)
	if !inBody {
		return op
	}
	if op != nil {
		t.Fatalf("an operation and a body to read: %+v", op)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return FromBody(r.Header.Get("Content-Type"), body, r.URL.RawQuery)
}

func post(body string, headers ...string) *http.Request {
	r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}

func query(name string, fields ...string) *Operation {
	return &Operation{Type: route.Query, Name: name, Fields: fields}
}

func stored(id, name string) *Operation { return &Operation{Name: name, Persisted: id} }

const aHash = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38" // of {__typename}

func TestJSONBodies(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want *Operation
	}{
		"a query":                   {`{"query":"{products{total}}"}`, query("", "products")},
		"with all keys":             {`{"query":"query A($n:Int){product(id:$n){id}}","operationName":"A","variables":{"n":1},"extensions":{"x":1}}`, query("A", "product")},
		"nulls":                     {`{"query":"{a}","operationName":null,"variables":null,"extensions":null,"id":null,"documentId":null,"doc_id":null}`, query("", "a")},
		"white space":               {" \r\n\t{ \"query\" : \"{a}\" } \n", query("", "a")},
		"escaped key":               {`{"\u0071uery":"{a}"}`, query("", "a")},
		"escaped document":          {`{"query":"\u007ba\n\tb\u007d"}`, query("", "a", "b")},
		"what does not count twice": {`{"query":"{a}","x":1,"x":1}`, query("", "a")},
		"as many as go":             {`{"query":"{a}"` + many(`,"x%d":1`, maxKeys-1) + `}`, query("", "a")},
		"a stranger's key":          {`{"query":"{a}","source":"web","variable":{}}`, query("", "a")},
		"the name names none":       {`{"query":"query A{a}","operationName":""}`, query("A", "a")},
		"other extensions":          {`{"query":"{a}","extensions":{"tracing":true,"persistedQuery":null}}`, query("", "a")},

		"hash":             {`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}`, stored("abc", "")},
		"hash and name":    {`{"operationName":"A","extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}`, stored("abc", "A")},
		"no query, a hash": {`{"query":"","extensions":{"persistedQuery":{"sha256Hash":"abc"}}}`, stored("abc", "")},
		"documentId":       {`{"documentId":"sha256:abc","variables":{}}`, stored("sha256:abc", "")},
		"doc_id":           {`{"doc_id":"123","query":null}`, stored("123", "")},
		"id":               {`{"id":"ListProducts"}`, stored("ListProducts", "")},
		"ids that agree":   {`{"id":"x","doc_id":"x","documentId":"x","extensions":{"persistedQuery":{"sha256Hash":"x"}}}`, stored("x", "")},
		"hash of the query": {`{"query":"{__typename}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + aHash + `"}}}`,
			&Operation{Type: route.Query}},

		"hash of another query": {`{"query":"{products{id}}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + aHash + `"}}}`, Refuse(Malformed)},
		"ids that differ":       {`{"id":"x","doc_id":"y"}`, Refuse(Malformed)},
		"id and other hash":     {`{"id":"x","extensions":{"persistedQuery":{"sha256Hash":"y"}}}`, Refuse(Malformed)},
		"id and query":          {`{"id":"x","query":"{a}"}`, Refuse(Malformed)},
		"id of another type":    {`{"id":7}`, Refuse(Malformed)},
		"nothing asked":         {`{}`, Refuse(Malformed)},
		"only a name":           {`{"operationName":"A"}`, Refuse(Malformed)},
		"query is no text":      {`{"query":["{a}"]}`, Refuse(Malformed)},
		"name is no text":       {`{"query":"{a}","operationName":["A"]}`, Refuse(Malformed)},
		"extensions are text":   {`{"query":"{a}","extensions":"{}"}`, Refuse(Malformed)},
		"persisted is text":     {`{"query":"{a}","extensions":{"persistedQuery":"x"}}`, Refuse(Malformed)},
		"hash is no text":       {`{"extensions":{"persistedQuery":{"sha256Hash":1}}}`, Refuse(Malformed)},

		"key twice":             {`{"query":"{a}","query":"{b}"}`, Refuse(Malformed)},
		"key twice, escaped":    {`{"query":"{a}","quer\u0079":"{b}"}`, Refuse(Malformed)},
		"key in another case":   {`{"query":"{a}","Query":"{b}"}`, Refuse(Malformed)},
		"key, folded":           {`{"query":"{a}","exten` + "\u017f" + `ions":{}}`, Refuse(Malformed)},
		"name in another case":  {`{"query":"query a{a} query b{b}","operationName":"a","operationname":"b"}`, Refuse(Malformed)},
		"id in another case":    {`{"query":"{a}","documentID":"x"}`, Refuse(Malformed)},
		"hash in another case":  {`{"extensions":{"persistedQuery":{"sha256Hash":"x","sha256hash":"y"}}}`, Refuse(Malformed)},
		"hash twice":            {`{"extensions":{"persistedQuery":{"sha256Hash":"x","sha256Hash":"y"}}}`, Refuse(Malformed)},
		"an array's key":        {`{"query":"{a}","query[]":"{b}"}`, Refuse(Malformed)},
		"key cut off by a NUL":  {`{"query":"{a}","query\u0000x":"{b}"}`, Refuse(Malformed)},
		"too many keys":         {`{"query":"{a}"` + many(`,"x%d":1`, maxKeys) + `}`, Refuse(Malformed)},
		"more behind":           {`{"query":"{a}"}{"query":"{b}"}`, Refuse(Malformed)},
		"comma at the end":      {`{"query":"{a}",}`, Refuse(Malformed)},
		"a comment":             {`{"query":"{a}"/*,"query":"{b}"*/}`, Refuse(Malformed)},
		"single quotes":         {`{'query':'{a}'}`, Refuse(Malformed)},
		"cut":                   {`{"query":"{a}"`, Refuse(Malformed)},
		"not UTF-8":             {"{\"query\":\"{a}\",\"x\":\"\xff\"}", Refuse(Malformed)},
		"byte order mark":       {"\ufeff" + `{"query":"{a}"}`, Refuse(Malformed)},
		"UTF-16":                {"{\x00\"\x00q\x00", Refuse(Malformed)},
		"a text":                {`"{a}"`, Refuse(Malformed)},
		"null":                  {`null`, Refuse(Malformed)},
		"only white space":      {` `, Refuse(Malformed)},
		"batch":                 {`[{"query":"{a}"},{"query":"{b}"}]`, Refuse(Batch)},
		"batch of one":          {"\n[{\"query\":\"{a}\"}]", Refuse(Batch)},
		"empty batch":           {`[]`, Refuse(Batch)},
		"batch in one document": {`{"query":"query A{a} query B{b}","operationName":["A","B"]}`, Refuse(Malformed)},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, ask(t, post(tc.body))); diff != "" {
				t.Errorf("%s (-want +got)\n%s", tc.body, diff)
			}
		})
	}
}

func TestHeads(t *testing.T) {
	const body = `{"query":"{a}"}`
	get := func(target string) *http.Request { return httptest.NewRequest("GET", target, nil) }
	with := func(r *http.Request, change func(r *http.Request)) *http.Request { change(r); return r }
	large := `{"query":"{a}","x":"` + strings.Repeat("x", MaxBody) + `"}`
	for name, tc := range map[string]struct {
		r    *http.Request
		want *Operation
	}{
		"JSON":                 {post(body), query("", "a")},
		"JSON with a charset":  {post(body, "Content-Type: Application/JSON; Charset=UTF-8"), query("", "a")},
		"JSON by another name": {post(body, "Content-Type: application/graphql+json"), query("", "a")},
		"a document":           {post(`query A{a}`, "Content-Type: application/graphql"), query("A", "a")},
		"coding identity":      {post(body, "Content-Encoding: identity"), query("", "a")},
		"coding left empty":    {post(body, "Content-Encoding: "), query("", "a")},
		"unknown length":       {with(post(body), func(r *http.Request) { r.ContentLength = -1 }), query("", "a")},

		"no type":                 {post(body, "Content-Type: "), Refuse(ContentType)},
		"a form":                  {post("query={a}", "Content-Type: application/x-www-form-urlencoded"), Refuse(ContentType)},
		"an upload":               {post("--x", "Content-Type: multipart/form-data; boundary=x"), Refuse(ContentType)},
		"plain text":              {post(body, "Content-Type: text/plain"), Refuse(ContentType)},
		"two types in one":        {post(body, "Content-Type: application/json, text/plain"), Refuse(ContentType)},
		"two types":               {with(post(body), func(r *http.Request) { r.Header["Content-Type"] = []string{"application/json", "application/graphql"} }), Refuse(Malformed)},
		"another charset":         {post(body, "Content-Type: application/json; charset=utf-7"), Refuse(Encoded)},
		"compressed":              {post(body, "Content-Encoding: gzip"), Refuse(Encoded)},
		"compressed, second line": {with(post(body), func(r *http.Request) { r.Header["Content-Encoding"] = []string{"", "br"} }), Refuse(Encoded)},
		"empty":                   {post(""), Refuse(Malformed)},
		"too large by its length": {post(large), Refuse(TooLarge)},
		"another method":          {with(post(body), func(r *http.Request) { r.Method = "PUT" }), nil},
		"a preflight":             {httptest.NewRequest("OPTIONS", "/graphql", nil), nil},
		"websocket": {with(get("/graphql?query={a}"), func(r *http.Request) {
			r.Header = http.Header{"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"}}
		}), Refuse(Upgrade)},
		"no upgrade without Connection": {with(get("/graphql?query={a}"), func(r *http.Request) { r.Header = http.Header{"Upgrade": {"websocket"}} }), query("", "a")},

		"GET":                      {get("/graphql?query=%7Ba%7D"), query("", "a")},
		"GET with variables":       {get("/graphql?query=query(%24x:Int){a(x:%24x)}&variables={\"x\":1}&utm=y"), query("", "a")},
		"GET with a plus":          {get("/graphql?query=query+A+{a}&operationName=A"), query("A", "a")},
		"GET by hash":              {get(`/graphql?extensions={"persistedQuery":{"version":1,"sha256Hash":"abc"}}&operationName=A`), stored("abc", "A")},
		"GET by documentId":        {get("/graphql?documentId=abc"), stored("abc", "")},
		"GET of a page":            {get("/graphql"), nil},
		"GET of something else":    {get("/graphql?path=/&v=2"), nil},
		"HEAD":                     {with(get("/graphql?query={a}"), func(r *http.Request) { r.Method = "HEAD" }), query("", "a")},
		"GET with a body":          {with(get("/graphql?query={a}"), func(r *http.Request) { r.ContentLength = 15; r.Body = post(body).Body }), Refuse(Malformed)},
		"GET with a chunked body":  {with(get("/graphql?query={a}"), func(r *http.Request) { r.ContentLength = -1 }), Refuse(Malformed)},
		"GET of an empty query":    {get("/graphql?query="), Refuse(Malformed)},
		"GET twice":                {get("/graphql?query={a}&query={b}"), Refuse(Malformed)},
		"GET in another case":      {get("/graphql?query={a}&Query={b}"), Refuse(Malformed)},
		"GET of an array":          {get("/graphql?query={a}&query[]={b}"), Refuse(Malformed)},
		"GET of PHP's doc_id":      {get("/graphql?query={a}&doc.id=x"), Refuse(Malformed)},
		"GET with id and query":    {get("/graphql?query={a}&id=x"), Refuse(Malformed)},
		"GET with two ids":         {get("/graphql?documentId=a&id=b"), Refuse(Malformed)},
		"GET with a semicolon":     {get("/graphql?query={a};query={b}"), Refuse(Malformed)},
		"GET with a broken escape": {get("/graphql?query={a}&x=%zz"), Refuse(Malformed)},
		"GET, not UTF-8":           {get("/graphql?query={a}%23%ff"), Refuse(Malformed)},
		"GET, broken extensions":   {get("/graphql?query={a}&extensions={"), Refuse(Malformed)},

		"POST with another parameter":      {with(post(body), func(r *http.Request) { r.URL.RawQuery = "trace=1" }), query("", "a")},
		"POST with the name in both":       {with(post(`{"query":"query A{a}"}`), func(r *http.Request) { r.URL.RawQuery = "operationName=A" }), query("A", "a")},
		"POST with another name in one":    {with(post(`{"query":"query A{a} query B{b}","operationName":"A"}`), func(r *http.Request) { r.URL.RawQuery = "operationName=B" }), Refuse(Malformed)},
		"POST with the name in one":        {with(post(`{"id":"x"}`), func(r *http.Request) { r.URL.RawQuery = "operationName=B" }), Refuse(Malformed)},
		"POST with a query in both":        {with(post(body), func(r *http.Request) { r.URL.RawQuery = "query={b}" }), Refuse(Malformed)},
		"POST with an empty query in both": {with(post(body), func(r *http.Request) { r.URL.RawQuery = "query" }), Refuse(Malformed)},
		"POST with an id":                  {with(post(body), func(r *http.Request) { r.URL.RawQuery = "id=x" }), Refuse(Malformed)},
		"POST with a hash":                 {with(post(body), func(r *http.Request) { r.URL.RawQuery = "extensions={}" }), Refuse(Malformed)},
		"POST with a broken query":         {with(post(body), func(r *http.Request) { r.URL.RawQuery = "a=%2" }), Refuse(Malformed)},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, ask(t, tc.r)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestDocuments(t *testing.T) {
	for name, tc := range map[string]struct {
		document, operation string
		want                *Operation
	}{
		"shorthand":           {"{b a b}", "", query("", "a", "b")},
		"alias":               {"{products:orders{id}}", "", query("", "orders")},
		"a field named query": {"{query fragment on}", "", query("", "fragment", "on", "query")},
		"anonymous":           {"query{a}", "", query("", "a")},
		"named":               {"query A{a}", "", query("A", "a")},
		"one of several":      {"query A{a} query B{b}", "B", query("B", "b")},
		"mutation":            {"mutation M{addToCart(productId:1){id}}", "", &Operation{Type: route.Mutation, Name: "M", Fields: []string{"addToCart"}}},
		"subscription":        {"subscription{stock}", "", &Operation{Type: route.Subscription, Fields: []string{"stock"}}},
		"only __typename":     {"{__typename t:__typename}", "", query("")},
		"with __typename":     {"{__typename a}", "", query("", "a")},
		"introspection":       {"{__schema{types{name}} __type(name:\"X\"){name}}", "", query("", "__schema", "__type")},
		"skipped":             {"{a b @skip(if:true) c @include(if:false)}", "", query("", "a", "b", "c")},
		"directives":          {"query A @live {a @cached(ttl:60)}", "", query("A", "a")},
		"deferred":            {"{a ...@defer{b} ... on Query @defer(label:\"x\"){c ...F@stream}} fragment F on Query{d}", "", query("", "a", "b", "c", "d")},
		"inline fragments":    {"{...{...on Query{a ...on Other{b}}}}", "", query("", "a", "b")},
		"fragments":           {"{...A c} fragment A on Query{a ...B} fragment B on Query{b}", "", query("", "a", "b", "c")},
		"fragments in a ring": {"{...A} fragment A on Query{a ...B} fragment B on Query{b ...A}", "", query("", "a", "b")},
		"unused fragment":     {"{a} fragment A on Query{b}", "", query("", "a")},
		"nested fields":       {"{a{b{c ...F}}} fragment F on X{d}", "", query("", "a")},
		"comments":            {"#{b}\n{#c\na#}\r,,,}#", "", query("", "a")},
		"strings":             {`{a(x:"} b {",y:"""}"b{""",z:"\"}b")}`, "", query("", "a")},
		"variables":           {"query A($x:[Int!]! = [1 2] @d, $y:X = {k:{l:ENUM}}){a(x:$x,y:$y)}", "", query("A", "a")},
		"descriptions":        {`"""what it is""" query A{a}`, "", query("A", "a")},

		"several without a name":  {"query A{a} query B{b}", "", Refuse(Malformed)},
		"a name that is not here": {"query A{a}", "B", Refuse(Malformed)},
		"a name for no name":      {"{a}", "B", Refuse(Malformed)},
		"a name twice":            {"query A{a} query A{b}", "A", Refuse(Malformed)},
		"missing fragment":        {"{a ...F}", "", Refuse(Malformed)},
		"fragment twice":          {"{...F} fragment F on Query{a} fragment F on Query{b}", "", Refuse(Malformed)},
		"no operation":            {"fragment F on Query{a}", "", Refuse(Malformed)},
		"a schema":                {"type Query{a:Int}", "", Refuse(Malformed)},
		"empty":                   {" ", "", Refuse(Malformed)},
		"empty selection":         {"{}", "", Refuse(Malformed)},
		"cut":                     {"{a", "", Refuse(Malformed)},
		"too much":                {"{a}}", "", Refuse(Malformed)},
		"unknown character":       {"{prod\u00fcct}", "", Refuse(Malformed)},
		"NUL":                     {"{a\x00b}", "", Refuse(Malformed)},
		"NUL in a comment":        {"{a #\x00 b\n}", "", Refuse(Malformed)},
		"cut string":              {"{a(x:\"\n\")}", "", Refuse(Malformed)},
		"too many tokens":         {"{" + strings.Repeat("a ", maxTokens) + "}", "", Refuse(Malformed)},
		"too many comments":       {"{" + strings.Repeat("#\n", maxTokens) + "a}", "", Refuse(Malformed)},
		"too deep":                {strings.Repeat("{a", 2000) + strings.Repeat("}", 2000), "", Refuse(Malformed)},
		"too deep in a value":     {"{a(x:" + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + ")}", "", Refuse(Malformed)},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, ask(t, postDocument(tc.document, tc.operation))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Documents in which one lexer sees a comment or a string and another one a field.
func TestDocumentsWithTwoReadings(t *testing.T) {
	for name, document := range map[string]string{
		// By the specification a block string ends at the first three quotation marks.
		"four quotation marks": `{products(q:["""a"""" " ]) {total} orders{id} } #"]) {total} }`,
		// Lexers without block strings, or without their escape, end it at the first too.
		"escaped quotation marks": `{products(q:"""\""") {total} orders{id} } #""") {total} }`,
		"line separator":          "{products{total} #\u2028 orders{id}\n}",
		"paragraph separator":     "{products{total} #\u2029 orders{id}\n}",
		"next line":               "{products{total} #\u0085 orders{id}\n}",
		"byte order mark":         "{product\ufeffs{total}}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parser.ParseQuery(&ast.Source{Input: document}); err != nil {
				t.Errorf("the parser refuses it by itself: %v", err)
			}
			if diff := cmp.Diff(Refuse(Malformed), ask(t, postDocument(document, ""))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func postDocument(document, operation string) *http.Request {
	return post(`{"query":` + quoted(document) + `,"operationName":` + quoted(operation) + `}`)
}

// A body in any of the three places reads the same.
func TestPlacesAgree(t *testing.T) {
	const document = "query A{a ...F} fragment F on Query{b}"
	want := query("A", "a", "b")
	for name, r := range map[string]*http.Request{
		"JSON":     postDocument(document, "A"),
		"document": post(document, "Content-Type: application/graphql"),
		"query":    httptest.NewRequest("GET", "/graphql?operationName=A&query="+url.QueryEscape(document), nil),
	} {
		if diff := cmp.Diff(want, ask(t, r)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // no string is refused
	}
	return string(text)
}
