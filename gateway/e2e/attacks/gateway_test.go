package attacks

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"ficus/gateway/gatewaytest"
)

// recorder is a backend that keeps what it was sent last.
func recorder(t *testing.T) (url string, last func() *http.Request) {
	t.Helper()
	requests := make(chan *http.Request, 1000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		requests <- r
		w.Header().Set("X-Served", "yes")
	}))
	t.Cleanup(s.Close)
	return s.URL, func() *http.Request {
		select {
		case r := <-requests:
			return r
		default:
			return nil
		}
	}
}

func routeFiles(legacy string) map[string]string {
	return map[string]string{
		"legacy.yaml":         "backends: { legacy: { addresses: [\"" + legacy + "\"] } }\nroutes:\n  - { id: admin, match: \"/admin/{rest...}\", policy: nobody }\n  - { id: files, match: \"/files/{name...}\", policy: public }\n",
		"policies/admin.rego": "package nobody\n\ndefault allow := false\n",
	}
}

// Through the whole gateway, on a socket: what names the guarded tree in any of these ways
// does not reach the backend.
func TestPathsOnTheWire(t *testing.T) {
	legacy, last := recorder(t)
	g := gatewaytest.Start(t, routeFiles(legacy))
	address := strings.TrimPrefix(g.URL, "http://")
	for _, raw := range []string{
		"/admin/x", "/admin", "/admin/", "/files/../admin/x", "/files/%2e%2e/admin/x", "/files/%2E./admin/x", "/files/..%2fadmin/x", "/files%2F..%2Fadmin%2Fx",
		"/files/%252e%252e/admin/x", "/files/..%255cadmin/x", "/files/..%5Cadmin/x", `/files/..\admin\x`, "/files/..;/admin/x", "/files/..;a=b/admin/x", "/;/admin/x", "/admin;a/x", "/admin;/x",
		"//admin/x", "///admin/x", "/files//..//admin/x", "//evil.example/admin/x", "/ADMIN/x", "/Admin/x", "/%41dmin/x", "/admin./x", "/admin%20/x", "/admin%2e/x", "/admin%00/x",
		"/%c0%afadmin/x", "/files/..%c0%afadmin/x", "/files/%c0%ae%c0%ae/admin/x", "/admin#/x", "/admin%23", "/admin%3f", "/admin?x", "/admin.json", "/index.php/admin/x", "/(S(a))/admin/x",
		"http://shop.example/admin/x", "HTTP://shop.example/files/../admin/x", "http://evil.example/admin/x", "http:/admin/x", "http:admin/x", "http:///admin/x", "http://shop.example//admin/x",
		"http://a@shop.example/admin/x", "shop.example:80", "*", "admin/x", "https://shop.example/admin/x", "ftp://shop.example/admin/x",
	} {
		answer := ask(t, address, raw)
		if r := last(); r != nil || strings.Contains(answer, "X-Served") {
			t.Errorf("%s: %s, and the backend was asked for %s", raw, status(answer), r.RequestURI)
		}
	}
	for _, lines := range [][]string{
		{"X-Original-URL: /admin/x"}, {"X-Rewrite-URL: /admin/x"}, {"X_Original_Url: /admin/x"}, {"X-Forwarded-Prefix: /admin"}, {"SCRIPT_NAME: /files"}, {"X-HTTP-Method-Override: DELETE"},
		{"X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1"}, {"Connection: X-Good, close", "X-Original-URL: /admin/x"},
	} {
		answer := ask(t, address, "/files/a", lines...)
		r := last()
		if r == nil {
			t.Errorf("%s: %s", lines, status(answer))
			continue
		}
		if len(r.Header) != 0 && !(len(r.Header) == 1 && r.Header.Get("Accept-Encoding") != "") {
			t.Errorf("%s: the backend was sent %v", lines, r.Header)
		}
	}
}

// Who is a trusted proxy says the server's own trusted_proxies, and nobody is by default.
// What such a one says of the client, of host and path, goes on to the backend.
func TestTrustedProxies(t *testing.T) {
	legacy, last := recorder(t)
	for _, tc := range []struct {
		name, trusted string
		passes        bool
	}{{"none", "", false}, {"others", "trusted_proxies static 192.0.2.0/24", false}, {"this machine", "trusted_proxies static 127.0.0.0/8", true}} {
		t.Run(tc.name, func(t *testing.T) {
			address := gatewaytest.RunCaddy(t, ficus(t, routeFiles(legacy), "servers {\n"+tc.trusted+"\n}"))
			answer := ask(t, address, "/files/a", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Original-URL: /a", "Forwarded: for=203.0.113.9")
			r := last()
			if r == nil {
				t.Fatal(answer)
			}
			for name, value := range map[string]string{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Original-Url": "/a", "Forwarded": "for=203.0.113.9"} {
				if got := r.Header.Get(name); (got == value) != tc.passes || got != "" && !tc.passes {
					t.Errorf("%s: %q reached the backend", name, got)
				}
			}
		})
	}
}

// ficus returns the configuration of a gateway on route files, with global options.
func ficus(t *testing.T, files map[string]string, options string) []byte {
	t.Helper()
	folder := folder(t, files)
	text := "{\n" + options + "\nficus {\nroutes " + folder + "\nstate " + t.TempDir() + "\n}\n}\nhttp://:80 {\nficus\n}\n"
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return config
}
