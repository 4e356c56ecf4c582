package service_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	pt "ficus/newservices/internal/paritytest"
)

// everything is a fragment with all that a product has.
const everything = " fragment P on Product{id sku name category description tags price currency stock inStock url picture __typename}"

// graphQLJourney asks for what has moved, in every form and with every mistake.
func graphQLJourney() []pt.Request {
	var l []pt.Request
	for _, target := range graphQLQueries() {
		l = append(l, askGraphQL(target, "", nil), pt.Request{Client: "g", Method: "GET", Target: "/graphql?query=" + url.QueryEscape(target)})
	}
	return append(append(l, graphQLVariables()...), graphQLOverHTTP()...)
}

func askGraphQL(query, operation string, variables any) pt.Request {
	body := map[string]any{"query": query}
	if operation != "" {
		body["operationName"] = operation
	}
	if variables != nil {
		body["variables"] = variables
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // no value of the tests is refused
	}
	return postGraphQL(string(text))
}

func postGraphQL(body string) pt.Request {
	return pt.Request{Client: "g", Method: "POST", Target: "/graphql", Header: "Content-Type: application/json", Body: body}
}

func graphQLQueries() []string {
	list := []string{
		"{__typename}", "{products{total}}", "{products{items{...P} total page pages __typename}}" + everything, "{product(id:7){...P}}" + everything,
		`{a:product(id:1){...P} b:product(id:"2"){name} products(perPage:2){items{id name}} c:products(q:"oak",perPage:1){total items{sku}}}` + everything,
		"query A{products{total}}", "query A($x:Int=3){products(perPage:$x){items{id}}}", "query{...F ...{...F} ...on Query{product(id:3){id}}} fragment F on Query{products{total}}",
		"{products{...{total} ...on ProductPage{pages}}}", "{products@skip(if:true){total} product(id:1){id @include(if:false) name}}",
		"{products{total}}#{b}\n", "\ufeff{products{total}}", "{products,{,total,},}", "{\r\n\tproducts\r{total}\n}", `"what it is" query A{products{total}}`,
	}
	for _, sort := range []string{"featured", "name", "price", "-price", "newest", "", "Name", "x"} {
		for _, category := range []string{"", "kitchen", "garden", "nope", "Kitchen", "<b>"} {
			for _, page := range []int{1, 2, 14, 100_001, 2147483647} {
				list = append(list, fmt.Sprintf("{products(sort:%q,category:%q,page:%d){total page pages items{id name}}}", sort, category, page))
			}
		}
	}
	for _, q := range []string{"oak", "OAK board", "kit-00", "%", "_", `\\`, "50%", "'", `\"`, "é", "É", "ß", "İ", "&", "<", "  oak   board  ", `oak\tboard`, "\u00a0oak", "日本", strings.Repeat("a", 300), `\u006fak`, `\u{6f}ak`, `\n`} {
		list = append(list, fmt.Sprintf(`{products(q:"%s",perPage:100){total items{name}}}`, q))
	}
	for _, n := range []string{"0", "-1", "1", "100", "101", "2147483648", "1.0", "1e1", `"5"`, "null", "true", "[5]", "X", "$x", "{}", "", "05", "0x5"} {
		list = append(list, "{products(perPage:"+n+"){total}}", "{products(page:"+n+",perPage:3){page items{id}}}")
	}
	for _, id := range []string{`"7"`, `"007"`, `"+7"`, `"-1"`, `"x"`, `""`, "7", "0", "-7", "7.0", "99999999999999999999", `"99999999999999999999"`, "null", "true", "X", "[7]", `["7"]`, `{id:7}`, "9999"} {
		list = append(list, "{product(id:"+id+"){id name}}")
	}
	return append(list, graphQLMistakes()...)
}

