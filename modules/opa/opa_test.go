package opa_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"golang.org/x/crypto/bcrypt"

	"ficus/gateway/gatewaytest"
)

// site is a site in the Caddyfile, with opa's block and what stands beside it.
func site(t *testing.T, blocks string) string {
	t.Helper()
	return run(t, "http://127.0.0.1:8080 {\n"+blocks+"\n}\n")
}

func run(t *testing.T, caddyfile string) string {
	t.Helper()
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + gatewaytest.RunCaddy(t, config)
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir
}

// write saves a file as an editor does.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, ".tmp"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, ".tmp"), filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func ask(t *testing.T, method, url, body string, header ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	if user := request.Header.Get("As"); user != "" {
		request.Header.Del("As")
		request.SetBasicAuth(user, "secret")
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

var block = regexp.MustCompile("(?ms)^```(?:caddyfile|rego) (\\S+)\n(.*?)^```")

// The manual's site, with its policies and their tests, as it is printed.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile("../../docs/OPA.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, m := range block.FindAllStringSubmatch(string(manual), -1) {
		blocks[m[1]] = m[2]
	}
	dir := folder(t, map[string]string{"orders.rego": blocks["orders.rego"], "orders_test.rego": blocks["orders_test.rego"]})
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s mask=%s body=%s", r.Method, r.URL.Path, r.Header.Get("X-Mask"), body)
	}))
	t.Cleanup(backend.Close)
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	url := run(t, strings.NewReplacer("$2a$04$HASH", string(hash), "policies policies", "policies "+dir,
		"127.0.0.1:9000", backend.Listener.Addr().String()).Replace(blocks["site"]))
	for _, tc := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		want                     string
	}{
		{"own", "GET", "/orders/bob", "", []string{"As", "bob"}, 200, "GET /orders/bob mask=card body="},
		{"other's", "GET", "/orders/ada", "", []string{"As", "bob"}, 403, ""},
		{"dots", "GET", "/x/../orders/ada", "", []string{"As", "bob"}, 403, ""},
		{"escaped", "GET", "/orders/%61da", "", []string{"As", "bob"}, 403, ""},
		{"doubled slash", "GET", "/orders//bob", "", []string{"As", "bob"}, 403, ""},
		{"nobody", "GET", "/orders/bob", "", nil, 401, ""},
		{"unguarded", "GET", "/products", "", []string{"As", "bob"}, 200, "GET /products mask= body="},
		{"body", "POST", "/orders/new", `{"quantity": 10}`, []string{"As", "ada", "X-Tenant", "acme"}, 200, `POST /orders/new mask= body={"quantity": 10}`},
		{"too many", "POST", "/orders/new", `{"quantity": 11}`, []string{"As", "ada", "X-Tenant", "acme"}, 403, ""},
		{"other tenant", "POST", "/orders/new", `{"quantity": 1}`, []string{"As", "ada", "X-Tenant", "evil"}, 403, ""},
		{"no JSON", "POST", "/orders/new", `quantity=1`, []string{"As", "ada", "X-Tenant", "acme"}, 403, ""},
		{"large", "POST", "/orders/new", `{"quantity": 1}` + strings.Repeat(" ", 16<<10), []string{"As", "ada", "X-Tenant", "acme"}, 403, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ask(t, tc.method, url+tc.path, tc.body, tc.header...)
			if got.status != tc.status || got.body != tc.want {
				t.Errorf("got %d %q, want %d %q", got.status, got.body, tc.status, tc.want)
			}
			if refused := tc.status == 403; refused != (got.header.Get("X-Request-Id") != "" && got.header.Get("Cache-Control") == "no-store") {
				t.Errorf("header %v", got.header)
			}
		})
	}
}

