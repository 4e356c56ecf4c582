package e2e

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/gatewaytest"
)

// One endpoint moves field by field: with the shipped routes at stage new the catalog
// answers products, the monolith everything else, and a request that asks for both,
// or that can't be looked into, is the monolith's and counted. No answer differs from
// the monolith's own.
func TestGraphQLMovesByField(t *testing.T) {
	g, _ := startShopGateway(t, "stage: new")
	through, direct := newTraveller(t, g.URL), newTraveller(t, os.Getenv("LEGACY_ADDRESS"))
	through.get("/login")
	through.form("/login", "email", "alice@example.com", "password", "alice-demo", "next", "/")
	through.json("POST", "/api/cart/items", `{"product_id": 5, "quantity": 2}`)
	direct.cookies = through.cookies // both are Alice, in one session

	post := func(body string) request {
		return request{method: "POST", path: "/graphql", body: strings.NewReader(body), headers: []string{"Content-Type: application/json"}}
	}
	const byCatalog, byLegacy = "catalog-graphql new", "default legacy"
	for _, tc := range []struct {
		name     string
		request  func() request
		answered string // by route and side
		reason   string // counted under, if any
	}{
		{"products", func() request { return post(`{"query":"{products{total items{id name price tags}}}"}`) }, byCatalog, ""},
		{"a product", func() request {
			return post(`{"query":"query One($id:ID!){tea:product(id:$id){...F}} fragment F on Product{name stock url picture}","variables":{"id":7},"operationName":"One"}`)
		}, byCatalog, ""},
		{"a product's unknown field", func() request { return post(`{"query":"{product(id:7){nmae}}"}`) }, byCatalog, ""},
		{"by GET", func() request {
			return request{method: "GET", path: "/graphql?query=" + url.QueryEscape("{products{total}}")}
		}, byCatalog, ""},
		{"by HEAD", func() request {
			return request{method: "HEAD", path: "/graphql?query=" + url.QueryEscape("{products{total}}")}
		}, byCatalog, ""},
		{"of no known length", func() request {
			r := post(`{"query":"{products{total}}"}`)
			r.body = io.MultiReader(r.body)
			return r
		}, byCatalog, ""},
		{"compressed answer", func() request {
			r := post(`{"query":"{products(perPage:50){items{id name description}}}"}`)
			r.headers = append(r.headers, "Accept-Encoding: gzip")
			return r
		}, byCatalog, ""},

		{"orders", func() request { return post(`{"query":"{orders{id total lines{name}}}"}`) }, byLegacy, ""},
		{"the cart", func() request { return post(`{"query":"{cart{id count items{quantity product{name}}}}"}`) }, byLegacy, ""},
		{"a mutation", func() request { return post(`{"query":"mutation{addToCart(productId:8){count}}"}`) }, byLegacy, ""},
		{"introspection", func() request { return post(`{"query":"{__type(name:\"Product\"){fields{name}}}"}`) }, byLegacy, ""},

		{"products and orders", func() request { return post(`{"query":"{products{total} orders{id}}"}`) }, byLegacy, "mixed"},
		{"products and the cart, by a fragment", func() request {
			return post(`{"query":"{products{total} ...F} fragment F on Query{cart{count}}"}`)
		}, byLegacy, "mixed"},
		{"a batch", func() request { return post(`[{"query":"{products{total}}"},{"query":"{orders{id}}"}]`) }, byLegacy, "batch"},
		{"by hash", func() request {
			return post(`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}`)
		}, byLegacy, "persisted"},
		{"two readings", func() request { return post(`{"query":"{products{total}}","Query":"{orders{id}}"}`) }, byLegacy, "malformed"},
		{"a form", func() request {
			r := post("query=" + url.QueryEscape("{products{total}}"))
			r.headers[0] = "Content-Type: application/x-www-form-urlencoded"
			return r
		}, byLegacy, "content_type"},
		{"too large", func() request {
			return post(`{"query":"{products{total}}"` + strings.Repeat(" ", 300<<10) + "}")
		}, byLegacy, "too_large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := graphQLCounts(g)
			want[tc.answered]++
			if tc.reason != "" {
				want["default "+tc.reason]++
			}
			got := through.do(tc.name, tc.request())
			gatewaytest.Await(t, "the request to be counted", func() bool { return graphQLCounts(g)[tc.answered] >= want[tc.answered] })
			if diff := cmp.Diff(want, graphQLCounts(g)); diff != "" {
				t.Errorf("counted otherwise (-want +got)\n%s", diff)
			}
			if tc.name == "a mutation" {
				return // a second one adds to the cart again
			}
			plain := direct.do(tc.name, tc.request())
			calm(&got)
			calm(&plain)
			if diff := cmp.Diff(text(plain), text(got)); diff != "" {
				t.Errorf("not the monolith's answer (-monolith +gateway)\n%.2000s", diff)
			}
			if got.Body == "" && tc.name != "by HEAD" {
				t.Error("no answer at all")
			}
		})
	}
}

// A client that breaks off while it sends is counted as one that went away, not as a
// failure of a backend; in front of GraphQL no backend hears of it.
func TestClientsThatBreakOff(t *testing.T) {
	g, _ := startShopGateway(t, "stage: new")
	for _, tc := range []struct{ path, series string }{
		{"/graphql", `ficus_requests_total{code="499",method="POST",route="default",side="legacy"} 1`},
		{"/api/cart/items", `ficus_requests_total{code="499",method="POST",route="cart-add",side="new"} 1`},
		{"/api/orders", `ficus_requests_total{code="499",method="POST",route="orders-place",side="legacy"} 1`},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "POST "+tc.path+" HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"query\":")
		conn.Close()
		gatewaytest.Await(t, "the request to be counted", func() bool { return strings.Contains(g.Metrics(), tc.series+"\n") })
	}
	if n := graphQLCounts(g)["default unreadable"]; n != 1 {
		t.Errorf("%d requests to /graphql were counted as unreadable", n)
	}
	if strings.Contains(g.Metrics(), `code="502"`) {
		t.Error("a backend was blamed")
	}
}

var (
	requestSeries   = regexp.MustCompile(`ficus_requests_total\{code="\d+",method="\w+",route="([\w-]+)",side="(\w+)"\} (\d+)`)
	unmatchedSeries = regexp.MustCompile(`ficus_graphql_unmatched_total\{reason="(\w+)",route="([\w-]+)"\} (\d+)`)
)

// graphQLCounts returns how many requests each route and side answered, and how many
// of a route's a GraphQL condition let pass, by reason.
func graphQLCounts(g *gatewaytest.Gateway) map[string]int {
	counts := map[string]int{}
	metrics := g.Metrics()
	add := func(key, number string) {
		var n int
		if _, err := fmt.Sscan(number, &n); err == nil {
			counts[key] += n
		}
	}
	for _, m := range requestSeries.FindAllStringSubmatch(metrics, -1) {
		add(m[1]+" "+m[2], m[3])
	}
	for _, m := range unmatchedSeries.FindAllStringSubmatch(metrics, -1) {
		add(m[2]+" "+m[1], m[3])
	}
	return counts
}
