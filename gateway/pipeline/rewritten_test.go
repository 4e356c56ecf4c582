package pipeline

import (
	"testing"

	"ficus/gateway/identity"
	"ficus/gateway/route"
)

// What a route makes of a path is authorized as that, where the same backend serves it for
// a route with a policy: to take a prefix away is no way around one.
func TestRewrittenPathIsAuthorizedAgain(t *testing.T) {
	strip := func(id, match string, side route.SideRewrite) route.Definition {
		d := guarded(id, match, route.PolicyPublic)
		d.Rewrite.New = side
		return d
	}
	elsewhere := strip("elsewhere", "/elsewhere/{rest...}", route.SideRewrite{})
	elsewhere.Stage, elsewhere.Backend = route.StageLegacy, ""
	elsewhere.Rewrite = route.Rewrite{Legacy: route.SideRewrite{StripPrefix: "/elsewhere"}}
	retired := guarded("retired", "/retired", "admin")
	retired.Stage = route.StageRetired
	g := newGuarded(t,
		guarded("admin", "/admin", "admin"), guarded("own", "/users/{user}", "own"), retired,
		strip("strip", "/beta/{rest...}", route.SideRewrite{StripPrefix: "/beta"}),
		strip("template", "/people/{user}", route.SideRewrite{Path: "/users/{user}"}), elsewhere)
	g.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "test", Source: byHeader{}}}})
	for _, tc := range []struct {
		path string
		want int
	}{
		{"/beta/free", 200}, {"/beta/users", 200},
		{"/beta/admin", 403}, {"/beta/users/u1", 200}, {"/beta/users/u2", 403},
		{"/people/u1", 200}, {"/people/u2", 403},
		{"/beta/..%2Fadmin", 400}, {"/beta/admin/", 400}, {"/beta/ADMIN", 400}, {"/beta/admin%3Bx", 400}, {"/beta/admin.json", 400},
		{"/elsewhere/free", 200}, {"/elsewhere/admin", 403}, // which legacy may serve, too
		{"/elsewhere/retired", 403}, // which legacy may have still
	} {
		answer := g.send(t, "GET", tc.path, "", "X-Test: u1 customer")
		if answer.StatusCode != tc.want {
			t.Errorf("%s: %d, want %d", tc.path, answer.StatusCode, tc.want)
		}
		<-g.last
	}
}

// A route of another backend does not hide, at this one, the policy of a route that says
// less about the path.
func TestRewrittenPathThatAnotherBackendServes(t *testing.T) {
	strip := guarded("strip", "/beta/{rest...}", route.PolicyPublic)
	strip.Rewrite.New = route.SideRewrite{StripPrefix: "/beta"}
	health := guarded("health", "/health", route.PolicyPublic)
	health.Stage, health.Backend = route.StageLegacy, ""
	g := newGuarded(t, strip, health, guarded("all", "/", "admin"))
	for path, want := range map[string]int{"/health": 200, "/x": 403, "/beta/x": 403, "/beta/health": 403} {
		if answer := g.send(t, "GET", path, ""); answer.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
		}
		<-g.last
	}
}
