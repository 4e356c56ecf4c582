package export

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/route"
	"ficus/gateway/tools/export"
	"ficus/gateway/tools/export/exporttest"
)

// rewritten is a table whose routes change what their backend gets.
func rewritten(t *testing.T, backends *recorders) (route.Set, string, string) {
	t.Helper()
	side := func(id, match string, r route.SideRewrite) route.Definition {
		return route.Definition{ID: id, Match: match, Settings: route.Settings{
			Backend: "new", Stage: route.StageNew, Policy: route.PolicyPublic, Rewrite: route.Rewrite{New: r},
		}}
	}
	set := route.Set{
		Backends: []route.Backend{{Name: "legacy"}, {Name: "new"}},
		Routes: []route.Definition{
			side("template", "GET /shop/cart/{id}", route.SideRewrite{
				Path:    "/v2/carts/{id}/x$y",
				Headers: route.Changes{Set: map[string]string{"X-Env": "a $1 {{b}} {id}"}, Remove: []string{"X-Secret"}},
			}),
			side("rest", "/files/{dir}/{path...}", route.SideRewrite{Path: "/f/{path...}", ResponseHeaders: route.Changes{
				Set: map[string]string{"X-Answer": "{dir}"}, Remove: []string{"X-Powered-By"},
			}}),
			side("prefix", "/old/(area)/", route.SideRewrite{
				StripPrefix: "/old", AddPrefix: "/new", MapBack: []route.MapBack{route.MapLocation, route.MapSetCookie},
			}),
			side("strip", "/strip/", route.SideRewrite{StripPrefix: "/strip", MapBack: []route.MapBack{route.MapLocation}}),
			side("strip-one", "/strip", route.SideRewrite{StripPrefix: "/strip"}),
			side("add", "/caf%C3%A9/{x}", route.SideRewrite{AddPrefix: "/p q"}),
			side("query", "/query", route.SideRewrite{Query: route.Changes{Set: map[string]string{"a b": "1&2"}, Remove: []string{"debug"}}}),
			side("host", "/host", route.SideRewrite{Headers: route.Changes{Set: map[string]string{"Host": "inner.example"}}}),
		},
	}
	set, table := backends.give(t, set)
	caddy := write(t, export.Caddy, set, table)
	if len(caddy.Lost) > 0 {
		t.Errorf("lost for Caddy: %v", caddy.Lost)
	}
	return set, caddy.Config, write(t, export.Nginx, set, table).Config
}

// Both gateways change requests as the route says.
func TestRewrites(t *testing.T) {
	backends := newRecorders(t, 2)
	_, caddy, nginx := rewritten(t, backends)
	backends.answer.Set("X-Powered-By", "legacy")
	backends.answer.Set("X-Answer", "of the backend")
	for name, address := range map[string]string{"caddy": gatewaytest.RunCaddy(t, []byte(caddy)), "nginx": runNginx(t, nginx)} {
		t.Run(name, func(t *testing.T) {
			for _, tc := range []struct{ method, target, want, header string }{
				{"GET", "/shop/cart/7?q=1", "/v2/carts/7/x$y?q=1", "X-Got-X-Env: a $1 {b} 7"},
				{"GET", "/shop/cart/a%20b", "/v2/carts/a%20b/x$y", "X-Got-X-Env: a $1 {b} a b"},
				{"GET", "/shop/cart/a%3Fb", "/v2/carts/a%3Fb/x$y", "X-Got-X-Secret: "},
				{"POST", "/shop/cart/7", "/shop/cart/7", "X-Got-X-Secret: secret"},
				{"GET", "/files/a/b/c.txt?x", "/f/b/c.txt?x", "X-Answer: a"},
				{"GET", "/files/a/", "/f/", "X-Powered-By: "},
				{"GET", "/files/a", "/files/a", "X-Powered-By: legacy"},
				{"GET", "/old/(area)/1", "/new/(area)/1", ""},
				{"GET", "/strip/", "/", ""},
				{"GET", "/strip/a/b", "/a/b", ""},
				{"GET", "/strip", "/", ""},
				{"GET", "/caf%C3%A9/1", "/p%20q/caf%C3%A9/1", ""},
				{"GET", "/query", "/query?a+b=1%262", ""},
				{"GET", "/query?debug=1", "/query?a+b=1%262", ""},
				{"GET", "/query?debug&c=2", "/query?c=2&a+b=1%262", ""},
				{"GET", "/query?c=2&a%20b=9&debug=&d=", "/query?c=2&d=&a+b=1%262", ""},
				{"GET", "/host", "/host", "X-Got-Host: inner.example"},
			} {
				q := exporttest.Request{Method: tc.method, Host: "shop.example", Target: tc.target, Header: http.Header{"X-Secret": {"secret"}}}
				answer := send(t, address, q)
				got := answer.Header.Get("X-Got")
				if name == "caddy" && strings.Contains(tc.target, "/query?") { // as a note says
					got, tc.want = sortedQuery(got), sortedQuery(tc.want)
				}
				if got != tc.want {
					t.Errorf("%s goes out as %s, want %s", tc.target, got, tc.want)
				}
				if header, want, ok := strings.Cut(tc.header, ": "); ok && answer.Header.Get(header) != want {
					t.Errorf("%s: %s is %q, want %q", tc.target, header, answer.Header.Get(header), want)
				}
			}
		})
	}
}

func sortedQuery(target string) string {
	request, err := http.NewRequest("GET", "http://x"+target, nil)
	if err != nil {
		return err.Error()
	}
	return request.URL.Path + "?" + request.URL.Query().Encode()
}

