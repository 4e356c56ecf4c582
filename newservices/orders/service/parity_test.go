package service_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/legacy-stub/shop"
	"ficus/legacy-stub/shop/store/pgtest"
	pt "ficus/newservices/internal/paritytest"
	"ficus/newservices/orders/service"
)

var pg pgtest.Server

func TestMain(m *testing.M) { m.Run(); pg.Stop() }

// people are the clients that are logged in, and the shop's ids of who they are.
var people = map[string]string{"alice": "1", "bob": "2", "admin": "3"}

// identity is what the gateway says of the clients.
func identity(t testing.TB, g *pt.Gateway, audience string) func(string) string {
	return func(client string) string {
		id, known := people[client]
		if !known {
			return ""
		}
		role := "customer"
		if client == "admin" {
			role = "admin"
		}
		return g.Token(t, audience, id, map[string]any{"role": role, "email": client + "@example.com"})
	}
}

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
		gateway := pt.NewGateway(t, clock)
		c, err := service.Open(t.Context(), service.Config{DB: dsn, LegacyBaseURL: "http://legacy.example:9101", JWKSURL: gateway.JWKSURL, TrustProxy: trust,
			Logger: slog.New(slog.DiscardHandler), Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ready(); err != nil {
			t.Fatal(err)
		}
		w.Service = httptest.NewServer(c.Handler())
		w.Gateway, w.Identity = gateway, identity(t, gateway, "orders")
		w.Takes = func(r pt.Request) bool {
			return (r.Method == "GET" || r.Method == "HEAD") && strings.Contains(r.Target, "orders")
		}
		t.Cleanup(func() { w.Service.Close(); c.Close() })
	}
	return w
}

func journey() []pt.Request {
	var l []pt.Request
	get := func(client, target, header string) {
		for _, method := range []string{"GET", "HEAD"} {
			l = append(l, pt.Request{Client: client, Method: method, Target: target, Header: header})
		}
	}
	for _, client := range []string{"", "guest", "alice", "bob", "admin"} {
		for _, header := range []string{"", "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0", "X-Forwarded-Proto: https", "Accept: text/html",
			"Range: bytes=0-3", `If-None-Match: *`, "If-Modified-Since: Mon, 09 Mar 2037 11:22:33 GMT", "Sec-Fetch-Site: cross-site", "Cookie: shop_session=abc; other=1"} {
			if client != "" && strings.HasPrefix(header, "Cookie") {
				continue // a second session: a gateway does not say who that is
			}
			for _, target := range []string{"/api/orders", "/api/orders/1001", "/orders", "/orders/1001", "/orders/1002", "/orders/1001/invoice.csv", "/orders/9/invoice.csv"} {
				get(client, target, header)
			}
		}
		for _, id := range []string{"1002", "1003", "1008", "1009", "0", "-1", "+1001", "01001", "%31001", "abc", "1001%20", "1001.0", "99999999999999999999", "%e2%82%ac", "%00", "1001%2F"} {
			get(client, "/api/orders/"+id, "")
			get(client, "/orders/"+id, "")
			get(client, "/orders/"+id+"/invoice.csv", "")
		}
		for _, header := range []string{"bytes=0-9", "bytes=10-", "bytes=-7", "bytes=5-5,20-30", "bytes=99999-", "bytes=0-99999", "bytes=3-1", "lines=1-2",
			"bytes=0-9\nAccept-Encoding: gzip", `bytes=0-9` + "\n" + `If-Range: "no"`, "bytes=0-9\nIf-Range: Mon, 09 Mar 2037 11:22:33 GMT"} {
			get(client, "/orders/1004/invoice.csv", "Range: "+header)
		}
		for _, header := range []string{"If-Match: \"x\"", "If-Match: *", "If-Unmodified-Since: Mon, 09 Mar 2015 11:22:33 GMT", "If-Modified-Since: Mon, 09 Mar 2015 11:22:33 GMT"} {
			get(client, "/orders/1004/invoice.csv", header)
		}
		get(client, "/orders?page=2&x=%zz", "")
		get(client, "/orders/1001?a=b#", "")
		get(client, "/orders?"+strings.Repeat("x", 600), "Accept-Encoding: gzip") // a redirect that is worth compressing
		l = append(l, pt.Request{Client: client, Method: "GET", Target: "//api//orders"}, pt.Request{Client: client, Method: "GET", Target: "/api/./orders/1001"},
			pt.Request{Client: client, Method: "GET", Target: "http://other.example/orders"})
	}
	return l
}

