package shop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func list(t *testing.T, object map[string]any, name string) []map[string]any {
	t.Helper()
	var out []map[string]any
	values, ok := object[name].([]any)
	if !ok {
		t.Fatalf("no list %q in %v", name, object)
	}
	for _, v := range values {
		out = append(out, v.(map[string]any))
	}
	return out
}

func TestQuirk1PriceIsTextInListsAndANumberElsewhere(t *testing.T) {
	b := open(t).browser(t).login("alice")
	_, products := b.api("GET", "/api/products?q=KIT-0012", "")
	if got := list(t, products, "products")[0]["price"]; got != "53.90" {
		t.Errorf("in the list: %#v, want \"53.90\"", got)
	}
	_, detail := b.api("GET", "/api/products/12", "")
	_, cart := b.api("POST", "/api/cart/items", `{"product_id":12}`)
	_, order := b.api("GET", "/api/orders/1001", "")
	for where, got := range map[string]any{
		"detail": detail["price"], "cart line": list(t, cart, "items")[0]["price"], "cart": cart["total"],
	} {
		if got != 53.9 {
			t.Errorf("%s: %#v, want 53.9", where, got)
		}
	}
	if _, ok := order["total"].(float64); !ok {
		t.Errorf("order: %#v, want a number", order["total"])
	}
}

func TestQuirk2TagsComeInNoOrder(t *testing.T) {
	b := open(t).browser(t)
	orders, sets := map[string]bool{}, map[string]bool{}
	for range 60 {
		_, p := b.api("GET", "/api/products/12", "")
		var tags []string
		for _, v := range p["tags"].([]any) {
			tags = append(tags, v.(string))
		}
		orders[strings.Join(tags, " ")] = true
		slices.Sort(tags)
		sets[strings.Join(tags, " ")] = true
	}
	if len(orders) < 5 || len(sets) != 1 {
		t.Errorf("%d orders of %d sets of tags, want many of one", len(orders), len(sets))
	}
}

func TestQuirk3EachAnswerCarriesItsTime(t *testing.T) {
	s := open(t)
	s.clock.Add(123456789 * time.Nanosecond)
	b := s.browser(t)
	for _, path := range []string{"/api/products", "/api/products/12", "/api/cart", "/api/products/99999", "/api/orders", "/healthz", "/api/nowhere"} {
		if _, o := b.api("GET", path, ""); o["generated_at"] != "2026-03-01T12:00:00.123456789Z" {
			t.Errorf("%s: generated_at is %v", path, o["generated_at"])
		}
	}
	_, o := b.api("POST", "/graphql", `{"query":"{cart{count}}"}`)
	if diff := cmp.Diff(map[string]any{"generated_at": "2026-03-01T12:00:00.123456789Z"}, o["extensions"]); diff != "" {
		t.Errorf("GraphQL's extensions (-want +got):\n%s", diff)
	}
}

func TestQuirk4TheFirstGetStartsASession(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/", "/api/products", "/api/products/99999", "/products/12", "/api/cart"} {
		b := s.browser(t)
		b.get(path)
		first := b.cookie(sessionCookie)
		if len(first) != 64 {
			t.Errorf("%s: session cookie %q", path, first)
		}
		if a := b.get(path); strings.Contains(strings.Join(a.Header.Values("Set-Cookie"), "\n"), sessionCookie) {
			t.Errorf("%s: the second GET starts a session again", path)
		}
	}
	for _, path := range []string{"/healthz", "/products/12/picture", "/favicon.ico", "/robots.txt", "/nowhere"} {
		b := s.browser(t)
		b.get(path)
		if c := b.cookie(sessionCookie); c != "" {
			t.Errorf("%s started a session", path)
		}
	}
}