// graphQLMistakes are documents that are refused, or that ask for nothing.
func graphQLMistakes() []string {
	list := []string{
		"", " ", "#", "{", "}", "{}", "{products}", "{products{}}", "{products{total}", "{products{total}}}", "{product{id}}", "{product(id:1)}", "{product(id:1){id{x}}}", "{products{total{x}}}",
		"query", "query A", "query A{products{total}} query B{products{page}}", "query A{products{total}} query A{products{page}}", "{products{total}} {products{page}}", "fragment F on Query{products{total}}",
		"{product(id:1){nam}}", "{product(id:1){nmae prcie}}", "{products{itmes{id}}}", "{products{zzz}}", "{produts{total}}", "{products(q2:1){total}}", "{products(Q:\"x\"){total}}", "{product(ID:1){id}}", "{product(id:1,id:2){id}}",
		"{products{total}...F}", "{products{total}...F} fragment F on Qeury{products{page}}", "{...F} fragment F on Product{id}", "{...on Product{id}}", "{...F} fragment F on Query{...F}", "{products{total}} fragment F on Query{products{page}}",
		"{...F} fragment F on Query{products{total}} fragment F on Query{products{page}}", "{a:product(id:1){id} a:product(id:2){id}}", "{products{total total:page}}", "{products{total}@nope}", "{products@skip{total}}", "{products@include(if:1){total}}",
		"query($x:Int){products(page:$y){total}}", "query($x:Int){products{total}}", "query($x:String){products(page:$x){total}}", "query($x:Foo){products(page:$x){total}}", "query($x:Int,$x:Int){products(page:$x){total}}", "query($x:Product){products(page:$x){total}}",
		"query A@live{products{total}}", "type Query{a:Int}", "{products(q:\"a\nb\"){total}}", "{products(q:\"\\x\"){total}}", "{products(q:'x'){total}}", "{prodücts{total}}", "{products{total}}\x00", "\u2028{products{total}}", "{products(q:\"\"\"block \"quoted\"\n  oak\"\"\"){total}}",
		"{products{items{id " + strings.Repeat("name ", 4000) + "}}}", "{products(q:\"" + strings.Repeat("x", 17<<10) + "\"){total}}", "{...{...{...{...{...{...{...{...{...{products{total}}}}}}}}}}}",
		"{products{total} ...@defer{product(id:1){id}}}", "subscription{products{total}}", "mutation{products{total}}", "{__typename __typename x:__typename}", "{products{__typename items{__typename}}}",
		"{__schema{queryType{name fields{name args{name defaultValue}}} mutationType{name} types{name kind fields{name type{name kind ofType{name}}}} directives{name}}}", `{__type(name:"Order"){name fields{name}}}`, `{__type(name:"Nope"){name}}`,
	}
	return list
}

func graphQLVariables() []pt.Request {
	const query = "query A($q:String,$id:ID!,$n:Int=2){products(q:$q,perPage:$n){total items{id}} product(id:$id){id name}} query B{products{total}}"
	var l []pt.Request
	for _, variables := range []any{
		nil, map[string]any{}, map[string]any{"id": 7}, map[string]any{"id": "7", "q": "oak", "n": 3}, map[string]any{"id": 7.5}, map[string]any{"id": nil}, map[string]any{"id": []int{7}}, map[string]any{"id": true},
		map[string]any{"id": 7, "n": "3"}, map[string]any{"id": 7, "n": 3.5}, map[string]any{"id": 7, "n": 1e10}, map[string]any{"id": 7, "n": nil}, map[string]any{"id": 7, "q": 1}, map[string]any{"id": 7, "q": nil}, map[string]any{"id": 7, "more": 1},
		"text", []any{}, 7,
	} {
		l = append(l, askGraphQL(query, "A", variables))
	}
	for _, operation := range []string{"", "B", "C", "a"} {
		l = append(l, askGraphQL(query, operation, map[string]any{"id": 7}))
	}
	for _, in := range []string{`variables={"id":7}&operationName=A`, "variables={&operationName=B", "variables=&operationName=B", "variables=null&operationName=B", "variables=[1]&operationName=B", `variables="x"&operationName=B`,
		"variables={}&variables={&operationName=B", "operationName=B&operationName=A", "operationName="} {
		l = append(l, pt.Request{Client: "g", Method: "GET", Target: "/graphql?" + in + "&query=" + url.QueryEscape(query)})
	}
	return l
}

