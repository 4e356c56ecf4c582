package shop

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFormsNeedTheSessionsToken(t *testing.T) {
	s := open(t)
	b, other := s.browser(t).login("alice"), s.browser(t)
	for name, token := range map[string]string{"none": "", "wrong": strings.Repeat("0", 64), "another session's": other.csrf()} {
		a := b.do("POST", "/account", strings.NewReader("name=Mallory&csrf_token="+token), "Content-Type", "application/x-www-form-urlencoded")
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("token %s: %s, want 403", name, a.Status)
		}
	}
	if strings.Contains(b.page("/account"), "Mallory") {
		t.Error("a form without the token changed the account")
	}
	new := s.browser(t) // without any session its token is empty, and so is the form's
	if a := new.do("POST", "/login", strings.NewReader("email=a&password=b&csrf_token="), "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != http.StatusForbidden {
		t.Errorf("no session and no token: %s, want 403", a.Status)
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	s := open(t)
	b := s.browser(t)
	for _, path := range []string{"/cart/items", "/api/cart/items", "/graphql"} {
		a := b.do("POST", path, strings.NewReader("{}"), "Content-Type", "application/json", "Sec-Fetch-Site", "cross-site")
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("POST %s from another site: %s, want 403", path, a.Status)
		}
		a = b.do("POST", path, strings.NewReader("{}"), "Content-Type", "application/json", "Origin", "https://evil.example")
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("POST %s from another origin: %s, want 403", path, a.Status)
		}
	}
}

func TestLoginTellsNothing(t *testing.T) {
	s := open(t)
	b := s.browser(t)
	wrong := b.submit("/login", "email", "alice@example.com", "password", "nope")
	unknown := b.submit("/login", "email", "nobody@example.com", "password", "nope")
	if wrong.StatusCode != http.StatusUnauthorized || unknown.StatusCode != wrong.StatusCode {
		t.Errorf("statuses %d and %d, want 401 for both", wrong.StatusCode, unknown.StatusCode)
	}
	if a, b := wrong.body, strings.ReplaceAll(unknown.body, "nobody@", "alice@"); a != b {
		t.Errorf("a wrong password and an unknown address get different pages:\n%s\n%s", a, b)
	}
	if strings.Contains(wrong.body, "nope") {
		t.Error("the password comes back in the page")
	}
}

func TestLoginSlowsGuessingDown(t *testing.T) {
	s := open(t)
	b := s.browser(t)
	for range throttleTries {
		b.submit("/login", "email", "alice@example.com", "password", "nope")
	}
	a := b.submit("/login", "email", "ALICE@example.com ", "password", "alice-demo")
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("try %d: %s, want 429 with Retry-After", throttleTries+1, a.Status)
	}
	b.login("bob")
	s.clock.Add(throttleWindow)
	s.browser(t).login("alice")
}

func TestThrottleIsBounded(t *testing.T) {
	x := newThrottle(time.Now)
	for i := range throttleMost + 10 {
		x.allow(fmt.Sprint(i))
	}
	if n := len(x.tries); n > throttleMost {
		t.Errorf("it remembers %d addresses", n)
	}
}

func TestNextStaysInTheShop(t *testing.T) {
	for next, want := range map[string]string{
		"/checkout":             "/checkout",
		"/search?q=a&page=2":    "/search?q=a&page=2",
		"":                      "/account",
		"https://evil.example/": "/account",
		"//evil.example/":       "/account",
		`/\evil.example/`:       "/account",
		"javascript:alert(1)":   "/account",
		"/\r\nSet-Cookie: a=b":  "/account",
		"/\t/evil.example":      "/account",
		"evil.example":          "/account",
	} {
		if got := localPath(next); got != want {
			t.Errorf("next %q goes to %q, want %q", next, got, want)
		}
	}
	s := open(t)
	b := s.browser(t)
	goesTo(t, b.submit("/login", "email", "alice@example.com", "password", "alice-demo", "next", "//evil.example"), s.url+"/account")
	goesTo(t, b.get("/login?next=/orders"), s.url+"/orders")
}

func TestWhoMaySeeWhat(t *testing.T) {
	s := open(t)
	guest, alice, bob, admin := s.browser(t), s.browser(t).login("alice"), s.browser(t).login("bob"), s.browser(t).login("admin")
	tests := []struct {
		path                     string
		guest, alice, bob, admin int
	}{
		{"/account", 303, 200, 200, 200},
		{"/orders", 303, 200, 200, 200},
		{"/orders/1001", 303, 200, 404, 200},
		{"/orders/1001/invoice.csv", 303, 200, 404, 200},
		{"/orders/99999", 303, 404, 404, 404},
		{"/api/orders", 401, 200, 200, 200},
		{"/api/orders/1001", 401, 200, 404, 200},
		{"/api/account", 401, 200, 200, 200},
		{"/admin", 303, 403, 403, 200},
		{"/admin/products/1", 303, 403, 403, 200},
		{"/admin/export.csv?days=1", 303, 403, 403, 200},
	}
	for _, tt := range tests {
		for _, x := range []struct {
			name string
			b    *browser
			want int
		}{{"guest", guest, tt.guest}, {"alice", alice, tt.alice}, {"bob", bob, tt.bob}, {"admin", admin, tt.admin}} {
			if a := x.b.get(tt.path); a.StatusCode != x.want {
				t.Errorf("%s as %s: %d, want %d", tt.path, x.name, a.StatusCode, x.want)
			}
		}
	}
	for _, path := range []string{"/admin/products/1/stock", "/admin/products/1/delete", "/admin/products/1", "/admin/products", "/admin/products/1/picture"} {
		if a := alice.submit(path, "stock", "7"); a.StatusCode != http.StatusForbidden {
			t.Errorf("POST %s as alice: %s, want 403", path, a.Status)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	s := open(t)
	a := s.browser(t).get("/")
	c := a.Cookies()[0]
	if c.Name != sessionCookie || len(c.Value) != 64 || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
	planted := s.browser(t)
	token := strings.Repeat("ab", 32)
	if a := planted.get("/", "Cookie", sessionCookie+"="+token); len(a.Cookies()) == 0 || a.Cookies()[0].Value == token {
		t.Errorf("a token that somebody made up became a session: %v", a.Cookies())
	}
	s.clock.Add(31 * 24 * time.Hour)
	if a := s.browser(t).get("/", "Cookie", sessionCookie+"="+c.Value); a.Cookies()[0].Value == c.Value {
		t.Error("the session counts for more than a month")
	}
}

func TestBodiesAreLimited(t *testing.T) {
	s := open(t)
	b := s.browser(t)
	big := bytes.Repeat([]byte("a"), 1<<20)
	tests := []struct{ path, kind, body string }{
		{"/login", "application/x-www-form-urlencoded", "email=" + string(big)},
		{"/api/cart/items", "application/json", `{"product_id":1,"x":"` + string(big) + `"}`},
		{"/graphql", "application/json", `{"query":"` + string(big) + `"}`},
	}
	for _, tt := range tests {
		if a := b.do("POST", tt.path, strings.NewReader(tt.body), "Content-Type", tt.kind); a.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("a megabyte to %s: %s, want 413", tt.path, a.Status)
		}
	}
}

func TestPagesRunNothingForeign(t *testing.T) {
	s := open(t)
	a := s.browser(t).get("/")
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	if a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("no nosniff")
	}
	for _, bad := range []string{"<style", " style=", " onclick", "<script>", "http://", "https://"} {
		if strings.Contains(a.body, bad) {
			t.Errorf("the page holds %q, which the policy forbids or which calls another host", bad)
		}
	}
}