func TestQuirk5LastSeen(t *testing.T) {
	s := open(t)
	tests := map[string]bool{
		"GET /": true, "HEAD /": true, "GET /api/products": true, "GET /healthz": true, // pages and JSON
		"GET /account": false, "GET /nowhere": false, "GET /api/products/99999": false, // no 2xx
		"GET /products/12/picture": false, "GET /robots.txt": false, // neither page nor JSON
		"POST /api/cart/items": false,
	}
	for request, want := range tests {
		method, path, _ := strings.Cut(request, " ")
		b := s.browser(t)
		b.do(method, path, strings.NewReader(`{"product_id":12}`), "Content-Type", "application/json")
		value := b.cookie(lastSeenCookie)
		if (value != "") != want {
			t.Errorf("%s: last seen %q, want one: %t", request, value, want)
		}
		if want && value != fmt.Sprint(s.clock.Now().Unix()) {
			t.Errorf("%s: last seen %q, want the time in seconds", request, value)
		}
	}
}

func TestQuirk6ItsOwnAddress(t *testing.T) {
	b := open(t).browser(t).login("alice")
	const own = "http://shop.internal:8080"
	_, products := b.api("GET", "/api/products?q=KIT-0012", "")
	_, detail := b.api("GET", "/api/products/12", "")
	_, cart := b.api("POST", "/api/cart/items", `{"product_id":12}`)
	_, order := b.api("GET", "/api/orders/1001", "")
	for where, got := range map[string][2]any{
		"list": {list(t, products, "products")[0]["url"], own + "/products/12"}, "detail": {detail["url"], own + "/products/12"},
		"cart": {list(t, cart, "items")[0]["url"], own + "/products/12"}, "order": {order["invoice"], own + "/orders/1001/invoice.csv"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %v, want %v", where, got[0], got[1])
		}
	}
}

func TestQuirk7AnUnknownCategoryIsNoError(t *testing.T) {
	status, o := open(t).browser(t).api("GET", "/api/products?category=shoes", "")
	delete(o, "generated_at")
	if diff := cmp.Diff(map[string]any{"error": `unknown category "shoes"`, "products": []any{}}, o); status != http.StatusOK || diff != "" {
		t.Errorf("status %d, body (-want +got):\n%s", status, diff)
	}
}

func TestQuirk8CartIDIsTextHereAndANumberThere(t *testing.T) {
	b := open(t).browser(t).login("alice")
	_, cart := b.api("POST", "/api/cart/items", `{"product_id":12}`)
	id, ok := cart["id"].(string)
	if !ok {
		t.Errorf("in the cart: %#v, want text", cart["id"])
	}
	status, order := b.api("POST", "/api/orders", `{"name":"A","street":"B","postcode":"C","city":"D","country":"E"}`)
	if n, ok := order["cart_id"].(float64); status != http.StatusCreated || !ok || fmt.Sprint(n) != id {
		t.Errorf("in the order: %#v, want the number %s", order["cart_id"], id)
	}
}

func TestQuirk9DatesAsOnPaper(t *testing.T) {
	b := open(t).browser(t).login("alice")
	_, order := b.api("GET", "/api/orders/1001", "")
	if date, _ := order["date"].(string); !regexp.MustCompile(`^\d\d\.\d\d\.\d{4} \d\d:\d\d$`).MatchString(date) {
		t.Errorf("date %q", date)
	}
	_, p := b.api("GET", "/api/products/12", "")
	if _, err := time.Parse(time.RFC3339, p["created_at"].(string)); err != nil {
		t.Errorf("a product's time: %v", err)
	}
}

func TestQuirk10ItTellsItsName(t *testing.T) {
	b := open(t).browser(t)
	for _, path := range []string{"/", "/api/products", "/nowhere", "/static/shop.css", "/healthz"} {
		h := b.get(path).Header
		if h.Get("Server") != "shopd/4.2" || h.Get("X-Powered-By") != "StoreFront/4.2" {
			t.Errorf("%s: Server %q, X-Powered-By %q", path, h.Get("Server"), h.Get("X-Powered-By"))
		}
	}
}

func TestPriceText(t *testing.T) {
	for cents, want := range map[int64]string{0: "0.00", 5: "0.05", 1250: "12.50", 123456: "1234.56"} {
		if got := asPriceText(cents); string(got) != want {
			t.Errorf("%d cents: %q, want %q", cents, got, want)
		}
	}
	number, err := json.Marshal(asPriceNumber(1250))
	if err != nil || string(number) != "12.5" {
		t.Errorf("1250 cents as a number: %s, %v", number, err)
	}
}
