package shop

import (
	"net/http"
	"strings"
	"testing"
)

// A guest fills a cart, makes an account, orders, and downloads the invoice: on each database.
func TestJourney(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { journey(t, open(t)) })
	t.Run("postgres", func(t *testing.T) { journey(t, open(t, onPostgres(t))) })
}

func journey(t *testing.T, s *running) {
	t.Helper()
	b := s.browser(t)
	contains(t, b.page("/products/12"), "Poppy Enamel Kettle")

	goesTo(t, b.submit("/cart/items", "product_id", "12", "quantity", "2"), s.url+"/cart")
	contains(t, b.page("/cart"), "Poppy Enamel Kettle is in your cart.", "€ 107.80")
	if strings.Contains(b.page("/cart"), "is in your cart") {
		t.Error("the message shows a second time")
	}
	b.submit("/cart/items", "product_id", "46")
	goesTo(t, b.submit("/cart/items/12", "quantity", "1"), s.url+"/cart")
	goesTo(t, b.submit("/cart/items/46/remove"), s.url+"/cart")
	contains(t, b.page("/cart"), "We took it out", "€ 53.90")

	goesTo(t, b.get("/checkout"), s.url+"/login?next=%2Fcheckout")
	guest := b.cookie(sessionCookie)
	goesTo(t, b.submit("/register", "name", "Cleo <Clay>", "email", "Cleo@Example.com", "password", "correct horse"), s.url+"/account")
	if b.cookie(sessionCookie) == guest {
		t.Error("the session's token is the guest's")
	}
	contains(t, b.page("/account"), "Hello, Cleo &lt;Clay&gt;", "cleo@example.com")

	bad := b.submit("/checkout", "name", "Cleo", "street", " ")
	if bad.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an address without a street: %s", bad.Status)
	}
	contains(t, bad.body, "Please fill this in.", `value="Cleo"`)

	placed := b.submit("/checkout", "name", "Cleo Clay", "street", "Kiln Row 3", "postcode", "ST1 2AB", "city", "Stoke", "country", "UK")
	goesTo(t, placed, s.url+"/orders/1009")
	contains(t, b.page("/orders/1009"), "Thank you!", "Poppy Enamel Kettle", "Kiln Row 3", "€ 53.90")
	contains(t, b.page("/cart"), "Still empty")
	contains(t, b.page("/orders"), "Order 1009")
	if _, p := b.api("GET", "/api/products/12", ""); p["stock"] != 47.0 {
		t.Errorf("stock is %v, want 47", p["stock"])
	}
	contains(t, b.page("/orders/1009/invoice.csv"), "Invoice,1009,Date,01.03.2026 12:00", "KIT-0012,Poppy Enamel Kettle,53.90,1,53.90")

	token := b.cookie(sessionCookie)
	goesTo(t, b.submit("/logout"), s.url+"/")
	contains(t, b.page("/"), "You are logged out")
	stolen := s.browser(t)
	if a := stolen.get("/account", "Cookie", sessionCookie+"="+token); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the token still works after the logout: %s", a.Status)
	}
}

func goesTo(t *testing.T, a answer, location string) {
	t.Helper()
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != location {
		t.Errorf("%s %s: %s to %q, want 303 to %q\n%s", a.Request.Method, a.Request.URL.Path, a.Status, a.Header.Get("Location"), location, a.body)
	}
}

func TestLocationFollowsHost(t *testing.T) {
	s := open(t)
	a := s.browser(t).get("/account", "Host", "marlow.example:8443")
	goesTo(t, a, "http://marlow.example:8443/login?next=%2Faccount")

	a = s.browser(t).get("/account", "Host", "marlow.example", "X-Forwarded-Proto", "https")
	goesTo(t, a, "http://marlow.example/login?next=%2Faccount")

	behind := open(t, func(c *Config) { c.TrustProxy = true })
	a = behind.browser(t).get("/account", "Host", "marlow.example", "X-Forwarded-Proto", "https")
	goesTo(t, a, "https://marlow.example/login?next=%2Faccount")
	for _, c := range a.Cookies() {
		if !c.Secure {
			t.Errorf("over https the cookie %s is not Secure", c.Name)
		}
	}
}

func TestGuestCartJoinsUserCart(t *testing.T) {
	s := open(t)
	first := s.browser(t).login("alice")
	first.submit("/cart/items", "product_id", "12")
	second := s.browser(t)
	second.submit("/cart/items", "product_id", "12", "quantity", "2")
	second.submit("/cart/items", "product_id", "46")
	second.login("alice")
	for name, b := range map[string]*browser{"first": first, "second": second} {
		if _, cart := b.api("GET", "/api/cart", ""); cart["count"] != 4.0 {
			t.Errorf("the cart of the %s device has %v pieces, want 4", name, cart["count"])
		}
	}
}

func TestCartFormsSayWhatIsWrong(t *testing.T) {
	s := open(t)
	b := s.browser(t)
	tests := map[string]struct {
		fields   []string
		location string
		message  string
	}{
		"sold out":     {[]string{"product_id", "6"}, "/products/6", "Sorry, Cobalt Mug is sold out."},
		"too few left": {[]string{"product_id", "1", "quantity", "2"}, "/products/1", "only 1 of Walnut Cutting Board left"},
		"no number":    {[]string{"product_id", "12", "quantity", "many"}, "/products/12", "between 1 and 99"},
		"negative":     {[]string{"product_id", "12", "quantity", "-1"}, "/products/12", "between 1 and 99"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			goesTo(t, b.submit("/cart/items", tt.fields...), s.url+tt.location)
			contains(t, b.page("/products/12"), tt.message)
		})
	}
	if a := b.submit("/cart/items", "product_id", "4711"); a.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown product: %s", a.Status)
	}
	if a := b.submit("/cart/items"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("no product: %s", a.Status)
	}
}