const rich = `package p

decision := {"allow": true, "obligations": {"mask": ["a", "b"], "rate": 7}} if input.path == "/yes"

decision := {"allow": false, "status": 401, "reason": "SECRET", "headers": {"WWW-Authenticate": "Bearer"}} if input.path == "/no"

decision := {"allow": "maybe"} if input.path == "/type"

decision := {"allow": true} if {
	input.path == "/slow"
	some i in numbers.range(1, 100000)
	some j in numbers.range(1, 100000)
	i * j == -1
}
`

const vars = "\trespond \"{http.vars.opa.allow} {http.vars.opa.cause} {http.vars.opa.reason} {http.vars.opa.obligations.mask} {http.vars.opa.obligations.rate}\"\n"

func TestRefusals(t *testing.T) {
	dir := folder(t, map[string]string{"p.rego": rich})
	url := site(t, "\topa {\n\t\tpolicies "+dir+"\n\t\tpolicy p\n\t\ttimeout 2s\n\t}\n"+vars)
	for path, want := range map[string]answer{
		"/yes":           {200, nil, `true allowed  ["a","b"] 7`},
		"/no":            {401, http.Header{"Www-Authenticate": {"Bearer"}}, ""},
		"/type":          {503, nil, ""},
		"/slow":          {503, nil, ""},
		"/other":         {403, nil, ""},
		"/yes%00":        {400, nil, ""},
		"/%79es":         {200, nil, `true allowed  ["a","b"] 7`},
		"/%2e%2e/yes":    {403, nil, ""}, // a backend may take the dots for a name
		"/yes;x/../yes":  {403, nil, ""},
		"/other/%2e/yes": {403, nil, ""},
	} {
		got := ask(t, "GET", url+path, "")
		if got.status != want.status || got.body != want.body {
			t.Errorf("%s: got %d %q, want %d %q", path, got.status, got.body, want.status, want.body)
		}
		for name := range want.header {
			if got.header.Get(name) != want.header.Get(name) {
				t.Errorf("%s: %s %q", path, name, got.header.Get(name))
			}
		}
		if strings.Contains(fmt.Sprint(got), "SECRET") {
			t.Errorf("%s: the reason went out", path)
		}
	}
}

func TestObserve(t *testing.T) {
	dir := folder(t, map[string]string{"p.rego": rich})
	url := site(t, "\topa {\n\t\tpolicies "+dir+"\n\t\tpolicy p\n\t\tobserve\n\t}\n"+vars)
	if got := ask(t, "GET", url+"/no", ""); got.status != 200 || !strings.HasPrefix(got.body, "false denied SECRET") {
		t.Errorf("got %+v", got)
	}
}

// An edit takes effect without a reload of Caddy. What broken ones do is tested in
// package guard.
func TestEdits(t *testing.T) {
	const says = "package p\n\nallow if input.path == \"/%s\"\n"
	dir := folder(t, map[string]string{"p.rego": fmt.Sprintf(says, "a")})
	url := site(t, "\topa {\n\t\tpolicies "+dir+"\n\t\tpolicy p\n\t\ttimeout 5s\n\t}\n\trespond yes\n")
	status := func(path string) int { return ask(t, "GET", url+path, "").status }
	if status("/a") != 200 || status("/b") != 403 {
		t.Fatal("the folder does not decide")
	}
	write(t, dir, "p.rego", fmt.Sprintf(says, "b"))
	gatewaytest.Await(t, "the edit decides", func() bool { return status("/b") == 200 })
	write(t, dir, "p.rego", fmt.Sprintf(says, "c"))
	gatewaytest.Await(t, "the next edit decides", func() bool { return status("/c") == 200 })
}

