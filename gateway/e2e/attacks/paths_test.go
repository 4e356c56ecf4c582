// Package attacks is the part of the end-to-end tests that means harm.
package attacks

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ficus/gateway/authz"
	"ficus/gateway/backend"
	"ficus/gateway/identity"
	"ficus/gateway/pipeline"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
	"ficus/gateway/telemetry"
)

// A world is a table and what of it a policy guards that lets nobody.
type world struct {
	name    string
	routes  []route.Definition
	rest    string   // policy of what no route takes
	guarded []string // paths; one that ends with a slash stands for all below
	public  []string // where rest guards: what it does not
}

func guarded(id, match string) route.Definition {
	return route.Definition{ID: id, Match: match, Settings: route.Settings{Policy: "nobody"}}
}

func public(id, match string) route.Definition {
	return route.Definition{ID: id, Match: match, Settings: route.Settings{Policy: route.PolicyPublic}}
}

var worlds = []world{
	{name: "one path", routes: []route.Definition{guarded("admin", "/admin")}, guarded: []string{"/admin"}},
	{name: "a tree", routes: []route.Definition{guarded("admin", "/admin/")}, guarded: []string{"/admin/"}},
	{name: "a tree beside a public one", routes: []route.Definition{guarded("admin", "/admin/{rest...}"), guarded("top", "/admin"), public("files", "/files/{name...}")}, guarded: []string{"/admin/", "/admin"}},
	{name: "capitals", routes: []route.Definition{guarded("admin", "/Admin/{rest...}"), public("any", "/{page}")}, guarded: []string{"/Admin/"}},
	{name: "deep", routes: []route.Definition{guarded("admin", "/files/admin"), public("files", "/files/")}, guarded: []string{"/files/admin"}},
	{name: "a script", routes: []route.Definition{guarded("admin", "/admin.php")}, guarded: []string{"/admin.php"}},
	{name: "a page", routes: []route.Definition{guarded("admin", "/admin.aspx")}, guarded: []string{"/admin.aspx"}},
	{name: "the end alone", routes: []route.Definition{guarded("admin", "/admin/{$}")}, guarded: []string{"/admin/{$}"}},
	{name: "all but a tree", routes: []route.Definition{public("files", "/files/{name...}")}, rest: "nobody", public: []string{"/files/", "/files"}},
}

// protects reports whether the world guards what a model reads.
func (w *world) protects(m model, p string) bool {
	form := func(p string) string {
		if m.caseless {
			p = strings.ToLower(p)
		}
		return p
	}
	in := func(p, guard string) bool {
		p, guard = form(p), form(guard)
		exact, isEnd := strings.CutSuffix(guard, "{$}")
		tree := strings.HasSuffix(guard, "/")
		switch {
		case isEnd && bool(m.slashless):
			return strings.TrimSuffix(p, "/") == strings.TrimSuffix(exact, "/")
		case isEnd:
			return p == exact
		case tree && bool(m.slashless):
			return strings.HasPrefix(p+"/", guard)
		case tree:
			return strings.HasPrefix(p, guard)
		case bool(m.slashless):
			return strings.TrimSuffix(p, "/") == guard
		}
		return p == guard
	}
	if w.rest != "" {
		for _, open := range w.public {
			if in(p, open) {
				return false
			}
		}
		return true
	}
	for _, guard := range w.guarded {
		if in(p, guard) {
			return true
		}
	}
	return false
}

