package service_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	pt "ficus/newservices/internal/paritytest"
	"ficus/newservices/orders/service"
)

// Without the gateway's keys the service can't know who asks, so it does not start; nothing is left behind.
func TestNeedsTheKeys(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for url, want := range map[string]string{"": "-jwks-url must say", "gateway": "want http://HOST", "ftp://x/y": "want http://HOST"} {
		_, err := service.Open(t.Context(), service.Config{DB: filepath.Join(t.TempDir(), "x.db"), JWKSURL: url})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
	}
}

func TestCloseEndsEverything(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	keys := httptest.NewServer(http.NotFoundHandler())
	defer keys.Close()
	transport := http.DefaultTransport.(*http.Transport)
	defer transport.CloseIdleConnections()
	c, err := service.Open(t.Context(), service.Config{DB: filepath.Join(t.TempDir(), "none.db"), JWKSURL: keys.URL, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(); err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Errorf("ready without a database: %v", err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What a token says counts, and nothing else: neither a session that says another, nor a claim in another spelling.
func TestWhoAsks(t *testing.T) {
	w := world(t, filepath.Join(t.TempDir(), "shop.db"), true, false)
	w.Login(t, "alice", "alice")
	gateway := w.Gateway
	as := func(subject string, claims map[string]any) string {
		return "Ficus-Identity: " + gateway.Token(t, "orders", subject, claims)
	}
	for name, tc := range map[string]struct {
		client, header, target string
		status                 int
		want                   string
	}{
		"a session without a token is nobody": {"alice", "", "/api/orders", 401, "login_required"},
		"a token without a session":           {"", as("1", nil), "/api/orders/1001", 200, `"id":1001`},
		"the token wins over the session":     {"alice", as("2", nil), "/api/orders/1001", 404, "not_found"},
		"another's order, by its path":        {"", as("1", nil), "/api/orders/1002", 404, "not_found"},
		"an admin sees each order":            {"", as("3", map[string]any{"role": "admin"}), "/api/orders/1002", 200, `"id":1002`},
		"roles in a list":                     {"", as("3", map[string]any{"roles": []string{"staff", "admin"}}), "/api/orders/1002", 200, `"id":1002`},
		"a role in capitals is another":       {"", as("1", map[string]any{"Role": "admin", "role": "Admin"}), "/api/orders/1002", 404, "not_found"},
		"a claim is no role":                  {"", as("1", map[string]any{"admin": true, "email": "admin@example.com"}), "/api/orders/1002", 404, "not_found"},
		"no number":                           {"", as("alice", nil), "/api/orders", 403, "no_account"},
		"a number in another spelling":        {"", as("01", nil), "/api/orders", 403, "no_account"},
		"a plus":                              {"", as("+1", nil), "/api/orders", 403, "no_account"},
		"zero":                                {"", as("0", nil), "/api/orders", 403, "no_account"},
		"a page for somebody without account": {"", as("77", nil), "/orders", 403, "no_account"},
		"two tokens":                          {"", as("1", nil) + "\n" + as("1", nil), "/api/orders", 401, "identity_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Identity = nil
			a := w.Do(t, pt.Request{Client: tc.client, Method: "GET", Target: tc.target, Header: tc.header})
			if a.Status != tc.status || !strings.Contains(string(a.Body), tc.want) {
				t.Errorf("%d %s, want %d %s", a.Status, a.Body, tc.status, tc.want)
			}
		})
	}
	for name, token := range gateway.Refusals(t, "orders") {
		t.Run(name, func(t *testing.T) {
			for _, target := range []string{"/api/orders", "/orders", "/orders/1001/invoice.csv"} {
				a := w.Do(t, pt.Request{Method: "GET", Target: target, Header: "Ficus-Identity: " + token})
				if a.Status != 401 || !strings.Contains(string(a.Body), "identity_refused") || a.Header.Get("WWW-Authenticate") == "" || len(a.Header["Set-Cookie"]) > 0 {
					t.Errorf("%s: %d %v %s", target, a.Status, a.Header, a.Body)
				}
			}
		})
	}
}
