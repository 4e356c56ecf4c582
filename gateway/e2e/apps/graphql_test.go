package apps

import (
	"encoding/json"
	"net/url"
)

var graphQL = application{
	name:    "GraphQL Yoga",
	what:    "npm's GraphQL Yoga: queries, mutations, batches, subscriptions as event streams, its page",
	moved:   []string{"POST /graphql when { graphql: { type: query, fields: [products, product] } }", "GET /graphql when { query: { query: \"*\" } }"},
	prepare: prepareNode("yoga.mjs"),
	start:   startScript("yoga.mjs"),
	visit:   by(visitGraphQL),
}

func visitGraphQL(v *visitor) {
	v.get("/")
	v.get("/health")
	v.get("/graphql", "Accept: text/html")
	for _, query := range []string{
		"{ products { id name cents } }", "{ products(first: 1) { name } hello }", `query One($id: ID!) { product(id: $id) { name broken } }`,
		"{ hello }", `{ header(name: "accept-language") }`, "{ nothing }", "{ products {", "{ __typename __schema { types { name } } }",
		`mutation { rename(id: "1", name: "Black tea") { id name } }`, "mutation { fail }", "subscription { count(to: 3) }",
	} {
		body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]string{"id": "2"}})
		if err != nil {
			v.t.Fatal(err)
		}
		for _, accept := range []string{"application/json", "application/graphql-response+json", "text/event-stream"} {
			v.post("/graphql", "application/json", string(body), "Accept: "+accept, "Accept-Language: de", "Origin: http://elsewhere.example")
		}
		v.get("/graphql?query="+url.QueryEscape(query)+"&variables="+url.QueryEscape(`{"id":"1"}`), "Accept: application/json")
	}
	v.post("/graphql", "application/json", `[{"query":"{ hello }"},{"query":"{ products { id } }"}]`)
	v.post("/graphql", "application/graphql+json", `{"query":"{ hello }"}`)
	v.post("/graphql", "application/x-www-form-urlencoded", "query="+url.QueryEscape("{ hello }"))
	v.post("/graphql", "text/plain", "{ hello }")
	v.post("/graphql", "application/json", "no JSON")
	v.do("OPTIONS", "/graphql", "", "Origin: http://elsewhere.example", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
	v.do("PUT", "/graphql", "x")
	v.do("HEAD", "/graphql?query=%7Bhello%7D", "")
}
