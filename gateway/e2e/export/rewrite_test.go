package export

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/tools/export"
	"ficus/gateway/tools/export/exporttest"
	"ficus/gateway/tools/yamlout"
)

// rewritten is a table whose routes change what their backend gets.
func rewritten(t *testing.T, backends *recorders) (route.Set, *routetable.Table) {
	t.Helper()
	side := func(id, match string, r route.SideRewrite) route.Definition {
		return route.Definition{ID: id, Match: match, Settings: route.Settings{
			Backend: "new", Stage: route.StageNew, Policy: route.PolicyPublic, Rewrite: route.Rewrite{New: r},
		}}
	}
	set := route.Set{
		Backends: []route.Backend{{Name: "legacy"}, {Name: "new"}, {Name: "other"}, {Name: "third"}},
		Routes: []route.Definition{
			side("template", "GET /shop/cart/{id}", route.SideRewrite{
				Path:    "/v2/carts/{id}/x$y",
				Headers: route.Changes{Set: map[string]string{"X-Env": "a $1 {{b}} {id}c"}, Remove: []string{"X-Secret"}},
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
	for i := range set.Routes { // what is mapped back depends on the other routes to a backend
		switch set.Routes[i].ID {
		case "prefix":
			set.Routes[i].Backend = "other"
		case "strip":
			set.Routes[i].Backend = "third"
		}
	}
	return backends.give(t, set)
}

// run runs a table in Ficus itself and in the gateways that it is exported to, one
// after the other.
func run(t *testing.T, set route.Set, table *routetable.Table, test func(t *testing.T, who, address string)) {
	t.Helper()
	t.Run("ficus", func(t *testing.T) {
		file := struct {
			Backends map[string]route.Backend `yaml:"backends"`
			Routes   []route.Definition       `yaml:"routes"`
		}{map[string]route.Backend{}, set.Routes}
		for _, b := range set.Backends {
			file.Backends[b.Name] = b
		}
		g := gatewaytest.Start(t, map[string]string{"all.yaml": yamlout.Marshal(file)})
		test(t, "ficus", strings.TrimPrefix(g.URL, "http://"))
	})
	t.Run("caddy", func(t *testing.T) {
		test(t, "caddy", gatewaytest.RunCaddy(t, []byte(write(t, export.Caddy, set, table).Config)))
	})
	t.Run("nginx", func(t *testing.T) {
		test(t, "nginx", runNginx(t, write(t, export.Nginx, set, table).Config))
	})
}

// Others change requests as Ficus does.
func TestRewrites(t *testing.T) {
	backends := newRecorders(t, 4)
	set, table := rewritten(t, backends)
	if lost := write(t, export.Caddy, set, table).Lost; len(lost) > 0 {
		t.Errorf("lost for Caddy: %v", lost)
	}
	backends.answer.Set("X-Powered-By", "legacy")
	backends.answer.Set("X-Answer", "of the backend")
	run(t, set, table, func(t *testing.T, who, address string) {
		for _, tc := range []struct{ method, target, want, header string }{
			{"GET", "/shop/cart/7?q=1", "/v2/carts/7/x$y?q=1", "X-Got-X-Env: a $1 {b} 7c"},
			{"GET", "/shop/cart/a%20b", "/v2/carts/a%20b/x$y", ""},
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
			got := strings.NewReplacer("%28", "(", "%29", ")").Replace(answer.Header.Get("X-Got")) // both are the same path
			if who == "caddy" && strings.Contains(tc.target, "/query?") {                          // as a note says
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

// What a client puts into a path gets no header of its own.
func TestNoHeaderIsSmuggled(t *testing.T) {
	backends := newRecorders(t, 4)
	set, table := rewritten(t, backends)
	run(t, set, table, func(t *testing.T, who, address string) {
		answer := send(t, address, exporttest.Request{Method: "GET", Host: "shop.example", Target: "/shop/cart/a%0D%0AX-Secret:%20b"})
		if got := answer.Header.Get("X-Got-X-Secret"); got != "" {
			t.Errorf("the backend gets X-Secret: %s", got)
		}
		answer = send(t, address, exporttest.Request{Method: "GET", Host: "shop.example", Target: "/files/a%0D%0AX-Own:%20b/c"})
		if got := answer.Header.Get("X-Own"); got != "" {
			t.Errorf("the client gets X-Own: %s", got)
		}
	})
}

func sortedQuery(target string) string {
	request, err := http.NewRequest("GET", "http://x"+target, nil)
	if err != nil {
		return err.Error()
	}
	return request.URL.Path + "?" + request.URL.Query().Encode()
}

// Others take addresses in answers back as Ficus does.
func TestMapBack(t *testing.T) {
	backends := newRecorders(t, 4)
	set, table := rewritten(t, backends)
	other, third := set.Backend("other").Addresses[0], set.Backend("third").Addresses[0]
	run(t, set, table, func(t *testing.T, who, address string) {
		domain := "a=b"
		if who == "nginx" { // as a note says
			domain = "a=b; Domain=shop.example"
		}
		for _, tc := range []struct{ target, header, answer, want string }{
			{"/old/(area)/1", "Location", other + "/new/x?y=1", "http://shop.example/old/x?y=1"},
			{"/old/(area)/1", "Location", other + "/new", "http://shop.example/old"},
			{"/old/(area)/1", "Location", "/new/x", "/old/x"},
			{"/old/(area)/1", "Location", "/newer/x", "/newer/x"},
			{"/old/(area)/1", "Location", "http://other.example/new/x", "http://other.example/new/x"},
			{"/old/(area)/1", "Set-Cookie", "a=b; Path=/new/x; HttpOnly", "a=b; Path=/old/x; HttpOnly"},
			{"/old/(area)/1", "Set-Cookie", "a=b; Path=/newer", "a=b; Path=/newer"},
			{"/old/(area)/1", "Set-Cookie", "a=b; Domain=127.0.0.1", domain},
			{"/strip/a", "Location", "/b", "/strip/b"},
			{"/strip/a", "Location", "//cdn.example/b", "//cdn.example/b"},
			{"/strip/a", "Location", third + "/b", "http://shop.example/strip/b"},
			{"/query", "Location", other + "/b", other + "/b"},
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