// Both gateways take addresses in answers back.
func TestMapBack(t *testing.T) {
	backends := newRecorders(t, 2)
	set, caddy, nginx := rewritten(t, backends)
	inner := set.Backend("new").Addresses[0]
	for name, address := range map[string]string{"caddy": gatewaytest.RunCaddy(t, []byte(caddy)), "nginx": runNginx(t, nginx)} {
		t.Run(name, func(t *testing.T) {
			for _, tc := range []struct{ target, header, answer, want string }{
				{"/old/(area)/1", "Location", inner + "/new/x?y=1", "http://shop.example/old/x?y=1"},
				{"/old/(area)/1", "Location", inner + "/new", "http://shop.example/old"},
				{"/old/(area)/1", "Location", "/new/x", "/old/x"},
				{"/old/(area)/1", "Location", "/newer/x", "/newer/x"},
				{"/old/(area)/1", "Location", "http://other.example/new/x", "http://other.example/new/x"},
				{"/old/(area)/1", "Set-Cookie", "a=b; Path=/new/x; HttpOnly", "a=b; Path=/old/x; HttpOnly"},
				{"/old/(area)/1", "Set-Cookie", "a=b; Path=/newer", "a=b; Path=/newer"},
				{"/old/(area)/1", "Set-Cookie", "a=b; Domain=127.0.0.1", "a=b; Domain=shop.example"},
				{"/strip/a", "Location", "/b", "/strip/b"},
				{"/strip/a", "Location", "//cdn.example/b", "//cdn.example/b"},
				{"/strip/a", "Location", inner + "/b", "http://shop.example/strip/b"},
				{"/query", "Location", inner + "/b", inner + "/b"},
			} {
				backends.answer.Set(tc.header, tc.answer)
				answer := send(t, address, exporttest.Request{Method: "GET", Host: "shop.example", Target: tc.target})
				backends.answer.Del(tc.header)
				got := strings.NewReplacer("domain=", "Domain=", "path=", "Path=").Replace(answer.Header.Get(tc.header))
				if got != tc.want {
					t.Errorf("%s: %s %q comes back as %q, want %q", tc.target, tc.header, tc.answer, got, tc.want)
				}
			}
		})
	}
}

// canaries is a table with canary routes: one whose sides are alike, one whose sides
// are not, and one of the first's group.
func canaries(t *testing.T, backends *recorders, weight float64) (route.Set, string, string) {
	t.Helper()
	canary := func(id, match string) route.Definition {
		return route.Definition{ID: id, Match: match, Settings: route.Settings{
			Backend: "new", Stage: route.StageCanary, Weight: weight, Group: "shop", Policy: route.PolicyPublic,
			Cohort: []route.Source{{Kind: route.FromCookie, Name: "shop-session"}, {Kind: route.FromHeader, Name: "X-Client"}},
		}}
	}
	set := route.Set{
		Backends: []route.Backend{{Name: "legacy"}, {Name: "new"}},
		Routes:   []route.Definition{canary("a", "/a"), canary("b", "/b"), canary("c", "/c")},
	}
	set.Routes[1].Rewrite.New.Path = "/v2/b"
	set, table := backends.give(t, set)
	return set, write(t, export.Caddy, set, table).Config, write(t, export.Nginx, set, table).Config
}

// Both gateways send about as many requests to the new side as the weight says: of
// 2,000 at 25 %, 500 are expected, with a deviation of 19.
func TestSplits(t *testing.T) {
	backends := newRecorders(t, 2)
	set, caddy, nginx := canaries(t, backends, 25)
	for name, address := range map[string]string{"caddy": gatewaytest.RunCaddy(t, []byte(caddy)), "nginx": runNginx(t, nginx)} {
		for _, target := range []string{"/a", "/b"} {
			count := 0
			for i := range 2000 {
				answer := send(t, address, exporttest.Request{Method: "GET", Host: "x", Target: target, Header: clientHeader(i)})
				if backendOf(set, answer) == "new" {
					count++
					if got, want := answer.Header.Get("X-Got"), map[string]string{"/a": "/a", "/b": "/v2/b"}[target]; got != want {
						t.Fatalf("%s: the new side gets %s", name, got)
					}
				}
			}
			if count < 405 || count > 595 {
				t.Errorf("%s: of 2,000 requests to %s the new side gets %d, want about 500", name, target, count)
			}
		}
	}
}

func clientHeader(i int) http.Header {
	if i%2 == 0 {
		return http.Header{"Cookie": {fmt.Sprintf("x=1; shop-session=c%d", i)}}
	}
	return http.Header{"X-Client": {fmt.Sprint("c", i)}}
}

// In nginx a client keeps its side, on all routes of a group, and does not go back when
// the weight rises; one without identity is on legacy's.
func TestNginxKeepsClientsOnTheirSide(t *testing.T) {
	backends := newRecorders(t, 2)
	before := map[int]string{}
	for _, weight := range []float64{20, 60} {
		set, _, nginx := canaries(t, backends, weight)
		address := runNginx(t, nginx)
		side := func(i int, target string) string {
			return backendOf(set, send(t, address, exporttest.Request{Method: "GET", Host: "x", Target: target, Header: clientHeader(i)}))
		}
		for i := range 200 {
			a := side(i, "/a")
			if again, c := side(i, "/a"), side(i, "/c"); again != a || c != a {
				t.Errorf("client %d is on the sides %s, %s and %s", i, a, again, c)
			}
			if before[i] == "new" && a != "new" {
				t.Errorf("client %d goes back to %s at %v %%", i, a, weight)
			}
			before[i] = a
		}
		if got := backendOf(set, send(t, address, exporttest.Request{Method: "GET", Host: "x", Target: "/a"})); got != "legacy" {
			t.Errorf("a client without identity is sent to %s", got)
		}
	}
}
