package shop

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// TestAPIShapes pins the JSON that clients get. Tags are sorted and tokens of time replaced before comparing.
func TestAPIShapes(t *testing.T) {
	b := open(t).browser(t).login("alice")
	steps := []struct{ name, method, path, body string }{
		{"products", "GET", "/api/products?q=kettle&per_page=2&sort=-price", ""},
		{"product", "GET", "/api/products/12", ""},
		{"product-missing", "GET", "/api/products/99999", ""},
		{"cart-empty", "GET", "/api/cart", ""},
		{"cart-add", "POST", "/api/cart/items", `{"product_id":12,"quantity":2}`},
		{"cart-too-many", "POST", "/api/cart/items", `{"product_id":1,"quantity":9}`},
		{"cart-set", "PUT", "/api/cart/items/12", `{"quantity":1}`},
		{"order", "POST", "/api/orders", `{"name":"Alice Berger","street":"Lindenweg 12","postcode":"50674","city":"Köln","country":"Germany"}`},
		{"orders", "GET", "/api/orders", ""},
		{"account", "GET", "/api/account", ""},
		{"graphql", "POST", "/graphql", `{"query":"{product(id:\"12\"){id sku name price stock inStock url tags} cart{id count} orders{id date total lines{sku quantity}} categories{slug count}}"}`},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			_, object := b.api(step.method, step.path, step.body)
			got, err := json.MarshalIndent(steady(object), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "api-"+step.name+".json"), string(got)+"\n")
		})
	}
}

// steady replaces what differs from run to run.
func steady(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if k == "generated_at" {
				v[k] = "…"
			} else {
				v[k] = steady(x)
			}
		}
	case []any:
		texts := true
		for i, x := range v {
			v[i] = steady(x)
			_, ok := x.(string)
			texts = texts && ok
		}
		if texts {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		}
	}
	return v
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestAPIErrors(t *testing.T) {
	s := open(t)
	guest, alice := s.browser(t), s.browser(t).login("alice")
	tests := map[string]struct {
		who                *browser
		method, path, body string
		status             int
		code               string
	}{
		"no such address":          {guest, "GET", "/api/nothing", "", 404, "not_found"},
		"wrong method":             {guest, "POST", "/api/products", "{}", 405, "method_not_allowed"},
		"id that is no number":     {guest, "GET", "/api/products/abc", "", 404, "not_found"},
		"negative id":              {guest, "GET", "/api/products/-1", "", 404, "not_found"},
		"page 0":                   {guest, "GET", "/api/products?page=0", "", 400, "bad_page"},
		"page that is no number":   {guest, "GET", "/api/products?page=two", "", 400, "bad_page"},
		"too many per page":        {guest, "GET", "/api/products?per_page=101", "", 400, "bad_per_page"},
		"unknown sort":             {guest, "GET", "/api/products?sort=color", "", 400, "bad_sort"},
		"long query":               {guest, "GET", "/api/products?q=" + strings.Repeat("a", 201), "", 400, "bad_query"},
		"broken JSON":              {guest, "POST", "/api/cart/items", `{"product_id":`, 400, "bad_json"},
		"two JSON values":          {guest, "POST", "/api/cart/items", `{"product_id":12}{}`, 400, "bad_json"},
		"wrong type":               {guest, "POST", "/api/cart/items", `{"product_id":"12"}`, 400, "bad_json"},
		"unknown product":          {guest, "POST", "/api/cart/items", `{"product_id":4711}`, 404, "not_found"},
		"no product":               {guest, "POST", "/api/cart/items", `{}`, 404, "not_found"},
		"quantity 0":               {guest, "POST", "/api/cart/items", `{"product_id":12,"quantity":0}`, 422, "bad_quantity"},
		"quantity 100":             {guest, "POST", "/api/cart/items", `{"product_id":12,"quantity":100}`, 422, "bad_quantity"},
		"sold out":                 {guest, "POST", "/api/cart/items", `{"product_id":6}`, 409, "insufficient_stock"},
		"set what is not there":    {guest, "PUT", "/api/cart/items/12", `{"quantity":1}`, 404, "not_found"},
		"set without a quantity":   {guest, "PATCH", "/api/cart/items/12", `{}`, 400, "bad_json"},
		"remove what is not there": {guest, "DELETE", "/api/cart/items/12", "", 404, "not_found"},
		"orders of a guest":        {guest, "GET", "/api/orders", "", 401, "login_required"},
		"order of a guest":         {guest, "POST", "/api/orders", `{}`, 401, "login_required"},
		"empty cart":               {alice, "POST", "/api/orders", `{"name":"A","street":"B","postcode":"C","city":"D","country":"E"}`, 409, "cart_empty"},
		"no address":               {alice, "POST", "/api/orders", `{}`, 422, "bad_address"},
		"no GraphQL query":         {guest, "POST", "/graphql", `{}`, 400, "bad_query"},
		"mutation by GET":          {guest, "GET", "/graphql?query=" + url.QueryEscape(`mutation{addToCart(productId:"12"){count}}`), "", 405, "method_not_allowed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, o := tt.who.api(tt.method, tt.path, tt.body)
			if status != tt.status || o["code"] != tt.code || o["error"] == "" {
				t.Errorf("%d %v, want %d with code %s", status, o, tt.status, tt.code)
			}
		})
	}
}