// Policies of a bundle server, and its decision log.
func TestBundles(t *testing.T) {
	var raw bytes.Buffer
	module := []byte("package p\n\nallow if input.path == \"/yes\"\n")
	roots := []string{""}
	if err := bundle.NewWriter(&raw).Write(bundle.Bundle{
		Data: map[string]any{}, Manifest: bundle.Manifest{Revision: "one", Roots: &roots},
		Modules: []bundle.ModuleFile{{URL: "/p.rego", Path: "/p.rego", Raw: module, Parsed: ast.MustParseModule(string(module))}},
	}); err != nil {
		t.Fatal(err)
	}
	logged := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/logs" {
			logged <- struct{}{}
			return
		}
		_, _ = w.Write(raw.Bytes())
	}))
	t.Cleanup(server.Close)
	dir := folder(t, map[string]string{"opa.yaml": "services: {control: {url: " + server.URL + "}}\nbundles: {p: {service: control, resource: p}}\n" +
		"decision_logs: {service: control, reporting: {min_delay_seconds: 1, max_delay_seconds: 1}}\n"})
	url := site(t, "\topa {\n\t\tconfig "+filepath.Join(dir, "opa.yaml")+"\n\t\tpolicy p\n\t\ttimeout 5s\n\t}\n\trespond yes\n")
	gatewaytest.Await(t, "the bundle decides", func() bool { return ask(t, "GET", url+"/yes", "").status == 200 })
	if got := ask(t, "GET", url+"/no", ""); got.status != 403 {
		t.Errorf("got %+v", got)
	}
	<-logged
}

// A start with a broken folder comes up, refuses, and heals.
func TestBrokenStart(t *testing.T) {
	dir := folder(t, map[string]string{"p.rego": "package p\n\nallow if x\n"})
	url := site(t, "\topa /guarded {\n\t\tpolicies "+dir+"\n\t\tpolicy p\n\t\ttimeout 5s\n\t}\n\trespond yes\n")
	if got := ask(t, "GET", url+"/open", ""); got.status != 200 {
		t.Errorf("what is not guarded: %+v", got)
	}
	if got := ask(t, "GET", url+"/guarded", ""); got.status != 503 || got.body != "" {
		t.Errorf("what is guarded: %+v", got)
	}
	write(t, dir, "p.rego", "package p\n\nallow := true\n")
	gatewaytest.Await(t, "the mended folder decides", func() bool { return ask(t, "GET", url+"/guarded", "").status == 200 })
}

// A body that the policy may not see whole goes on as it came where it is only observed.
func TestBodyGoesOn(t *testing.T) {
	dir := folder(t, map[string]string{"p.rego": "package p\n\nallow if input.body.n == 1\n"})
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	t.Cleanup(backend.Close)
	url := site(t, "\topa {\n\t\tpolicies "+dir+"\n\t\tpolicy p\n\t\tbody 100B\n\t\tobserve\n\t}\n\treverse_proxy "+backend.Listener.Addr().String()+"\n")
	for _, body := range []string{"", `{"n": 1}`, "no JSON", strings.Repeat("long", 1000)} {
		if got := ask(t, "POST", url, body); got.status != 200 || got.body != body {
			t.Errorf("%q came as %d %q", body, got.status, got.body)
		}
		request, err := http.NewRequestWithContext(t.Context(), "POST", url, io.MultiReader(strings.NewReader(body), bytes.NewReader(nil)))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(request) // without a length
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if string(got) != body {
			t.Errorf("chunked %q came as %q", body, got)
		}
	}
}

func TestCaddyfileErrors(t *testing.T) {
	for text, want := range map[string]string{
		"opa {\n nonsense\n}":                "unknown key \"nonsense\"",
		"opa x y":                            "wrong argument count",
		"opa {\n policies a b\n}":            "wrong argument count",
		"opa {\n policies a\n policies b\n}": "stands twice",
		"opa {\n timeout 0\n}":               "no duration above 0",
		"opa {\n body lots\n}":               "no size",
		"opa {\n body 0\n}":                  "no size",
		"opa {\n header\n}":                  "wrong argument count",
		"opa {\n observe yes\n}":             "wrong argument count",
	} {
		_, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte("http://x {\n"+text+"\n}\n"), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}
