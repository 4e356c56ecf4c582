package service_test

import (
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ficus/legacy-stub/shop"
	"ficus/newservices/cart/service"
	pt "ficus/newservices/internal/paritytest"
)

// identified is a shop and a cart service that trusts a gateway's tokens.
func identified(t *testing.T, dsn string) *pt.World {
	t.Helper()
	clock, quiet := pt.NewClock(), slog.New(slog.DiscardHandler)
	s, err := shop.Open(t.Context(), shop.Config{DB: dsn, PasswordCost: 4, Logger: quiet, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	w := &pt.World{Shop: httptest.NewServer(s.Handler()), Clock: clock, Gateway: pt.NewGateway(t, clock)}
	c, err := service.Open(t.Context(), service.Config{DB: dsn, JWKSURL: w.Gateway.JWKSURL, Logger: quiet, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	w.Service = httptest.NewServer(c.Handler())
	w.Takes = func(r pt.Request) bool { return strings.HasPrefix(r.Target, "/api/cart") }
	t.Cleanup(func() { w.Service.Close(); w.Shop.Close(); c.Close(); s.Close() })
	return w
}

// A caller's cart is his own wherever he comes from; a guest's is his session's; a forged token has none.
func TestWhoseCart(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) { whoseCart(t, identified(t, dsns(t, kind)())) })
	}
}

func whoseCart(t *testing.T, w *pt.World) {
	as := func(subject string) string {
		return j + "\nFicus-Identity: " + w.Gateway.Token(t, "cart", subject, nil)
	}
	do := func(client, method, target, header, body string, status int, want string) pt.Answer {
		t.Helper()
		a := w.Do(t, pt.Request{Client: client, Method: method, Target: target, Header: header, Body: body})
		if a.Status != status || !strings.Contains(string(a.Body), want) {
			t.Errorf("%s %s: %d %s, want %d %s", method, target, a.Status, a.Body, status, want)
		}
		return a
	}
	// By token alone, before any login: the cart is made, and no session begins.
	a := do("", "POST", "/api/cart/items", as("1"), `{"product_id":12,"quantity":2}`, 201, `"count":2`)
	if len(a.Header["Set-Cookie"]) > 0 {
		t.Errorf("a session began: %v", a.Header)
	}
	// The same cart after a login at the monolith, on both sides, by session and by token.
	w.Login(t, "alice", "alice")
	for _, shop := range []bool{true, false} {
		a := w.Do(t, pt.Request{Client: "alice", Method: "GET", Target: "/api/cart", Shop: shop})
		if !strings.Contains(string(a.Body), `"count":2`) {
			t.Errorf("by session, shop %t: %s", shop, a.Body)
		}
	}
	do("alice", "PUT", "/api/cart/items/12", as("1"), `{"quantity":1}`, 200, `"count":1`)
	// A guest's session does not hide who the caller is, and a caller without an account is a guest.
	do("guest", "POST", "/api/cart/items", j, `{"product_id":17,"quantity":3}`, 201, `"count":3`)
	do("guest", "GET", "/api/cart", as("1"), "", 200, `"count":1`)
	do("guest", "GET", "/api/cart", as("robot"), "", 200, `"count":3`)
	do("guest", "GET", "/api/cart", as("2"), "", 200, `"count":0`)
	do("guest", "GET", "/api/cart", as("4711"), "", 403, "no_account")
	for name, token := range w.Gateway.Refusals(t, "cart") {
		a := do("", "GET", "/api/cart", "Ficus-Identity: "+token, "", 401, "identity_refused")
		if len(a.Header["Set-Cookie"]) > 0 {
			t.Errorf("%s: a session began: %v", name, a.Header)
		}
	}
}

// Many first requests of one user make one cart.
func TestOneCartEach(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			w := identified(t, dsns(t, kind)())
			header := "Ficus-Identity: " + w.Gateway.Token(t, "cart", "2", nil)
			var mu sync.Mutex
			var all sync.WaitGroup
			ids := map[string]bool{}
			for range 8 {
				all.Go(func() {
					own := pt.World{Shop: w.Shop, Service: w.Service, Takes: w.Takes, Clock: w.Clock}
					a := own.Do(t, pt.Request{Method: "GET", Target: "/api/cart", Header: header})
					id, _, _ := strings.Cut(string(a.Body), ",")
					mu.Lock()
					defer mu.Unlock()
					ids[id] = true
				})
			}
			all.Wait()
			if len(ids) != 1 || ids[""] {
				t.Errorf("carts %v, want one", ids)
			}
		})
	}
}

// A service that was not given the gateway's keys does not look at tokens.
func TestWithoutKeys(t *testing.T) {
	w := world(t, filepath.Join(t.TempDir(), "shop.db"), true, false)
	token := pt.NewGateway(t, w.Clock).Token(t, "cart", "1", nil)
	if a := w.Do(t, pt.Request{Client: "g", Method: "GET", Target: "/api/cart", Header: "Ficus-Identity: " + token}); a.Status != 200 || len(a.Header["Set-Cookie"]) != 2 {
		t.Errorf("%d %v %s", a.Status, a.Header, a.Body)
	}
}
