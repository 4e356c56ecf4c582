package shop

import (
	"net/http"
	"strings"
	"testing"
)

func TestHealthz(t *testing.T) {
	s := open(t)
	b := s.browser(t)
	if status, o := b.api("GET", "/healthz", ""); status != http.StatusOK || o["status"] != "ok" || o["database"] != "sqlite" {
		t.Errorf("healthy: %d %v", status, o)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := b.api("GET", "/healthz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("without a database: %d, want 503", status)
	}
	for _, path := range []string{"/", "/api/cart"} {
		if a := b.get(path); a.StatusCode != http.StatusInternalServerError || strings.Contains(a.body, "database") {
			t.Errorf("%s without a database: %s %s, want 500 and no details", path, a.Status, a.body)
		}
	}
}

func TestDemoFaults(t *testing.T) {
	without, with := open(t).browser(t), open(t, func(c *Config) { c.DemoFaults = true }).browser(t)
	tests := map[string]int{
		"/demo/slow?ms=1":        200,
		"/demo/slow?ms=30001":    400,
		"/demo/slow?ms=soon":     400,
		"/demo/error":            500,
		"/demo/error?status=503": 503,
		"/demo/error?status=200": 400,
		"/demo/error?status=600": 400,
	}
	for path, want := range tests {
		if a := with.get(path); a.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, a.Status, want)
		}
		if a := without.get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s without the flag: %s, want 404", path, a.Status)
		}
	}
}

func TestStaticFiles(t *testing.T) {
	b := open(t).browser(t)
	page := b.page("/")
	_, rest, _ := strings.Cut(page, `href="/static/shop.css?v=`)
	version, _, _ := strings.Cut(rest, `"`)
	if a := b.get("/static/shop.css?v=" + version); !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("this version: Cache-Control %q", a.Header.Get("Cache-Control"))
	}
	if a := b.get("/static/shop.css?v=old"); strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("an old version: Cache-Control %q", a.Header.Get("Cache-Control"))
	}
	for path, want := range map[string]int{"/static/none.css": 404, "/static/..%2fview.go": 404, "/static/": 404, "/robots.txt": 200, "/favicon.ico": 200} {
		if a := b.get(path); a.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, a.Status, want)
		}
	}
}