// graphQLOverHTTP varies what is around a query.
func graphQLOverHTTP() []pt.Request {
	var l []pt.Request
	with := func(method, target, header, body string) {
		l = append(l, pt.Request{Client: "g", Method: method, Target: target, Header: header, Body: body})
	}
	const get, body, long = "/graphql?query=%7Bproducts%7Btotal%7D%7D", `{"query":"{products{total}}"}`, `{"query":"{products(perPage:50){items{id name description}}}"}`
	for _, body := range []string{
		"", "{", "null", "[]", "[" + body + "]", "7", `"x"`, "{}", `{"query":""}`, `{"query":null}`, `{"query":7}`, `{"query":["{products{total}}"]}`, `{"query":{"a":1}}`, `{"Query":"{products{total}}"}`, `{"query":"{products{total}}","query":"{products{page}}"}`,
		body + body, body + "x", body + " \n", `{"query":"{products{total}}",}`, `{"query":"{products{total}}","operationName":7}`, `{"query":"{products{total}}","variables":7}`, `{"query":"{products{total}}","variables":[]}`, `{"query":"{products{total}}","variables":null,"x":1}`,
		`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}`, `{"id":"x"}`, "{\"query\":\"{products{total}}\xff\"}", "\ufeff" + body, `{"query":"{products{total}}"` + strings.Repeat(" ", 70<<10) + "}", `{"query":"{products(q:\"` + strings.Repeat("x", 70<<10) + `\"){total}}"}`,
	} {
		l = append(l, postGraphQL(body))
	}
	for _, kind := range []string{"", "Content-Type: text/plain", "Content-Type: application/graphql", "Content-Type: application/json; charset=utf-8", "Content-Type: APPLICATION/JSON", "Content-Type: application/json;", "Content-Type: application/graphql+json",
		"Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-data; boundary=x"} {
		with("POST", "/graphql", kind, body)
	}
	for _, h := range []string{"Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0, *", "Origin: http://evil.example", "Origin: http://shop.example", "Sec-Fetch-Site: cross-site", "Cookie: shop_session=x", "X-Forwarded-Proto: https",
		"If-None-Match: *", "If-Modified-Since: Mon, 09 Mar 2037 11:22:33 GMT", "Range: bytes=0-3", "Accept: application/graphql-response+json", "Accept: text/html", "Connection: close", "Expect: 100-continue"} {
		if h != "Expect: 100-continue" { // answered in two parts
			with("POST", "/graphql", "Content-Type: application/json\n"+h, body)
			with("POST", "/graphql", "Content-Type: application/json\n"+h, long)
		}
		with("GET", get, h, "")
		with("HEAD", get, h, "")
		l = append(l, pt.Request{Method: "GET", Target: get, Header: h}, pt.Request{Method: "POST", Target: "/graphql", Header: "Content-Type: application/json\n" + h, Body: "{"})
	}
	with("POST", "/graphql", "Content-Type: application/json\nTransfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body))
	with("GET", get, "Content-Length: 5", "12345")
	for _, target := range []string{"/graphql", "/graphql?", "/graphql?query=", "/graphql?query", "/graphql?Query={products{total}}", "/graphql?query={products{total}}&query={products{page}}", "/graphql?query=%zz", "/graphql?a;b&query={products{total}}", "/graphql?query=%7Bproducts%7Btotal+%ff%7D%7D"} {
		with("GET", target, "", "")
		with("POST", target, "Content-Type: application/json", body)
	}
	for _, method := range []string{"HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		with(method, "/graphql", "", "")
		with(method, get, "Content-Type: application/json", "{}")
	}
	return l
}

// What stays with the monolith is not answered here, nor the products beside it.
func TestGraphQLElsewhere(t *testing.T) {
	w := world(t, t.TempDir()+"/shop.db", true)
	for _, query := range []string{"{categories{slug}}", "{cart{count}}", "{orders{id}}", "mutation{addToCart(productId:7){count}}", "{products{total} cart{count}}", "{a:orders{lines{sku}}}"} {
		for _, r := range []pt.Request{askGraphQL(query, "", nil), {Method: "GET", Target: "/graphql?query=" + url.QueryEscape(query)}} {
			a := w.Do(t, r)
			if a.Status != 421 || !strings.HasPrefix(string(a.Body), `{"code":"misdirected","error":"the catalog knows products, not this"`) {
				t.Errorf("%s %s: %d %s", r.Method, query, a.Status, a.Body)
			}
		}
	}
}
