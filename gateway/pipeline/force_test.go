package pipeline

import (
	"net/http"
	"testing"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/split"
)

// A tester with a signed token gets the side of choice, and the backend never sees
// the token. Without "force: signed" the token is a header like any other.
func TestForcedSide(t *testing.T) {
	seen := make(chan http.Header, 1)
	echo := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			seen <- r.Header.Clone()
			_, _ = w.Write([]byte(name))
		}
	}
	open := canary(0, bySession)
	open.Force = route.ForceSigned
	closed := canary(0, bySession)
	closed.ID, closed.Match, closed.Group = "closed", "/closed", "cart"
	g := newGateway(t, newBackend(t, "", echo("legacy")), newBackend(t, "", echo("new")), open, closed)
	token := g.Key.SignForce(route.New, "cart", time.Now().Add(time.Minute))
	for _, tc := range []struct {
		path, header, body string
		cookie, force      string // what the backend sees
	}{
		{"/cart", "Ficus-Side: " + token, "new", "", ""},
		{"/cart", "Cookie: sid=1; ficus_side=" + token + "; x=y", "new", "sid=1; x=y", ""},
		{"/cart", "Ficus-Side: new", "legacy", "", ""},
		{"/closed", "Ficus-Side: " + token, "legacy", "", token},
	} {
		_, body := g.get(t, tc.path, tc.header)
		got := <-seen
		if body != tc.body || got.Get("Cookie") != tc.cookie || got.Get(split.ForceHeader) != tc.force {
			t.Errorf("%s with %q: %s answered and saw cookie %q and %q", tc.path, tc.header, body, got.Get("Cookie"), got.Get(split.ForceHeader))
		}
	}
}
