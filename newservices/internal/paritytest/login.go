package paritytest

import (
	"net/url"
	"testing"
)

// Login logs a client in at the monolith, as one of its first users: alice, bob or admin.
func (w *World) Login(t testing.TB, client, user string) {
	t.Helper()
	a := w.Submit(t, client, "/login", "/login", "email", user+"@example.com", "password", user+"-demo")
	if a.Status != 303 {
		t.Fatalf("logging %s in: %d %s", user, a.Status, a.Body)
	}
}

// Submit sends a form of the monolith: name, value, name, value … The page that is named first has its token.
func (w *World) Submit(t testing.TB, client, page, target string, fields ...string) Answer {
	t.Helper()
	from := w.Do(t, Request{Client: client, Method: "GET", Target: page, Shop: true})
	form := url.Values{"csrf_token": {from.CSRF(t)}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return w.Do(t, Request{Client: client, Method: "POST", Target: target, Header: "Content-Type: application/x-www-form-urlencoded", Body: form.Encode(), Shop: true})
}
