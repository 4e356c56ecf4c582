package service_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/legacy-stub/shop"
	"ficus/legacy-stub/shop/store/pgtest"
	"ficus/newservices/accounts/service"
	pt "ficus/newservices/internal/paritytest"
)

var pg pgtest.Server

func TestMain(m *testing.M) { m.Run(); pg.Stop() }

// people are the clients that are logged in, and the shop's ids of who they are.
var people = map[string]string{"alice": "1", "admin": "3"}

func world(t *testing.T, dsn string, withService, trust bool) *pt.World {
	t.Helper()
	clock := pt.NewClock()
	s, err := shop.Open(t.Context(), shop.Config{DB: dsn, PasswordCost: 4, TrustProxy: trust, Logger: slog.New(slog.DiscardHandler), Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	w := &pt.World{Shop: httptest.NewServer(s.Handler()), Clock: clock}
	t.Cleanup(func() { w.Shop.Close(); s.Close() })
	if withService {
		w.Gateway = pt.NewGateway(t, clock)
		c, err := service.Open(t.Context(), service.Config{DB: dsn, JWKSURL: w.Gateway.JWKSURL, TrustProxy: trust, Logger: slog.New(slog.DiscardHandler), Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ready(); err != nil {
			t.Fatal(err)
		}
		w.Service = httptest.NewServer(c.Handler())
		w.Identity = func(client string) string {
			if id := people[client]; id != "" {
				return w.Gateway.Token(t, "accounts", id, nil)
			}
			return ""
		}
		w.Takes = func(r pt.Request) bool {
			return strings.Contains(r.Target, "api") && strings.Contains(r.Target, "account")
		}
		t.Cleanup(func() { w.Service.Close(); c.Close() })
	}
	return w
}

func journey() []pt.Request {
	var l []pt.Request
	for _, client := range []string{"", "guest", "alice", "admin"} {
		for _, header := range []string{"", "Accept-Encoding: gzip", "X-Forwarded-Proto: https", "If-None-Match: *", "Range: bytes=0-3", "Sec-Fetch-Site: cross-site"} {
			for _, method := range []string{"GET", "HEAD"} {
				l = append(l, pt.Request{Client: client, Method: method, Target: "/api/account", Header: header})
			}
		}
		for _, target := range []string{"/api/account?a=%zz", "/api/account/", "/api/account/1", "//api//account", "/api/%61ccount", "/api/x/../account", "http://other.example/api/account"} {
			l = append(l, pt.Request{Client: client, Method: "GET", Target: target})
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			for _, header := range []string{"", "Content-Type: application/json", "Content-Type: application/json\nOrigin: http://evil.example"} {
				l = append(l, pt.Request{Client: client, Method: method, Target: "/api/account", Header: header, Body: "{}"})
			}
		}
	}
	return l
}

func TestParity(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, trust := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s-trust=%v", kind, trust), func(t *testing.T) {
				dsn := func() string { return filepath.Join(t.TempDir(), "shop.db") }
				if kind == "postgres" {
					dsn = func() string { return pg.NewDB(t) }
				}
				parity(t, world(t, dsn(), false, trust), world(t, dsn(), true, trust))
			})
		}
	}
}

func parity(t *testing.T, monolith, mixed *pt.World) {
	seen := map[int]int{}
	play := func(r pt.Request) {
		x, y := monolith.Do(t, r), mixed.Do(t, r)
		seen[x.Status]++
		if x.Shape() != y.Shape() {
			t.Errorf("%s: %s %s %q: monolith -, service +\n%s", r.Client, r.Method, r.Target, r.Header, cmp.Diff(x.Shape(), y.Shape()))
		}
	}
	for client := range people {
		monolith.Login(t, client, client)
		mixed.Login(t, client, client)
	}
	for _, r := range journey() {
		play(r)
	}
	// Changed at the monolith, seen here.
	for _, w := range []*pt.World{monolith, mixed} {
		if a := w.Submit(t, "alice", "/account", "/account", "name", `Al "Ice" <&> Berger`); a.Status != 303 {
			t.Fatalf("changing the name: %d %s", a.Status, a.Body)
		}
		w.Do(t, pt.Request{Client: "alice", Method: "POST", Target: "/api/cart/items", Header: "Content-Type: application/json", Body: `{"product_id":12}`, Shop: true})
		if a := w.Do(t, pt.Request{Client: "alice", Method: "POST", Target: "/api/orders", Header: "Content-Type: application/json",
			Body: `{"name":"a","street":"b","postcode":"c","city":"d","country":"e"}`, Shop: true}); a.Status != 201 {
			t.Fatalf("ordering: %d %s", a.Status, a.Body)
		}
	}
	play(pt.Request{Client: "alice", Method: "GET", Target: "/api/account"})
	for _, status := range []int{200, 401, 403, 404, 405} {
		if seen[status] == 0 {
			t.Errorf("the journey had no answer with %d: %v", status, seen)
		}
	}
	t.Logf("exchanges compared: %v", seen)
}