// A gate is a pipeline before a backend that only notes what it was sent.
type gate struct {
	*world
	pipeline *pipeline.Pipeline
	wire     string // the path, "" for none
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.wire, _, _ = strings.Cut(r.URL.RequestURI(), "?")
	return &http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func (g *gate) Close() error { return nil }

func newGate(t testing.TB, w *world) *gate {
	t.Helper()
	policies, problems := authz.Compile(context.Background(), []authz.File{{Name: "nobody.rego", Data: []byte("package nobody\n\ndefault allow := false\n")}})
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	g := &gate{world: w}
	quiet := slog.New(slog.DiscardHandler)
	g.pipeline = pipeline.New(pipeline.Config{
		Backends: backend.NewRegistry(backend.Config{NewLeaf: func(route.Backend) (backend.Leaf, error) { return g, nil }, Random: rand.IntN}),
		Metrics:  telemetry.New(), Key: &split.Key{1}, Now: time.Now, Logger: quiet, Decisions: nobody{},
		Issue: func(*identity.Principal, identity.Grant) (string, error) { return "", nil },
	})
	t.Cleanup(g.pipeline.Close)
	set := route.Set{Backends: []route.Backend{{Name: "legacy", Addresses: []string{"http://192.0.2.1"}}}, Routes: w.routes}
	set.Rest.Policy = w.rest
	table, problems := routetable.Compile(set, routetable.Options{Policies: policies.Names()})
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	if problems := g.pipeline.Publish(table, policies); problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	return g
}

type nobody struct{}

func (nobody) Enabled(authz.Decision) bool { return false }
func (nobody) Decided(authz.Event)         {}

// send sends a request line's target as a server reads it, and returns the path that went
// to the backend, "" where none did.
func (g *gate) send(target string) string {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: shop.example\r\n\r\n")))
	if err != nil {
		return ""
	}
	g.wire = ""
	_ = g.pipeline.Serve(httptest.NewRecorder(), r, pipeline.Client{IP: "192.0.2.2"}, &pipeline.Exchange{})
	_, _ = io.Copy(io.Discard, r.Body)
	return g.wire
}

// check fails where a model reads what passed as something that is guarded.
func (g *gate) check(t interface{ Errorf(string, ...any) }, target string) {
	wire := g.send(target)
	if wire == "" {
		return
	}
	for _, m := range models {
		if p, ok := m.read(wire); ok && g.protects(m, p) {
			t.Errorf("%s: %q passed as %q, and %s reads %q", g.name, target, wire, m.name, p)
		}
	}
}

func newGates(t testing.TB) []*gate {
	gates := make([]*gate, len(worlds))
	for i := range worlds {
		gates[i] = newGate(t, &worlds[i])
	}
	return gates
}

// The models read what they should, and the gateway lets through what is public: else the
// tests below would prove nothing.
func TestModelsBite(t *testing.T) {
	gates := newGates(t)
	for _, m := range models {
		if p, ok := m.read("/admin/x"); !ok || !worlds[1].protects(m, p) {
			t.Errorf("%s reads %q", m.name, p)
		}
		if p, ok := m.read("/other/x"); !ok || worlds[1].protects(m, p) {
			t.Errorf("%s reads %q", m.name, p)
		}
	}
	for _, g := range gates {
		for _, target := range []string{"/files/a", "/files/a%20b/c.pdf", "/files/A;v=1", "/files/a//b", "/files/100%25", "/files/caf%C3%A9", "/files/", "/files/a%2Fb", "/files/a:b(c)"} {
			if g.send(target) == "" {
				t.Errorf("%s: %s does not pass", g.name, target)
			}
		}
		for _, guard := range g.guarded {
			if target := strings.TrimSuffix(guard, "{$}"); g.send(target) != "" {
				t.Errorf("%s: %s passes", g.name, target)
			}
		}
	}
}

var pieces = []string{
	"/", "/", "/", "//", `\`, "%2f", "%2F", "%5c", "%252f", "%25%32%46", "%c0%af", "%e0%80%af", "\xc0\xaf", "%c1%9c",
	"..", ".", "%2e%2e", "%2e", ".%2e", "%252e%252e", "%c0%ae%c0%ae", "...", "..;", ".;x",
	"admin", "admin", "Admin", "ADMIN", "%61dmin", "adm%69n", "%2561dmin", "admin.php", "Admin.PHP", "admin.aspx", "admin.cgi", "files", "Files", "x", "index.php", "index.html", "app.php",
	".json", ".html", ".php", ";", ";x=1", "%3b", "%3Bx", "#", "#/", "%23", "%3f", "?", "%00", "%0a", "%0d%0a", "%09", "%20", "+", ":", "::$DATA", "::$INDEX_ALLOCATION", ":$i30:$INDEX_ALLOCATION",
	"(S(x))", "%28S(x))", "caf\xc3\xa9", "%C3%A9", "%7f", "~", "*", "@", "http:", "http://shop.example", "%u002f", "%",
}

// No request passes that any server would read as something that a policy guards.
func TestNoServerIsFooled(t *testing.T) {
	gates := newGates(t)
	target := rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"/", "/", "/", "/files/", "//", "http://shop.example/", ""}).Draw(t, "begin") +
			strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 10).Draw(t, "pieces"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		text := target.Draw(t, "target")
		for _, g := range gates {
			g.check(t, text)
		}
	})
}

func FuzzNoServerIsFooled(f *testing.F) {
	gates := newGates(f)
	for _, seed := range []string{
		"/admin", "/files/../admin", "/files/%2e%2e/admin", "/files/..;/admin", "/files%2f..%2fadmin", "/files%25%32%46..%25%32%46admin", "//x/admin", "/admin#x", "/ADMIN/",
		"/index.php/admin", "/admin.php/x", "/admin.json", "/admin/index.html", "/files/..%c0%afadmin", "/(S(x))/admin", "/admin::$DATA", "/admin:$i30:$INDEX_ALLOCATION/x", "/admin.aspx/x", "/admin%20", "/admin%00", "/;x/admin",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if len(target) > 1000 || strings.ContainsAny(target, "\r\n") {
			return
		}
		for _, g := range gates {
			g.check(t, target)
		}
	})
}
