package shop

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestConditionalRequests(t *testing.T) {
	s := open(t)
	b := s.browser(t)
	b.get("/api/cart") // a session, so that no answer starts one
	for _, path := range []string{
		"/api/products?q=kettle", "/api/products/12", "/api/cart", "/products/12/picture", "/static/shop.css", "/static/shop.js", "/favicon.ico",
	} {
		full := b.get(path)
		tag := full.Header.Get("ETag")
		if full.StatusCode != http.StatusOK || tag == "" {
			t.Errorf("%s: %s with tag %q", path, full.Status, tag)
			continue
		}
		for method, header := range map[string]string{http.MethodGet: tag, http.MethodHead: `"other", ` + tag} {
			if a := b.do(method, path, nil, "If-None-Match", header); a.StatusCode != http.StatusNotModified || a.body != "" || a.Header.Get("ETag") != tag {
				t.Errorf("%s %s: %s with tag %q, want 304 with %q", method, path, a.Status, a.Header.Get("ETag"), tag)
			}
		}
		if a := b.get(path, "If-None-Match", `W/"other"`); a.StatusCode != http.StatusOK {
			t.Errorf("%s with another tag: %s", path, a.Status)
		}
	}
}

func TestTagsFollowChanges(t *testing.T) {
	s := open(t)
	b := s.browser(t)
	tags := func() map[string]string {
		m := map[string]string{}
		for _, path := range []string{"/api/products", "/api/products/12", "/api/products/13", "/api/cart"} {
			m[path] = b.get(path).Header.Get("ETag")
		}
		return m
	}
	before := tags()
	if before["/api/products/12"] != `W/"p12-12"` {
		t.Errorf("tag of product 12 is %s: want its id and its latest change", before["/api/products/12"])
	}
	if err := s.db.SetStock(t.Context(), 12, 3); err != nil {
		t.Fatal(err)
	}
	after := tags()
	for path, changed := range map[string]bool{"/api/products": true, "/api/products/12": true, "/api/products/13": false, "/api/cart": true} {
		if (before[path] != after[path]) != changed {
			t.Errorf("%s: tag %s became %s, want a change: %t", path, before[path], after[path], changed)
		}
	}
	if a, c := b.get("/api/products?q=a").Header.Get("ETag"), b.get("/api/products?q=b").Header.Get("ETag"); a == c {
		t.Errorf("two queries have the same tag %s", a)
	}
	if a, c := b.get("/api/products?q=a+b&page=1").Header.Get("ETag"), b.get("/api/products?q=+a++b+").Header.Get("ETag"); a != c {
		t.Errorf("the same query has two tags: %s and %s", a, c)
	}
	b.api("POST", "/api/cart/items", `{"product_id":12}`)
	if got := b.get("/api/cart").Header.Get("ETag"); got == after["/api/cart"] {
		t.Errorf("the cart changed and its tag did not: %s", got)
	}
}

func TestLastModified(t *testing.T) {
	b := open(t).browser(t)
	at := b.get("/api/products/12").Header.Get("Last-Modified")
	if a := b.get("/api/products/12", "If-Modified-Since", at); a.StatusCode != http.StatusNotModified {
		t.Errorf("not modified since %q: %s", at, a.Status)
	}
}

func TestGzipWhenAsked(t *testing.T) {
	b := open(t).browser(t).login("admin")
	for path, want := range map[string]bool{
		"/": true, "/api/products": true, "/static/shop.css": true, "/products/12/picture": true,
		"/admin/export.csv?days=1": false, "/orders/1001/invoice.csv": false,
	} {
		a := b.get(path, "Accept-Encoding", "gzip")
		if got := a.Header.Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%s: gzip %t, want %t", path, got, want)
		}
		if got := strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept-Encoding"); got != want {
			t.Errorf("%s: Vary %q", path, a.Header.Values("Vary"))
		}
		if plain := b.get(path); plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: compressed though nobody asked", path)
		}
	}
	z, err := gzip.NewReader(strings.NewReader(b.get("/api/products", "Accept-Encoding", "gzip").body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || !json.Valid(text) {
		t.Errorf("unpacked: %v, %q", err, text)
	}
}

func TestInvoiceRanges(t *testing.T) {
	b := open(t).browser(t).login("alice")
	const path = "/orders/1001/invoice.csv"
	whole := b.get(path)
	tag := whole.Header.Get("ETag")
	if whole.Header.Get("Accept-Ranges") != "bytes" || strings.HasPrefix(tag, "W/") || whole.Header.Get("Content-Disposition") != `attachment; filename="invoice-1001.csv"` {
		t.Errorf("headers %v", whole.Header)
	}
	tests := map[string]struct {
		header []string
		status int
		body   string
	}{
		"the beginning":       {[]string{"Range", "bytes=0-13"}, 206, "Marlow & Finch"},
		"the end":             {[]string{"Range", "bytes=-10"}, 206, whole.body[len(whole.body)-10:]},
		"past the end":        {[]string{"Range", "bytes=100000-"}, 416, ""},
		"if still the same":   {[]string{"Range", "bytes=0-5", "If-Range", tag}, 206, "Marlow"},
		"if another, all":     {[]string{"Range", "bytes=0-5", "If-Range", `"other"`}, 200, whole.body},
		"not modified":        {[]string{"If-None-Match", tag}, 304, ""},
		"two parts":           {[]string{"Range", "bytes=0-5,9-13"}, 206, ""},
		"nothing asked twice": {nil, 200, whole.body},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := b.get(path, tt.header...)
			if a.StatusCode != tt.status || (tt.body != "" && a.body != tt.body) {
				t.Errorf("%s %q, want %d %q", a.Status, a.body, tt.status, tt.body)
			}
		})
	}
}
