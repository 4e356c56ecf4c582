package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// journey visits all of the shop: pages, forms, sessions, JSON, GraphQL, downloads,
// uploads, streams and the websocket, as a guest, a customer and the admin, with the
// mistakes that people and programs make.
func journey(v *traveller) {
	browse(v)
	api(v)
	graph(v)
	guestCart(v)
	customer(v)
	newcomer(v)
	admin(v)
	odd(v)
}

func browse(v *traveller) {
	v.get("/")
	v.get("/")
	style := v.get("/static/shop.css")
	v.get("/static/shop.css", "If-None-Match: "+style.Header.Get("Etag"))
	v.get("/static/shop.css", "Accept-Encoding: gzip")
	v.get("/static/shop.css", "Range: bytes=10-99")
	v.get("/search?q=tea&sort=price")
	v.get("/search?q=" + url.QueryEscape(`caffè "latte" & more <b>`) + "&category=&page=1")
	v.get("/search?q=nothing-of-the-kind")
	v.get("/products/1")
	v.get("/products/1", "Accept-Encoding: gzip, deflate, br")
	picture := v.get("/products/1/picture")
	v.get("/products/1/picture", "If-None-Match: "+picture.Header.Get("Etag"))
	v.do("HEAD product", request{method: "HEAD", path: "/products/1"})
	v.get("/products/999999")
	v.get("/products/one")
	v.get("/favicon.ico")
	v.get("/robots.txt")
}

func api(v *traveller) {
	for _, path := range []string{
		"/api/products", "/api/products?per_page=5&page=3", "/api/products?q=tea&sort=-price", "/api/products?category=no-such",
		"/api/products?page=0", "/api/products?page=x&per_page=1000", "/api/products?sort=sideways", "/api/products?q=%ff%00",
		"/api/products/999999", "/api/products/0", "/api/products/a%2Fb", "/api/products/", "/api/nothing",
	} {
		v.get(path)
	}
	list := v.get("/api/products?per_page=3")
	v.get("/api/products?per_page=3", "If-None-Match: "+list.Header.Get("Etag"))
	one := v.get("/api/products/7")
	v.get("/api/products/7", "If-None-Match: "+one.Header.Get("Etag"))
	v.get("/api/products/7", `If-None-Match: "other", W/"another"`)
	v.get("/api/products/7", "If-Modified-Since: "+one.Header.Get("Last-Modified"))
	v.get("/api/products?per_page=50", "Accept-Encoding: gzip")
	v.get("/api/products/7", "Accept-Encoding: gzip;q=0")
	v.do("HEAD list", request{method: "HEAD", path: "/api/products"})
	v.do("HEAD one", request{method: "HEAD", path: "/api/products/7"})
	v.do("DELETE one", request{method: "DELETE", path: "/api/products/7"})
	v.do("OPTIONS list", request{method: "OPTIONS", path: "/api/products"})
	v.graphql(`{ products(q: "tea", perPage: 3) { total items { id name price } } product(id: 7) { name stock url } }`)
	v.graphql(`{ nonsense }`)
	v.graphql(`{ products {`)
	v.get("/graphql?query=" + url.QueryEscape(`{ cart { count total } }`))
}

// graph asks /graphql for what moves, for what stays, for both, and in forms that
// nobody can look into. Tags are asked of one product at most: the shop draws their
// order while it resolves several at once.
func graph(v *traveller) {
	v.graphql(`query Tea($n: Int = 3) { __typename tea: products(q: "tea", perPage: $n, sort: "price") { ...Page } } fragment Page on ProductPage { total page pages items { id sku name price inStock picture } }`)
	v.graphql(`{ product(id: "7") { ...{ id tags description category currency url } } }`)
	v.graphql(`{ product(id: 999999) { id } products(sort: "sideways") { total } }`)
	v.graphql(`{ products(page: 0) { total } }`)
	v.graphql(`{ product(id: 7) { nmae } }`)
	v.graphql(`query A { products { total } } query B { product(id: 7) { name } }`)
	v.graphql(`{ categories { slug name count } }`)
	v.graphql(`{ products { total } cart { count } }`)
	v.graphql(`{ __schema { queryType { fields { name } } } }`)
	v.json("POST", "/graphql", `{"query": "query A { products { total } } query B { product(id: 7) { name } }", "operationName": "B", "variables": {}}`)
	v.json("POST", "/graphql", `[{"query": "{ products { total } }"}, {"query": "{ cart { count } }"}]`)
	v.json("POST", "/graphql", `{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}}`)
	v.json("POST", "/graphql", `{"query": "{ products { total } }", "Query": "{ cart { count } }"}`)
	v.json("POST", "/graphql", `{"query": `)
	v.json("PUT", "/graphql", `{}`)
	query := "/graphql?query=" + url.QueryEscape(`{ products(perPage: 40) { items { id name description } } }`)
	v.get(query)
	v.get(query, "Accept-Encoding: gzip")
	v.do("HEAD GraphQL", request{method: "HEAD", path: query})
	v.get("/graphql")
	chunked := io.MultiReader(strings.NewReader(`{"query": "{ products(perPage: 2) `), strings.NewReader(`{ items { name } } }"}`))
	v.do("GraphQL in chunks", request{method: "POST", path: "/graphql", body: chunked, headers: []string{"Content-Type: application/json"}})
	v.do("a GraphQL form", request{
		method: "POST", path: "/graphql", body: strings.NewReader("query={products{total}}"),
		headers: []string{"Content-Type: application/x-www-form-urlencoded"},
	})
	v.upload("/graphql", "0", "dot.png", pngImage())
	large := `{"query": "{ products { total } }"` + strings.Repeat(" ", 300<<10) + `}`
	v.json("POST", "/graphql", large)
}

