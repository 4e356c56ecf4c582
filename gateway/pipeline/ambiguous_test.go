package pipeline

import (
	"strings"
	"testing"

	"ficus/gateway/identity"
	"ficus/gateway/route"
)

// A path that a backend may read as one that another policy guards is refused, however
// it is spelled; one that only the same policy guards is decided for all readings.
func TestAmbiguousPaths(t *testing.T) {
	g := newGuarded(t, guarded("files", "/files/{name...}", route.PolicyPublic), guarded("admin", "/admin", "admin"), guarded("own", "/users/{user}", "own"))
	g.UseIdentity(&identity.Gate{Sources: []identity.Named{{Name: "test", Source: byHeader{}}}})
	for _, tc := range []struct {
		target string
		want   string
	}{
		{"/files/a%2Fb", "200"}, {"/files/a;v=1", "200"}, {"/files/A//b", "200"}, {"/files/a%25b", "200"},
		{"/files%2F..%2Fadmin", "400"}, {"/files/..%2fadmin", "400"}, {"/files/%2e%2e%2fadmin", "400"},
		{"/files/..;/admin", "400"}, {"/files/..%5Cadmin", "400"}, {"/files/%252e%252e%252fadmin", "400"},
		{"/files/../admin", "400"}, {"/admin;x=1", "400"}, {"/admin/", "400"}, {"/admin.json", "400"}, {"/admin/index.php", "400"}, {"/index.php/admin", "400"}, {"/admin#x", "400"}, {"/admin%c0%2e", "200"}, {"/files/..%c0%afadmin", "400"}, {"/files%25%32%46..%25%32%46admin", "400"}, {"/admin.", "400"}, {"/Admin", "400"}, {"/admin%20", "400"}, {"/admin%3Fx", "400"},
		{"/files/a%00b", "400"}, {"//admin", "400"},
		{"/users/u1", "200"}, {"/users/u1;x", "403"}, {"/users/u2%2f..%2fu1", "400"}, {"/users/u2", "403"},
	} {
		answer := g.exchange(t, "GET "+tc.target+" HTTP/1.1\r\nHost: shop\r\nX-Test: u1 customer\r\nConnection: close\r\n\r\n")
		<-g.last
		if got := strings.Fields(answer)[1]; got != tc.want {
			t.Errorf("%s: %s, want %s", tc.target, got, tc.want)
		}
	}
}

// Methods are told apart by case (RFC 9110, 9.1), and Django, Werkzeug and others take
// "get" for GET.
func TestMethodsInSmallLetters(t *testing.T) {
	admin := guarded("admin", "GET /admin", "admin")
	for _, tc := range []struct {
		routes []route.Definition
		line   string
		want   string
	}{
		{[]route.Definition{admin}, "GET /admin", "403"},
		{[]route.Definition{admin}, "get /admin", "400"},
		{[]route.Definition{admin}, "Get /admin", "400"},
		{[]route.Definition{admin}, "BASELINE-CONTROL /x", "200"},
		{[]route.Definition{guarded("free", "/x", route.PolicyPublic)}, "patch /x", "200"}, // nothing is guarded
	} {
		g := newGuarded(t, tc.routes...)
		answer := g.exchange(t, tc.line+" HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
		<-g.last
		if got := strings.Fields(answer)[1]; got != tc.want {
			t.Errorf("%s: %s, want %s", tc.line, got, tc.want)
		}
	}
}
