package service_test

import (
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"ficus/newservices/accounts/service"
	pt "ficus/newservices/internal/paritytest"
)

// Without the gateway's keys the service can't know who asks, so it does not start; nothing is left behind.
func TestNeedsTheKeys(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	_, err := service.Open(t.Context(), service.Config{DB: filepath.Join(t.TempDir(), "x.db")})
	if err == nil || !strings.Contains(err.Error(), "-jwks-url must say") {
		t.Errorf("%v", err)
	}
}

// What a token says counts, and nothing else.
func TestWhoAsks(t *testing.T) {
	w := world(t, filepath.Join(t.TempDir(), "shop.db"), true, false)
	w.Login(t, "alice", "alice")
	w.Identity = nil
	get := func(name, client, header string, status int, want string) {
		t.Helper()
		a := w.Do(t, pt.Request{Client: client, Method: "GET", Target: "/api/account", Header: header})
		if a.Status != status || !strings.Contains(string(a.Body), want) {
			t.Errorf("%s: %d %s, want %d %s", name, a.Status, a.Body, status, want)
		}
	}
	as := func(subject string) string { return "Ficus-Identity: " + w.Gateway.Token(t, "accounts", subject, nil) }
	get("a session without a token", "alice", "", 401, "login_required")
	get("a token without a session", "", as("1"), 200, "alice@example.com")
	get("a token wins over a session", "alice", as("2"), 200, "bob@example.com")
	get("no such user", "", as("4711"), 403, "no_account")
	get("no user of the shop", "", as("robot"), 403, "no_account")
	for name, token := range w.Gateway.Refusals(t, "accounts") {
		get(name, "", "Ficus-Identity: "+token, 401, "identity_refused")
	}
}