func guestCart(v *traveller) {
	v.get("/products/3")
	v.form("/cart/items", "product_id", "3", "quantity", "2")
	v.get("/cart")
	v.form("/cart/items/3", "quantity", "1")
	v.get("/cart")
	v.get("/api/cart")
	v.json("POST", "/api/cart/items", `{"product_id": 5, "quantity": 2}`)
	v.json("POST", "/api/cart/items", `{"product_id": 6}`)
	v.json("PATCH", "/api/cart/items/5", `{"quantity": 3}`)
	v.json("PUT", "/api/cart/items/5", `{"quantity": 1}`)
	v.get("/api/cart", "Accept-Encoding: gzip")
	v.json("DELETE", "/api/cart/items/6", "")
	v.do("HEAD cart", request{method: "HEAD", path: "/api/cart"})
	for _, wrong := range [][3]string{
		{"POST", "/api/cart/items", `{"product_id": 5, "quantity": -1}`}, {"POST", "/api/cart/items", `{"product_id": 999999}`},
		{"POST", "/api/cart/items", `{"product_id":`}, {"POST", "/api/cart/items", `[]`}, {"POST", "/api/cart/items", ``},
		{"PATCH", "/api/cart/items/5", `{"quantity": 100000}`}, {"PATCH", "/api/cart/items/77", `{"quantity": 1}`},
		{"PATCH", "/api/cart/items/x", `{"quantity": 1}`}, {"DELETE", "/api/cart/items/77", ``}, {"PUT", "/api/cart", `{}`},
		{"POST", "/api/cart/items", `{"product_id": 5, "surprise": true}`},
	} {
		v.json(wrong[0], wrong[1], wrong[2])
	}
	v.do("a form to the API", request{
		method: "POST", path: "/api/cart/items", body: strings.NewReader("product_id=5"),
		headers: []string{"Content-Type: application/x-www-form-urlencoded"},
	})
	v.graphql(`mutation { addToCart(productId: 8, quantity: 2) { count items { quantity product { name } } } }`)
	v.get("/api/cart")
	v.form("/cart/items/8/remove")
	v.get("/cart")
}

func customer(v *traveller) {
	v.get("/checkout")
	v.get("/api/orders")
	v.get("/login?next=/checkout")
	v.form("/login", "email", "alice@example.com", "password", "wrong", "next", "/checkout")
	v.form("/login", "email", "alice@example.com", "password", "alice-demo", "next", "/checkout")
	v.get("/checkout")
	v.get("/api/cart")
	v.form("/checkout", "name", "", "street", "Weg 1")
	placed := v.form("/checkout", "name", "Alice A.", "street", "Weg 1", "postcode", "12345", "city", "Köln", "country", "Germany")
	order := placed.Header.Get("Location")
	if u, err := url.Parse(order); err == nil {
		order = u.Path
	}
	v.get(order)
	v.get("/orders")
	v.get("/account")
	v.form("/account", "name", "Alice B.")
	v.get("/account")
	v.get("/api/account")
	v.get("/api/orders")
	v.get("/api" + order)
	invoice := v.get(order + "/invoice.csv")
	v.get(order+"/invoice.csv", "Range: bytes=5-24")
	v.get(order+"/invoice.csv", "Range: bytes=-10")
	v.get(order+"/invoice.csv", "Range: bytes=0-4,8-12")
	v.get(order+"/invoice.csv", "Range: bytes=99999-")
	v.get(order+"/invoice.csv", "Range: bytes=0-4", `If-Range: "stale"`)
	v.get(order+"/invoice.csv", "If-None-Match: "+invoice.Header.Get("Etag"))
	v.json("POST", "/api/cart/items", `{"product_id": 11}`)
	v.json("POST", "/api/orders", `{"address": {"name": "A", "street": "B", "postcode": "1", "city": "C", "country": "D"}}`)
	v.json("POST", "/api/orders", `{}`)
	v.get("/api/orders/1")
	v.get("/api/orders/999")
	v.graphql(`{ orders { id total date lines { name quantity } } cart { id } }`)
	v.chat("Where is my order?", "Thank you!")
	v.get("/admin")
	v.form("/logout")
	v.get("/account")
}

