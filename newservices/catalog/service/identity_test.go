package service_test

import (
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ficus/newservices/catalog/service"
	pt "ficus/newservices/internal/paritytest"
)

// Everybody may browse; who comes with a token must come with a good one.
func TestTokens(t *testing.T) {
	dsn := filepath.Join(t.TempDir(), "shop.db")
	defer newShop(t, dsn).Close()
	clock := pt.NewClock()
	gateway := pt.NewGateway(t, clock)
	c, err := service.Open(t.Context(), service.Config{DB: dsn, Store: filepath.Join(t.TempDir(), "c.bolt"), JWKSURL: gateway.JWKSURL,
		Logger: slog.New(slog.DiscardHandler), Now: clock.Now, Poll: 2 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	until(t, "ready", func() bool { return c.Ready() == nil })
	server := httptest.NewServer(c.Handler())
	defer server.Close()
	w := &pt.World{Shop: server, Clock: clock}
	for _, target := range []string{"/api/products?q=kettle", "/api/products/12", "/graphql?query={products{total}}"} {
		get := func(header string) pt.Answer {
			return w.Do(t, pt.Request{Method: "GET", Target: target, Header: header})
		}
		if a := get(""); a.Status != 200 || len(a.Header["Set-Cookie"]) != 2 {
			t.Errorf("%s: anonymous: %d %v", target, a.Status, a.Header)
		}
		if a := get("Ficus-Identity: " + gateway.Token(t, "catalog", "1", nil)); a.Status != 200 || len(a.Header["Set-Cookie"]) != 1 {
			t.Errorf("%s: a customer: %d %v", target, a.Status, a.Header)
		}
		if a := get("Ficus-Identity: " + gateway.Token(t, "catalog", "robot", nil)); a.Status != 200 {
			t.Errorf("%s: somebody without an account: %d", target, a.Status)
		}
		for name, token := range gateway.Refusals(t, "catalog") {
			if a := get("Ficus-Identity: " + token); a.Status != 401 || !strings.Contains(string(a.Body), "identity_refused") {
				t.Errorf("%s: %s: %d %s", target, name, a.Status, a.Body)
			}
		}
	}
}
