package shop

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The session endpoint says who asks and since when, follows login and logout, and begins nothing.
func TestAPISession(t *testing.T) {
	for name, change := range map[string]func(*testing.T) func(*Config){"sqlite": nil, "postgres": onPostgres} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*Config)
			if change != nil {
				changes = append(changes, change(t))
			}
			s := open(t, changes...)
			b := s.browser(t)
			refused := func(when string) {
				t.Helper()
				before := b.cookie(sessionCookie)
				a := b.get("/api/session")
				if a.StatusCode != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") == "" || len(a.Header.Values("Set-Cookie")) > 0 ||
					b.cookie(sessionCookie) != before || a.Header.Get("Cache-Control") != "private, no-store" {
					t.Errorf("%s: %s %v\n%s", when, a.Status, a.Header, a.body)
				}
			}
			refused("without a cookie")
			b.get("/")
			refused("a guest")
			s.clock.Add(90 * time.Second)
			b.login("admin")
			loggedIn := s.clock.Now()
			s.clock.Add(time.Hour)
			b.get("/account") // what happens in a session makes it no younger
			a := b.get("/api/session")
			var got map[string]any
			if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.Header.Get("Cache-Control") != "private, no-store" {
				t.Fatalf("%s %v: %v in %s", a.Status, a.Header, err, a.body)
			}
			want := map[string]any{
				"id": 3.0, "email": "admin@example.com", "name": "Ada Finch", "role": "admin", "auth_time": float64(loggedIn.Unix()),
				"expires_at": loggedIn.Add(30 * 24 * time.Hour).Format(time.RFC3339), "generated_at": s.clock.Now().Format(time.RFC3339),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			s.clock.Add(time.Minute)
			b.submit("/logout")
			refused("after the logout")
			b.login("admin")
			s.clock.Add(30 * 24 * time.Hour)
			refused("after the session's life")
		})
	}
}
