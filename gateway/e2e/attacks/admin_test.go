package attacks

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"ficus/gateway/gatewaytest"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Admin API and console listen on this machine alone, as shipped.
func TestShippedListeners(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(gatewaytest.Root(t), "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Admin struct{ Listen string }
		Apps  struct {
			HTTP struct {
				Servers map[string]struct {
					Listen []string
					Routes json.RawMessage
				}
			}
		}
	}
	if err := json.Unmarshal(config, &parsed); err != nil {
		t.Fatal(err)
	}
	if parsed.Admin.Listen != "localhost:2019" {
		t.Errorf("the admin API listens on %q", parsed.Admin.Listen)
	}
	seen := false
	for _, s := range parsed.Apps.HTTP.Servers {
		if !strings.Contains(string(s.Routes), "ficus_console") {
			continue
		}
		seen = true
		for _, listen := range s.Listen {
			if host, _, err := net.SplitHostPort(listen); err != nil || !net.ParseIP(host).IsLoopback() {
				t.Errorf("the console listens on %q", listen)
			}
		}
	}
	if !seen {
		t.Error("no server has the console")
	}
}

// nothing is what Caddy answers where it has no site of a name. Where the console's site has
// none, as shipped, its own guard refuses (package console, TestHosts).
const nothing = "nothing"

// A page elsewhere can ask neither the admin API nor the console: not by a name of its own
// that points here, not by a form or a script. And no question changes anything.
func TestPagesElsewhere(t *testing.T) {
	legacy, _ := recorder(t)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": "backends: { legacy: { addresses: [\"" + legacy + "\"] } }\nroutes:\n  - { id: cart, match: GET /cart, stage: new, backend: legacy }\n"})
	admin, console := strings.TrimPrefix(g.Admin, "http://"), strings.TrimPrefix(g.Console, "http://")
	kill := `{"routes":["*"],"reason":"attack"}`
	form := "route=*&reason=attack&by=x"
	for _, tc := range []struct {
		name, address, line, host, lines, body string
		want                                   string
	}{
		{"admin, itself", admin, "GET /ficus/kills", admin, "", "", "200"},
		{"admin, rebound name", admin, "GET /ficus/kills", "evil.example", "", "", "403"},
		{"admin, rebound name with its port", admin, "POST /ficus/kill", "evil.example:2019", "", kill, "403"},
		{"admin, Caddy's own, rebound name", admin, "GET /config/", "evil.example", "", "", "403"},
		{"admin, page of another site", admin, "POST /ficus/kill", admin, "Origin: http://evil.example\r\n", kill, "403"},
		{"admin, page without origin", admin, "POST /ficus/kill", admin, "Origin: null\r\n", kill, "400"},
		{"admin, the console's page", admin, "POST /ficus/kill", admin, "Origin: http://" + console + "\r\n", kill, "403"},
		{"admin, kill by GET", admin, "GET /ficus/kill?routes=*&reason=x", admin, "", "", "405"},
		{"admin, kill by HEAD", admin, "HEAD /ficus/kill", admin, "", "", "405"},
		{"admin, kill by override", admin, "GET /ficus/kill?_method=POST", admin, "X-HTTP-Method-Override: POST\r\n", kill, "405"},
		{"admin, breaker by GET", admin, "GET /ficus/backends/legacy/breaker?set=open", admin, "", "", "405"},
		{"admin, confirm by a page of another site", admin, "POST /ficus/confirm", admin, "Origin: http://evil.example\r\n", `{"hash":"a"}`, "403"},
		{"admin, confirm by a rebound name", admin, "POST /ficus/confirm", "evil.example", "", `{"hash":"a"}`, "403"},
		{"admin, confirm by GET", admin, "GET /ficus/confirm?hash=a", admin, "", "", "405"},
		{"console, itself", console, "GET /", console, "", "", "200"},
		{"console, rebound name", console, "GET /", "evil.example", "", "", nothing},
		{"console, rebound name, absolute target", console, "GET http://evil.example/", console, "", "", nothing},
		{"console, kill by rebound name", console, "POST /kill", "evil.example", "Content-Type: application/x-www-form-urlencoded\r\n", form, nothing},
		{"console, form of another site", console, "POST /kill", console, "Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://evil.example\r\n", form, "403"},
		{"console, form of another site, new browser", console, "POST /kill", console, "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: cross-site\r\n", form, "403"},
		{"console, kill by GET", console, "GET /kill?" + form, console, "", "", "200"}, // the form
		{"console, kill by override", console, "GET /kill?_method=POST&" + form, console, "X-HTTP-Method-Override: POST\r\n", "", "200"},
	} {
		request := tc.line + " HTTP/1.1\r\nHost: " + tc.host + "\r\nConnection: close\r\n" + tc.lines
		if tc.body != "" {
			request += "Content-Length: " + strconv.Itoa(len(tc.body)) + "\r\n"
		}
		answer := gatewaytest.Exchange(t, tc.address, request+"\r\n"+tc.body, false)
		if tc.want == nothing {
			if !strings.Contains(answer, "\r\nContent-Length: 0\r\n") { // no site of that name
				t.Errorf("%s: %s", tc.name, answer)
			}
		} else if got := status(answer); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
		if _, text := g.AdminGet("/ficus/kills"); !strings.Contains(text, `"kills":[]`) {
			t.Fatalf("%s: killed: %s", tc.name, text)
		}
	}
}

// No answer of the gateway, metric or page holds a secret that it was given.
func TestNoSecretGetsOut(t *testing.T) {
	legacy, last := recorder(t)
	g := gatewaytest.Start(t, routeFiles(legacy))
	address := strings.TrimPrefix(g.URL, "http://")
	const token, cookie, password = "eyJhbGciOiJFZERTQSJ9.c2VjcmV0.c2VjcmV0", "0123456789abcdef-session", "c2VjcmV0OnBhc3N3b3Jk"
	for _, path := range []string{"/files/a", "/admin/x", "/files/..%2fadmin", "/nothing"} {
		answer := ask(t, address, path, "Authorization: Bearer "+token, "Cookie: shop_session="+cookie, "Proxy-Authorization: Basic "+password)
		last()
		for _, secret := range []string{token, cookie, password} {
			if strings.Contains(answer, secret) {
				t.Errorf("%s: the answer holds %s", path, secret)
			}
		}
	}
	secrets := []string{token, cookie, password, "a key of the tests"}
	for _, path := range []string{"/livez", "/readyz", "/ficus/status?top=20&changes=100", "/ficus/table", "/ficus/problems", "/ficus/kills", "/ficus/backends", "/metrics"} {
		check(t, path, second(g.AdminGet(path)), secrets)
	}
	for _, path := range []string{"/", "/routes/admin", "/backends", "/changes", "/explain?url=/admin/x", "/legacy"} {
		check(t, "console "+path, ask(t, strings.TrimPrefix(g.Console, "http://"), path), secrets)
	}
}

func second(_ int, text string) string { return text }

func check(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	if text == "" {
		t.Errorf("%s: no answer", where)
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds %s", where, secret)
		}
	}
}
