package service_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"mime/multipart"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/legacy-stub/shop"
	"ficus/legacy-stub/shop/store/pgtest"
	"ficus/newservices/catalog/service"
	pt "ficus/newservices/internal/paritytest"
)

var pg pgtest.Server

func TestMain(m *testing.M) { m.Run(); pg.Stop() }

func world(t *testing.T, dsn string, withService bool) *pt.World {
	t.Helper()
	clock := pt.NewClock()
	quiet := slog.New(slog.DiscardHandler)
	s, err := shop.Open(t.Context(), shop.Config{DB: dsn, BaseURL: "http://legacy.example:9101", PasswordCost: 4, Logger: quiet, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	w := &pt.World{Shop: httptest.NewServer(s.Handler()), Clock: clock}
	t.Cleanup(func() { w.Shop.Close(); s.Close() })
	if withService {
		c, err := service.Open(t.Context(), service.Config{DB: dsn, Store: filepath.Join(t.TempDir(), "c.bolt"), LegacyBaseURL: "http://legacy.example:9101",
			Logger: quiet, Now: clock.Now, Poll: 2 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		until(t, "ready", func() bool { return c.Ready() == nil })
		w.Service = httptest.NewServer(c.Handler())
		w.Takes = func(r pt.Request) bool {
			return strings.Contains(r.Target, "/api") || strings.Contains(r.Target, "/graphql")
		}
		t.Cleanup(func() { w.Service.Close(); c.Close() })
	}
	return w
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("never: " + what)
		}
	}
}

func journey() []pt.Request {
	var l []pt.Request
	get := func(client, target, header string) {
		l = append(l, pt.Request{Client: client, Method: "GET", Target: target, Header: header})
	}
	list := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return "/api/products?" + v.Encode()
	}
	for _, sort := range []string{"", "featured", "name", "price", "-price", "newest"} {
		for _, cat := range []string{"", "kitchen", "garden", "play"} {
			for _, q := range []string{"", "oak", "OAK board", "kit-00"} {
				for _, p := range []string{"1", "2", "13", "14", "100000"} {
					get("", list("sort", sort, "category", cat, "q", q, "page", p, "per_page", "24"), "")
				}
			}
		}
	}
	for _, q := range []string{"%", "_", `\`, "50%", "a_b", "'", `"`, "é", "É", "ß", "İ", "K", "&", "<", "  oak   board  ", "oak\tboard", "\u00a0oak", "\xff", "\xffoak", "日本",
		strings.Repeat("a", 200), strings.Repeat("a", 201), strings.Repeat("é", 100), strings.Repeat("é", 101), "-", "e e e e e e", "\n", "kitchen & table", "blanket linen wool"} {
		get("", list("q", q), "")
	}
	for _, raw := range []string{"page=0", "page=-1", "page=x", "page=", "page=100001", "page=+2", "page=02", "page=1&page=x", "per_page=0", "per_page=101", "per_page=100", "per_page=1&page=308",
		"per_page=1&page=307", "per_page=1&page=309", "per_page=", "sort=Name", "sort=name&sort=x", "sort=x", "category=nope", "category=Kitchen", "category=%ff", "category=<b>&q=x", "category=kitchen%20",
		"category=nope&sort=x", "category=nope&page=0", "category=%22", "q=%zz", "q=a;b", "a=1;q=oak", "&&&", "=", "q", "q=oak&unknown=1", "page=99999999999999999999", "page=1e3", "q=oak&q=zzz", "q=%00&category=nope"} {
		get("", "/api/products?"+raw, "")
	}
	for id := range 312 {
		get("v", fmt.Sprintf("/api/products/%d", id), "")
	}
	for _, id := range []string{"-1", "+7", "007", "x", "%37", "7%20", "7%2F8", "7;a", "1.5", "99999999999999999999", "%e2%82%ac", "%00", "7/", "7/x", "", ".", "..", "%2e%2e", "./7", "../products/7", "//7"} {
		get("v", "/api/products/"+id, "")
	}
	for _, m := range []string{"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		for _, p := range []string{"/api/products", "/api/products/7", "/api/products/", "/api/products/9999", "/api/products?category=nope", "/api/products?page=0"} {
			for _, h := range []string{"", "Accept-Encoding: gzip", "Origin: http://evil.example"} {
				l = append(l, pt.Request{Client: "m", Method: m, Target: p, Header: h})
			}
		}
	}
	for _, e := range []string{"gzip", "GZIP", "x-gzip", "*", "*;q=0", "gzip;q=0", "gzip;q=0.001", "gzip;q=x", "br", "br, gzip", "gzip;q=0, *", "identity;q=0", "identity, *;q=0.1", "gzip ; q=1", ",,"} {
		for _, p := range []string{"/api/products", "/api/products?per_page=1", "/api/products?per_page=5", "/api/products/7", "/api/products/9999", "/api//products?q=" + strings.Repeat("x", 600)} {
			get("z", p, "Accept-Encoding: "+e)
		}
	}
	for _, c := range []string{"If-None-Match: *", `If-None-Match: "x"`, `If-None-Match: W/"p7-7"`, `If-None-Match: "p7-7"`, "If-None-Match: \"a\", W/\"p7-7\"", "If-None-Match: \"a\"\nIf-None-Match: \"p7-7\"", "If-None-Match:",
		"If-Modified-Since: Mon, 09 Mar 2037 11:22:33 GMT", "If-Modified-Since: Mon, 09 Mar 2015 11:22:33 GMT", "If-Modified-Since: nonsense", "If-Modified-Since: Mon, 09 Mar 2037 11:22:33 GMT\nIf-None-Match: \"x\"",
		"Range: bytes=0-3", "If-Match: \"x\"", "If-Unmodified-Since: Mon, 09 Mar 2015 11:22:33 GMT", "Accept-Encoding: gzip\nIf-None-Match: *", "Cookie: shop_session=", "Cookie: shop_session=x", "X-Forwarded-Proto: https"} {
		for _, p := range []string{"/api/products/7", "/api/products", "/api/products?category=nope", "/api/products/9999"} {
			get("", p, c)
		}
	}
	for _, p := range []string{"/api//products", "/api/./products/7", "/api/x/../products", "/api/products/%2e/7", "/api%2Fproducts", "/api/pr%6fducts", "/api/products;x", "http://o.example/api/products/7"} {
		get("", p, "")
	}
	return l
}