func TestAPIWantsJSON(t *testing.T) {
	b := open(t).browser(t)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"} {
		for _, path := range []string{"/api/cart/items", "/graphql"} {
			if a := b.do("POST", path, strings.NewReader(`{"product_id":12}`), "Content-Type", kind); a.StatusCode != http.StatusUnsupportedMediaType {
				t.Errorf("POST %s as %q: %s, want 415", path, kind, a.Status)
			}
		}
	}
	a := b.do("POST", "/api/cart/items", strings.NewReader(`{"product_id":12}`), "Content-Type", "Application/JSON; charset=utf-8")
	if a.StatusCode != http.StatusCreated || a.Header.Get("Location") != b.url+"/api/cart/items/12" {
		t.Errorf("%s to %q, want 201 with the line's address", a.Status, a.Header.Get("Location"))
	}
	if status, cart := b.api("DELETE", "/api/cart/items/12", ""); status != http.StatusOK || cart["count"] != 0.0 {
		t.Errorf("removing: %d %v", status, cart)
	}
}

func TestAllowNamesTheMethods(t *testing.T) {
	b := open(t).browser(t)
	for path, want := range map[string]string{
		"/api/cart/items/12": "DELETE, PATCH, PUT", "/search": "GET, HEAD", "/login": "GET, HEAD, POST",
	} {
		a := b.do("OPTIONS", path, nil)
		if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != want {
			t.Errorf("OPTIONS %s: %s, Allow %q, want %q", path, a.Status, a.Header.Get("Allow"), want)
		}
	}
}

func TestGraphQL(t *testing.T) {
	b := open(t).browser(t)
	_, o := b.api("POST", "/graphql", `{"query":"mutation M($n:Int!){addToCart(productId:\"12\",quantity:$n){count total items{quantity product{name}}}}","variables":{"n":3}}`)
	want := map[string]any{"addToCart": map[string]any{"count": 3.0, "total": 161.7, "items": []any{
		map[string]any{"quantity": 3.0, "product": map[string]any{"name": "Poppy Enamel Kettle"}},
	}}}
	if diff := cmp.Diff(want, o["data"]); diff != "" {
		t.Errorf("addToCart (-want +got):\n%s", diff)
	}
	if _, cart := b.api("GET", "/api/cart", ""); cart["count"] != 3.0 {
		t.Errorf("the cart has %v pieces", cart["count"])
	}
	_, o = b.api("GET", "/graphql?query="+url.QueryEscape(`query P($q:String){products(q:$q,perPage:2,sort:"price"){total pages items{name}}}`)+
		"&variables="+url.QueryEscape(`{"q":"kettle"}`), "")
	want = map[string]any{"products": map[string]any{"total": 3.0, "pages": 2.0, "items": []any{
		map[string]any{"name": "Forest Enamel Kettle"}, map[string]any{"name": "Cream Enamel Kettle"},
	}}}
	if diff := cmp.Diff(want, o["data"]); diff != "" {
		t.Errorf("products (-want +got):\n%s", diff)
	}
}

func TestGraphQLErrors(t *testing.T) {
	b := open(t).browser(t)
	deep := `{__schema{types{fields{type{ofType{ofType{ofType{ofType{ofType{name}}}}}}}}}}`
	tests := map[string]struct {
		query  string
		status int
		error  string
	}{
		"syntax":        {`{cart{`, 400, "syntax error"},
		"unknown field": {`{cart{colour}}`, 400, "Cannot query field"},
		"too deep":      {deep, 400, "exceeds max depth"},
		"too long":      {"{cart{count}}" + strings.Repeat(" ", 20_000), 400, "exceeds"},
		"guest":         {`{orders{id}}`, 200, "log in first"},
		"sold out":      {`mutation{addToCart(productId:"6"){count}}`, 200, "Cobalt Mug is sold out"},
		"no product":    {`mutation{addToCart(productId:"x"){count}}`, 200, "no such product"},
		"bad sort":      {`{products(sort:"x"){total}}`, 200, "unknown sort"},
		"null":          {`{product(id:"4711"){name}}`, 200, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body, err := json.Marshal(map[string]any{"query": tt.query})
			if err != nil {
				t.Fatal(err)
			}
			status, o := b.api("POST", "/graphql", string(body))
			text, err := json.Marshal(o["errors"])
			if err != nil {
				t.Fatal(err)
			}
			if status != tt.status || !strings.Contains(string(text), tt.error) {
				t.Errorf("%d %s, want %d and %q", status, text, tt.status, tt.error)
			}
		})
	}
}
