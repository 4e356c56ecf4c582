package pipeline

import (
	"net/http"
	"testing"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/identity"
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

// With "force: policy" the request names the side, and the policy says who may.
func TestForcedByPolicy(t *testing.T) {
	seen := make(chan http.Header, 1)
	echo := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			seen <- r.Header.Clone()
			_, _ = w.Write([]byte(name))
		}
	}
	legacy, other := newBackend(t, "", echo("legacy")), newBackend(t, "", echo("new"))
	g := newGateway(t, legacy, other)
	var problems route.Problems
	g.policies, problems = authz.Compile(t.Context(), []authz.File{{Name: "policies/testers.rego", Data: []byte(
		"package testers\ndecision := {\"allow\": true, \"obligations\": {\"force\": tester}}\ndefault tester := false\ntester if input.principal.claims.role == \"tester\"\n")}})
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	open := canary(0, bySession)
	open.Force, open.Policy = route.ForcePolicy, "testers"
	g.publish(t, legacy, other, open)
	g.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "test", Source: byHeader{}}}})
	for _, tc := range []struct{ who, asks, want string }{
		{"u1 tester", "Ficus-Side: new", "new"}, {"u1 tester", "Cookie: ficus_side=new", "new"}, {"u1 tester", "Ficus-Side: legacy", "legacy"},
		{"u1 tester", "Ficus-Side: new, legacy", "legacy"}, {"u1 customer", "Ficus-Side: new", "legacy"}, {"", "Ficus-Side: new", "legacy"},
	} {
		_, body := g.get(t, "/cart", tc.asks, "X-Test: "+tc.who)
		got := <-seen
		if body != tc.want || got.Get(split.ForceHeader) != "" || got.Get("Cookie") != "" {
			t.Errorf("%q with %q: %s answered, and saw %v", tc.who, tc.asks, body, got)
		}
	}
}