func newcomer(v *traveller) {
	v.get("/register")
	v.form("/register", "name", "N", "email", "not an address", "password", "short")
	v.form("/register", "name", "Nora N.", "email", "nora@example.com", "password", "a good password")
	v.get("/account")
	v.get("/orders")
	v.form("/logout")
	v.form("/login", "csrf_token", "forged", "email", "nora@example.com", "password", "a good password")
}

func admin(v *traveller) {
	v.get("/login")
	v.form("/login", "email", "admin@example.com", "password", "admin-demo", "next", "")
	v.get("/admin")
	v.get("/admin/products/new")
	v.form("/admin/products", "name", "")
	created := v.form("/admin/products", "sku", "NEW-0001", "name", "New thing", "category", firstCategory(v), "price", "12.50",
		"stock", "5", "tags", "new, blue", "description", "A new thing.")
	id := productID(v.t, created)
	v.get("/admin/products/" + id)
	v.upload("/admin/products/"+id+"/picture", "picture", "dot.png", pngImage())
	v.get("/products/" + id + "/picture")
	v.upload("/admin/products/"+id+"/picture", "picture", "dot.png", []byte("no picture at all"))
	v.get("/admin/products/" + id)
	v.events("/events/stock?product="+id, 2, func() { v.form("/admin/products/"+id+"/stock", "stock", "4") })
	v.get("/products/" + id)
	v.get("/api/products/" + id)
	v.get("/admin/export.csv")
	v.get("/admin/export.csv", "Accept-Encoding: gzip")
	v.form("/admin/products/" + id + "/delete")
	v.get("/products/" + id)
	v.form("/logout")
}

func odd(v *traveller) {
	v.get("/demo/slow?ms=30")
	for _, status := range []string{"400", "404", "500", "502", "503"} {
		v.get("/demo/error?status=" + status)
	}
	v.get("/no/such/page")
	v.get("//double//slash")
	v.get("/a%2Fb|c/../d;e=f?g=h;i&%zz")
	v.do("POST to a page", request{method: "POST", path: "/search", body: strings.NewReader("x")})
	v.do("a method of its own", request{method: "BREW", path: "/pot"})
	v.do("expect", request{
		method: "POST", path: "/api/cart/items", body: strings.NewReader(`{"product_id": 2}`),
		headers: []string{"Content-Type: application/json", "Expect: 100-continue"},
	})
}

var categoryOption = regexp.MustCompile(`<option value="([^"]+)"`)

// firstCategory takes a category from the form seen last.
func firstCategory(v *traveller) string {
	for i := len(v.seen) - 1; i >= 0; i-- {
		if m := categoryOption.FindStringSubmatch(v.seen[i].Body); m != nil {
			return m[1]
		}
	}
	v.t.Fatal("no form with categories was seen")
	return ""
}

var lastNumber = regexp.MustCompile(`(\d+)$`)

func productID(t *testing.T, created exchange) string {
	t.Helper()
	m := lastNumber.FindStringSubmatch(created.Header.Get("Location"))
	if m == nil {
		t.Fatalf("no product was made: %d %v %s", created.Status, created.Header, created.Body)
	}
	if _, err := strconv.Atoi(m[1]); err != nil {
		t.Fatal(err)
	}
	return m[1]
}

func pngImage() []byte {
	picture := image.NewRGBA(image.Rect(0, 0, 32, 32))
	for x := range 32 {
		picture.Set(x, x, color.RGBA{uint8(8 * x), 0, 128, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}