func TestParity(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, trust := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s-trust=%v", kind, trust), func(t *testing.T) {
				if kind == "postgres" {
					parity(t, func() string { return pg.NewDB(t) }, trust)
					return
				}
				parity(t, func() string { return filepath.Join(t.TempDir(), "shop.db") }, trust)
			})
		}
	}
}

func parity(t *testing.T, dsn func() string, trust bool) {
	worlds := []*pt.World{world(t, dsn(), false, trust), world(t, dsn(), true, trust), world(t, dsn(), false, trust)}
	n, seen := 0, map[int]int{}
	play := func(r pt.Request) pt.Answer {
		x, y, z := worlds[0].Do(t, r), worlds[1].Do(t, r), worlds[2].Do(t, r)
		if x.Shape() != z.Shape() {
			t.Fatalf("harness: two runs of the monolith differ: %s %s\n%s", r.Method, r.Target, cmp.Diff(x.Shape(), z.Shape()))
		}
		n++
		seen[x.Status]++
		if x.Shape() != y.Shape() {
			t.Errorf("%s: %s %s %q: monolith -, service +\n%s", r.Client, r.Method, r.Target, r.Header, cmp.Diff(x.Shape(), y.Shape()))
		}
		return x
	}
	each := func(do func(w *pt.World)) {
		for _, w := range worlds {
			do(w)
		}
	}
	for client := range people {
		each(func(w *pt.World) { w.Login(t, client, client) }) // the message of the login shows on the next page
		if a := play(pt.Request{Client: client, Method: "GET", Target: "/orders"}); !strings.Contains(string(a.Body), "Welcome back") {
			t.Errorf("%s's first page has no message: %s", client, a.Body)
		}
	}
	for _, r := range journey() {
		x := play(r)
		if tag := x.Header.Get("ETag"); tag != "" && r.Header == "" {
			for _, h := range []string{"If-None-Match: " + tag, "If-None-Match: W/" + tag, "If-Match: " + tag, "Range: bytes=2-8\nIf-Range: " + tag} {
				r.Header = h
				play(r)
			}
		}
	}
	// Placed at the monolith, seen here: by JSON, and by a form whose last step is a page with a message.
	const to = `{"name":"=Alice <b>","street":"a, \"b\"","postcode":"1","city":"Köln","country":"+D"}`
	each(func(w *pt.World) {
		w.Do(t, pt.Request{Client: "alice", Method: "POST", Target: "/api/cart/items", Header: "Content-Type: application/json", Body: `{"product_id":12,"quantity":2}`, Shop: true})
		w.Do(t, pt.Request{Client: "alice", Method: "POST", Target: "/api/orders", Header: "Content-Type: application/json", Body: to, Shop: true})
		w.Do(t, pt.Request{Client: "alice", Method: "POST", Target: "/api/cart/items", Header: "Content-Type: application/json", Body: `{"product_id":17}`, Shop: true})
		if a := w.Submit(t, "alice", "/checkout", "/checkout", "name", "Al & Ice", "street", "b", "postcode", "c", "city", "d", "country", "e"); !strings.HasSuffix(a.Header.Get("Location"), "/orders/1010") {
			t.Fatalf("checkout: %d %s", a.Status, a.Body)
		}
		w.Do(t, pt.Request{Client: "alice", Method: "POST", Target: "/api/cart/items", Header: "Content-Type: application/json", Body: `{"product_id":17,"quantity":3}`, Shop: true})
	})
	for _, target := range []string{"/orders/1010", "/orders/1010", "/orders/1009", "/orders", "/api/orders", "/api/orders/1009", "/orders/1009/invoice.csv"} {
		play(pt.Request{Client: "alice", Method: "GET", Target: target})
		play(pt.Request{Client: "alice", Method: "GET", Target: target, Header: "Accept-Encoding: gzip"})
	}
	for _, status := range []int{200, 206, 303, 304, 401, 404, 412, 416} {
		if seen[status] == 0 {
			t.Errorf("the journey had no answer with %d: %v", status, seen)
		}
	}
	t.Logf("%d exchanges compared: %v", n, slices.Sorted(func(yield func(string) bool) {
		for status, count := range seen {
			if !yield(fmt.Sprintf("%d: %d", status, count)) {
				return
			}
		}
	}))
}