func TestParity(t *testing.T) {
	for kind, dsn := range map[string]func() string{
		"sqlite":   func() string { return filepath.Join(t.TempDir(), "shop.db") },
		"postgres": func() string { return pg.NewDB(t) },
	} {
		t.Run(kind, func(t *testing.T) { parity(t, dsn) })
	}
}

func parity(t *testing.T, dsn func() string) {
	a, b, again := world(t, dsn(), false), world(t, dsn(), true), world(t, dsn(), false)
	n := 0
	play := func(r pt.Request) pt.Answer {
		x, y, z := a.Do(t, r), b.Do(t, r), again.Do(t, r)
		if x.Shape() != z.Shape() {
			t.Fatalf("harness: %s %s %q\n%s", r.Method, r.Target, r.Header, cmp.Diff(x.Shape(), z.Shape()))
		}
		if n++; x.Shape() != y.Shape() {
			t.Errorf("%s %.120s %.80q: monolith -, service +\n%s", r.Method, r.Target, r.Header, cmp.Diff(x.Shape(), y.Shape()))
		}
		return x
	}
	for _, r := range append(journey(), graphQLJourney()...) {
		x := play(r)
		if tag := x.Header.Get("ETag"); tag != "" && r.Header == "" && n%7 == 0 {
			r.Header = "If-None-Match: " + tag
			if play(r).Status != 304 {
				t.Error("no 304")
			}
		}
	}
	// Changes in the monolith show in the catalog.
	worlds := []*pt.World{a, b, again}
	page := []string{"/api/products", "/api/products/7", "/api/products/8", "/api/products/9", "/api/products?sort=name&per_page=100", "/api/products?q=zebra", "/api/products?sort=newest&per_page=3",
		"/api/products?sort=-price&per_page=3", "/api/products/309", "/api/products?category=garden&per_page=100",
		"/graphql?query=" + url.QueryEscape(`{seven:product(id:7){...P} new:product(id:309){...P} products(category:"garden",sort:"newest",perPage:100){total items{...P}}}`+everything)}
	check := func() {
		until(t, "caught up", func() bool {
			r := pt.Request{Client: "poll", Method: "HEAD", Target: "/api/products"}
			own, shopReq := b.Do(t, r), r
			shopReq.Shop = true
			return own.Header.Get("ETag") == b.Do(t, shopReq).Header.Get("ETag")
		})
		b.Clock.Add(a.Clock.Now().Sub(b.Clock.Now()))
		for _, p := range page {
			play(pt.Request{Client: "v", Method: "GET", Target: p})
		}
	}
	post := func(target string, form url.Values) {
		for _, w := range worlds {
			x := w.Do(t, pt.Request{Client: "admin", Method: "GET", Target: "/login"})
			if x.Status == 303 { // logged in
				x = w.Do(t, pt.Request{Client: "admin", Method: "GET", Target: "/admin"})
			}
			form.Set("csrf_token", x.CSRF(t))
			x = w.Do(t, pt.Request{Client: "admin", Method: "POST", Target: target, Header: "Content-Type: application/x-www-form-urlencoded", Body: form.Encode()})
			if x.Status != 303 {
				t.Fatalf("POST %s: %d %s", target, x.Status, x.Body)
			}
		}
	}
	post("/login", url.Values{"email": {"admin@example.com"}, "password": {"admin-demo"}})
	edit := url.Values{"name": {"Zebra & Co \u201cß\u201d"}, "category": {"garden"}, "price": {"999999.99"}, "stock": {"0"}, "tags": {"Zulu, alpha beta, zulu"}, "description": {"Ein Zebra <b>"}}
	post("/admin/products/7", edit)
	check()
	edit.Set("tags", "")
	edit.Set("price", "0")
	post("/admin/products/8", edit)
	check()
	edit.Set("sku", "new-1")
	edit.Set("name", "A new thing")
	post("/admin/products", edit)
	check()
	post("/admin/products/9/stock", url.Values{"stock": {"3"}})
	check()
	for _, w := range worlds {
		var body, img bytes.Buffer
		_ = png.Encode(&img, image.NewRGBA(image.Rect(0, 0, 64, 64)))
		m := multipart.NewWriter(&body)
		tok := w.Do(t, pt.Request{Client: "admin", Method: "GET", Target: "/admin"}).CSRF(t)
		_ = m.WriteField("csrf_token", tok)
		f, _ := m.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="picture"; filename="x.png"`}, "Content-Type": {"image/png"}})
		_, _ = f.Write(img.Bytes())
		m.Close()
		if x := w.Do(t, pt.Request{Client: "admin", Method: "POST", Target: "/admin/products/9/picture", Header: "Content-Type: " + m.FormDataContentType(), Body: body.String()}); x.Status != 303 {
			t.Fatal(x.Status)
		}
	}
	check()
	for _, w := range worlds {
		w.Do(t, pt.Request{Client: "admin", Method: "POST", Target: "/api/cart/items", Header: "Content-Type: application/json", Body: `{"product_id":9,"quantity":2}`, Shop: true})
		x := w.Do(t, pt.Request{Client: "admin", Method: "POST", Target: "/api/orders", Header: "Content-Type: application/json", Shop: true,
			Body: `{"name":"A B","street":"S 1","postcode":"12345","city":"C","country":"D"}`})
		if x.Status != 201 {
			t.Logf("order: %d %s", x.Status, x.Body)
		}
	}
	check()
	post("/admin/products/7/delete", url.Values{})
	check()
	t.Logf("%d exchanges compared", n)
}
