package keys

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	_ "ficus/modules/handler"
)

// The handler ficus answers whatever it gets: beside it in a site, in whatever order, the
// keys come first.
func TestOrder(t *testing.T) {
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	for _, site := range []string{"ficus_keys /keys\n\tficus", "ficus\n\tficus_keys /keys"} {
		text, _, err := adapter.Adapt([]byte("http://:8080 {\n\t"+site+"\n}\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		keys, ficus := strings.Index(string(text), `"ficus_keys"`), strings.Index(string(text), `"ficus"`)
		if keys < 0 || ficus < keys {
			t.Errorf("%s", text)
		}
		if !strings.Contains(string(text), `"path":"/keys"`) {
			t.Errorf("no path: %s", text)
		}
	}
	for _, site := range []string{"ficus_keys @all", "ficus_keys /keys/*", "ficus_keys /a /b", "ficus_keys {\n\t\tpath /keys\n\t}"} {
		if _, _, err := adapter.Adapt([]byte("http://:8080 {\n\t@all path *\n\t"+site+"\n}\n"), nil); err == nil {
			t.Errorf("%q: no error", site)
		}
	}
}

// What asks for another path goes on.
func TestPath(t *testing.T) {
	keys := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("keys")) })
	next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.Write([]byte("next"))
		return err
	})
	for _, tc := range []struct{ path, asked, want string }{
		{"/keys", "/keys", "keys"},
		{"/keys", "/keys?v=1", "keys"},
		{"/keys", "/keys/", "next"},
		{"/keys", "/KEYS", "next"},
		{"", "/anything", "keys"},
	} {
		w := httptest.NewRecorder()
		h := &Handler{Path: tc.path, keys: keys}
		if err := h.ServeHTTP(w, httptest.NewRequest("GET", tc.asked, nil), next); err != nil {
			t.Error(err)
		}
		if got := w.Body.String(); got != tc.want {
			t.Errorf("path %q, asked for %s: %s, want %s", tc.path, tc.asked, got, tc.want)
		}
	}
}
