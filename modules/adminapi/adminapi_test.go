package adminapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// Before a configuration with ficus runs, and after it, the process is alive and not
// ready; and every pattern is one that Caddy's mux takes.
func TestWithoutAnApp(t *testing.T) {
	module, err := caddy.GetModule("admin.api.ficus")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, route := range module.New().(caddy.AdminRouter).Routes() {
		mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := route.Handler.ServeHTTP(w, r); err != nil {
				t.Error(err)
			}
		})
	}
	for _, tc := range []struct {
		path   string
		status int
		body   string
	}{
		{"/livez", 200, `{"status":"alive"}`},
		{"/readyz", 503, `{"status":"not_ready","message":"no route table serves: requests are answered with 503","source":"none","revision":"","last_reload_ok":false,"errors":0,"warnings":0}`},
		{"/ficus/table", 200, `{"revision":"","source":"none","entries":[],"backends":[]}`},
		{"/ficus/backends", 200, `{"backends":[]}`},
		{"/ficus/problems", 200, `{"last_reload_ok":false,"errors":0,"warnings":0,"problems":[]}`},
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", tc.path, nil))
		if got := strings.TrimSpace(w.Body.String()); w.Code != tc.status || got != tc.body {
			t.Errorf("%s: %d %s\nwant %d %s", tc.path, w.Code, got, tc.status, tc.body)
		}
		w = httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("POST", tc.path, nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d, Allow %q", tc.path, w.Code, w.Header().Get("Allow"))
		}
	}
}

// What is no confirmation changes nothing, and says how one looks.
func TestConfirmationsThatAreNone(t *testing.T) {
	for body, want := range map[string]int{
		"": 400, "{}": 400, `{"hash":""}`: 400, `{"hash":1}`: 400, `{"hash":"a","force":true}`: 400,
		`{"hash":"` + strings.Repeat("a", maxConfirmRequest) + `"}`: 400,
		`{"hash":"a","by":"ann"}`:                                   503, // there is no gateway
	} {
		err := confirm(httptest.NewRecorder(), httptest.NewRequest("POST", "/ficus/confirm", strings.NewReader(body)))
		var refused caddy.APIError
		if !errors.As(err, &refused) || refused.HTTPStatus != want || want == 400 && !strings.Contains(err.Error(), `want {"hash": "…"}`) {
			t.Errorf("%.40s: %v, want %d", body, err, want)
		}
	}
}
