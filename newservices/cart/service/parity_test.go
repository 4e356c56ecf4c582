package service_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/legacy-stub/shop"
	"ficus/legacy-stub/shop/store/pgtest"
	"ficus/newservices/cart/service"
	pt "ficus/newservices/internal/paritytest"
)

var pg pgtest.Server

func TestMain(m *testing.M) { m.Run(); pg.Stop() }

func world(t *testing.T, dsn string, withService, trust bool) *pt.World {
	t.Helper()
	clock := pt.NewClock()
	s, err := shop.Open(t.Context(), shop.Config{DB: dsn, BaseURL: "http://legacy.example:9101", PasswordCost: 4, TrustProxy: trust,
		Logger: slog.New(slog.DiscardHandler), Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	w := &pt.World{Shop: httptest.NewServer(s.Handler()), Clock: clock}
	t.Cleanup(func() { w.Shop.Close(); s.Close() })
	if withService {
		c, err := service.Open(t.Context(), service.Config{DB: dsn, LegacyBaseURL: "http://legacy.example:9101", TrustProxy: trust,
			Logger: slog.New(slog.DiscardHandler), Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ready(); err != nil {
			t.Fatal(err)
		}
		w.Service = httptest.NewServer(c.Handler())
		w.Takes = func(r pt.Request) bool {
			return strings.Contains(r.Target, "api") && strings.Contains(r.Target, "cart")
		}
		t.Cleanup(func() { w.Service.Close(); c.Close() })
	}
	return w
}

const j = "Content-Type: application/json"

func journey() []pt.Request {
	c := func(client, method, target, header, body string) pt.Request {
		return pt.Request{Client: client, Method: method, Target: target, Header: header, Body: body}
	}
	var l []pt.Request
	add := func(r ...pt.Request) { l = append(l, r...) }
	add(c("g", "GET", "/api/cart", "", ""), c("g", "HEAD", "/api/cart", "", ""), c("g", "GET", "/api/cart", "Accept-Encoding: gzip", ""))
	for _, b := range []string{`{"product_id":17,"quantity":2}`, `{"product_id":17}`, `{"product_id":3,"quantity":1}`, `{"PRODUCT_ID":5,"Quantity":1}`,
		`{"product_id":17,"quantity":0}`, `{"product_id":17,"quantity":-1}`, `{"product_id":17,"quantity":100}`, `{"product_id":17,"quantity":99}`,
		`{"product_id":17,"quantity":null}`, `{"product_id":99999}`, `{"product_id":0}`, `{"product_id":-4}`, `{}`, `null`, `[]`, `"x"`, `17`,
		`{"product_id":"17"}`, `{"product_id":1.5}`, `{"product_id":17,"quantity":"2"}`, `{"product_id":1e2}`, `{"product_id":99999999999999999999}`,
		`{`, `{"product_id":17}x`, `{"product_id":17}{"product_id":18}`, `{"product_id":17} `, `nonsense`, "\xff", `{"product_id":17,"other":[1,{"a":2}]}`, ``,
		`{"product_id":17,"product_id":18}`, `{"pad":"` + strings.Repeat("x", 70<<10) + `"}`, `{"pad":"` + strings.Repeat("x", 400<<10) + `"}`} {
		add(c("g", "POST", "/api/cart/items", j, b))
	}
	for id := 1; id <= 60; id++ { // some are sold out, some scarce
		add(c("many", "POST", "/api/cart/items", j, fmt.Sprintf(`{"product_id":%d,"quantity":%d}`, id, 1+id%40)))
	}
	add(c("many", "GET", "/api/cart", "Accept-Encoding: gzip", ""), c("many", "GET", "/api/cart", "", ""), c("many", "HEAD", "/api/cart", "Accept-Encoding: br, gzip;q=0.5", ""),
		c("many", "GET", "/api/cart", "Accept-Encoding: gzip;q=0", ""), c("many", "GET", "/api/cart", "Accept-Encoding: *", ""))
	for _, h := range []string{"", "Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json; charset=utf-8",
		"Content-Type: APPLICATION/JSON", "Content-Type: application/json;", "Content-Type: application/json; a=b; a=c", "Content-Type: nonsense//",
		j + "\nOrigin: http://evil.example", j + "\nOrigin: http://shop.example", j + "\nSec-Fetch-Site: cross-site", j + "\nSec-Fetch-Site: same-origin",
		j + "\nX-Forwarded-Proto: https", j + "\nX-Forwarded-Proto: HTTPS"} {
		add(c("g", "POST", "/api/cart/items", h, `{"product_id":8}`), c("", "POST", "/api/cart/items", h, `{"product_id":8}`))
	}
	for _, m := range []string{"PUT", "PATCH"} {
		for _, b := range []string{`{"quantity":3}`, `{"quantity":0}`, `{"quantity":0}`, `{"quantity":3}`, `{}`, `null`, `{"quantity":100}`, `{"quantity":-1}`, `{"quantity":"x"}`, `[`} {
			add(c("g", m, "/api/cart/items/17", j, b))
		}
		add(c("g", "POST", "/api/cart/items", j, `{"product_id":17}`))
		for _, id := range []string{"99999", "0", "-1", "abc", "+3", "03", "%33", "3%20", "3%2F4", "1.5", "99999999999999999999", "%e2%82%ac", "%00", "", "3/", "3/x"} {
			add(c("g", m, "/api/cart/items/"+id, j, `{"quantity":1}`))
		}
	}
	for _, id := range []string{"3", "3", "99999", "x", "%35", ""} {
		add(c("g", "DELETE", "/api/cart/items/"+id, "", ""))
	}
	add(c("g", "DELETE", "/api/cart/items/17", "", "x"), c("g", "DELETE", "/api/cart/items/17", "Transfer-Encoding: chunked", "0\r\n\r\n"), c("g", "DELETE", "/api/cart/items/17", j, "x"))
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		for _, p := range []string{"/api/cart", "/api/cart/items", "/api/cart/items/8", "/api/cart/", "/api/cart/x", "/api/cart/items/8/y"} {
			add(c("methods", m, p, j, ""))
		}
	}
	// A path that does not begin with /api/ is a page of the monolith's: only GET is redirected into the API.
	add(c("paths", "GET", "//api/cart", "", ""))
	for _, p := range []string{"/api//cart", "/api/./cart", "/api/cart/../cart", "/api/cart/items/../../cart?x=1", "/api%2Fcart", "/api/c%61rt", "/API/cart",
		"/api/cart?", "/api/cart?x=%zz&;", "/api/cart;a=b", "/api/cart/.", "http://other.example/api/cart"} {
		add(c("paths", "GET", p, "", ""), c("paths", "POST", p, j, "{}"))
	}
	for _, k := range []string{"Cookie: shop_session=", "Cookie: shop_session=abc", "Cookie: shop_session=\"abc\"", "Cookie: ;;; =; shop_session", "Cookie: other=1", "X-Forwarded-Proto: https"} {
		add(c("", "GET", "/api/cart", k, ""), c("", "GET", "/api/cart/items/7", k, ""), c("", "DELETE", "/api/cart/items/7", k, ""))
	}
	for _, e := range []string{`"x"`, `*`, `W/"c1-2-308"`, `W/"c1-2-308" , "y"`, `"c1-2-308"`} {
		add(c("g", "GET", "/api/cart", "If-None-Match: "+e, ""), c("g", "HEAD", "/api/cart", "If-None-Match: "+e, ""))
	}
	add(c("g", "GET", "/api/cart", "If-Modified-Since: Mon, 09 Mar 2037 11:22:33 GMT", ""), c("g", "GET", "/api/cart", "Range: bytes=0-3", ""))
	add(c("g", "POST", "/api/cart/items", j+"\nTransfer-Encoding: chunked", "10\r\n{\"product_id\":17}\r\n0\r\n\r\n"))
	return l
}

func dsns(t *testing.T, kind string) func() string {
	if kind == "postgres" {
		return func() string { return pg.NewDB(t) }
	}
	return func() string { return filepath.Join(t.TempDir(), "shop.db") }
}

func TestParity(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, trust := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s-trust=%v", kind, trust), func(t *testing.T) { parity(t, dsns(t, kind), trust) })
		}
	}
}

func parity(t *testing.T, dsn func() string, trust bool) {
	a, b, again := world(t, dsn(), false, trust), world(t, dsn(), true, trust), world(t, dsn(), false, trust)
	n := 0
	play := func(r pt.Request) {
		x, y, z := a.Do(t, r), b.Do(t, r), again.Do(t, r)
		if x.Shape() != z.Shape() {
			t.Fatalf("harness: two runs of the monolith differ: %s %s\n%s", r.Method, r.Target, cmp.Diff(x.Shape(), z.Shape()))
		}
		if n++; x.Shape() != y.Shape() {
			t.Errorf("%s %s %q %.80q: monolith -, service +\n%s", r.Method, r.Target, r.Header, r.Body, cmp.Diff(x.Shape(), y.Shape()))
		}
		if tag := x.Header.Get("ETag"); tag != "" && r.Header == "" {
			r.Header = "If-None-Match: " + tag
			x, y = a.Do(t, r), b.Do(t, r)
			again.Do(t, r)
			if n++; x.Shape() != y.Shape() || x.Status != 304 {
				t.Errorf("%s %s conditional\n%s", r.Method, r.Target, cmp.Diff(x.Shape(), y.Shape()))
			}
		}
	}
	for _, r := range journey() {
		play(r)
	}
	// Filled on one side, read on the other; login in between; guest and user.
	at := func(shop bool, client, method, target, body string) {
		play(pt.Request{Client: client, Method: method, Target: target, Header: j, Body: body, Shop: shop})
	}
	at(true, "x", "POST", "/api/cart/items", `{"product_id":21,"quantity":2}`)
	at(false, "x", "GET", "/api/cart", "")
	at(false, "x", "POST", "/api/cart/items", `{"product_id":22}`)
	at(true, "x", "GET", "/api/cart", "")
	for _, w := range []*pt.World{a, b, again} {
		login(t, w, "x")
	}
	at(false, "x", "GET", "/api/cart", "")
	at(false, "x", "POST", "/api/cart/items", `{"product_id":21}`)
	at(true, "x", "GET", "/api/cart", "")
	at(false, "other", "POST", "/api/cart/items", `{"product_id":21,"quantity":3}`)
	for _, w := range []*pt.World{a, b, again} {
		login(t, w, "other")
	}
	at(false, "other", "GET", "/api/cart", "")
	at(false, "x", "GET", "/api/cart", "")
	at(true, "x", "DELETE", "/api/cart/items/21", "")
	at(false, "other", "GET", "/api/cart", "")
	t.Logf("%d exchanges compared", n)
}

func login(t *testing.T, w *pt.World, client string) {
	page := w.Do(t, pt.Request{Client: client, Method: "GET", Target: "/login"})
	form := url.Values{"csrf_token": {page.CSRF(t)}, "email": {"alice@example.com"}, "password": {"alice-demo"}}
	a := w.Do(t, pt.Request{Client: client, Method: "POST", Target: "/login", Header: "Content-Type: application/x-www-form-urlencoded", Body: form.Encode()})
	if a.Status != 303 {
		t.Fatalf("login: %d %s", a.Status, a.Body)
	}
}
