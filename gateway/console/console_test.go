package console

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"ficus/gateway/control"
	"ficus/gateway/route"
)

var pages = []string{
	"/", "/?q=cart&sort=rate", "/?stage=killed", "/routes/cart-read", "/routes/list", "/routes/default", "/backends", "/progress", "/legacy",
	"/changes", "/problems", "/explain", "/explain?url=/cart", "/kill?route=cart-read", "/kill?route=*", "/unkill?route=*",
	"/propose?path=/wp/{n}/edit&method=GET",
}

var inline = regexp.MustCompile(`(?i)<script(?:[^>]*[^>]|)>[^<]|\sstyle=|\son[a-z]+=|javascript:|<style|https?://`)

// Every page is well formed, safe by its headers, without inline script or style or
// anything from elsewhere, has the landmarks, and escapes what people have written.
func TestPages(t *testing.T) {
	w := newWorld(t)
	w.sample()
	for range 3 {
		w.Mined.Offer("GET", "/x<b>y", 200)
		w.Mined.Offer("GET", "/wp/7/edit", 200)
	}
	if _, err := w.Kill.Kill("cart-read", hostile, hostile); err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		response, text := w.do("GET", page, nil, nil)
		if response.StatusCode != 200 {
			t.Errorf("%s: %d\n%s", page, response.StatusCode, text)
			continue
		}
		if strings.Contains(text, "<script>alert") || strings.Contains(text, "<b>ann") {
			t.Errorf("%s holds what people wrote as it is", page)
		}
		if found := inline.FindString(strings.ReplaceAll(text, `<a href="http`, "")); found != "" && !strings.HasPrefix(found, "http") {
			t.Errorf("%s: inline or foreign: %q", page, found)
		}
		for _, want := range []string{`<html lang="en">`, "<title>", `<main id="main"`, "<nav aria-label", `href="#main"`, "<h1"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %s", page, want)
			}
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": securityPolicy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "same-origin", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q", page, name, got)
			}
		}
		wellFormed(t, page, text)
	}
	if len(w.Kills.List()) != 1 {
		t.Error("a GET has changed what is killed")
	}
}

// wellFormed checks that what is opened is closed, in order.
func wellFormed(t *testing.T, page, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta", "link", "input"}, xml.HTMLEntity
	var open []string
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Errorf("%s: %v", page, err)
			return
		}
		switch e := token.(type) {
		case xml.StartElement:
			if name := e.Name.Local; name != "meta" && name != "link" && name != "input" {
				open = append(open, name)
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != e.Name.Local {
				t.Errorf("%s: </%s> closes %v", page, e.Name.Local, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: not closed: %v", page, open)
	}
}

func TestWhatPagesShow(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.sample()
	}
	for range 5 {
		w.Mined.Offer("POST", "/wp/12/edit", 200)
	}
	w.write("broken.yaml", "routes: [{ id: list, match: GET /x }]")
	if outcome, _ := w.Tables.Load(); outcome != control.Rejected {
		t.Fatal(outcome)
	}
	for page, wants := range map[string][]string{
		"/":                               {"2 of 2 routes", "cart-read", "25 %", "GET /cart", `class="spark"`, "100 %", "revision", "what no route takes", "table rejected"},
		"/?q=LIST":                        {"1 of 2 routes"},
		"/?stage=canary":                  {"1 of 2 routes"},
		"/?owner=none":                    {"1 of 2 routes"},
		"/?q=nothing":                     {"No route is like that."},
		"/routes/cart-read":               {"routes/cart.yaml:3:5", "  - id: cart-read", "25 %: 2500 of 10,000 cohorts", "Requests a second", "the newest edit is broken", "Kill…"},
		"/routes/list":                    {"duplicate_id"},
		"/backends":                       {"http://127.0.0.1:3", "cart"},
		"/legacy":                         {"/wp/{n}/edit", "POST"},
		"/problems":                       {"duplicate_id", "routes/broken.yaml:1:"},
		"/changes":                        {"table applied", "table rejected"},
		"/changes?kind=killed":            {"None of that kind."},
		"/explain?method=GET&url=/list/7": {"{id} = 7", `href="/routes/list"`},
		"/explain?url=nonsense":           {"is no URL"},
		"/routes/cart-read?method=GET&url=/cart&header=X:%20y&client=::1": {"canary, weight 25"},
		"/propose?path=/wp/{n}/edit&method=POST":                          {"id: wp-edit", "POST /wp/{n}/edit", "policy: public", "no problems"},
		"/propose?path=/cart&method=GET&method=HEAD":                      {"id: cart\n", "conflict"},
	} {
		code, text := w.get(page)
		text = strings.NewReplacer("&#39;", "'", "&#43;", "+", "&quot;", `"`, "&#34;", `"`).Replace(text)
		for _, want := range wants {
			if code != 200 || !strings.Contains(text, want) {
				t.Errorf("%s: %d, no %q", page, code, want)
			}
		}
	}
	for page, want := range map[string]int{"/routes/nobody": 404, "/nothing": 404, "/kill?route=nobody": 404, "/propose?path=x": 400, "/static/none": 404, "/static/console.css": 200, "/static/console.js?v=" + version: 200} {
		if code, _ := w.get(page); code != want {
			t.Errorf("%s: %d, want %d", page, code, want)
		}
	}
}

func TestHosts(t *testing.T) {
	w := newWorld(t)
	for host, want := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:8081": 200, "[::1]:8081": 200, "localhost:8081": 200, "LOCALHOST": 200, "10.0.0.7:80": 200,
		"console.example": 200, "Console.Example:443": 200, "console.example.": 200,
		"evil.example": 421, "127.0.0.1.evil.example:8081": 421, "localhost.evil.example": 421, "": 421, "evil.example:127.0.0.1": 421,
	} {
		response, _ := w.do("GET", "/", nil, func(r *http.Request) { r.Host = host })
		if response.StatusCode != want {
			t.Errorf("%q: %d, want %d", host, response.StatusCode, want)
		}
	}
}

func form(route, reason string) url.Values {
	return url.Values{"route": {route}, "reason": {reason}, "by": {"ann"}}
}

func TestKillAndUnkill(t *testing.T) {
	w := newWorld(t)
	response, _ := w.do("POST", "/kill", form("cart-read", "wrong totals"), nil)
	if response.StatusCode != 303 || response.Header.Get("Location") != "/routes/cart-read" {
		t.Fatalf("%d to %s", response.StatusCode, response.Header.Get("Location"))
	}
	kill := w.Kills.Of("cart-read", route.StageCanary)
	if kill == nil || kill.Reason != "wrong totals" || kill.By != "ann (console, 192.0.2.1)" {
		t.Fatalf("%+v", kill)
	}
	if _, text := w.get("/"); !strings.Contains(text, "wrong totals") || !strings.Contains(text, "is-killed") {
		t.Error("the overview does not show it")
	}
	if _, text := w.get("/routes/cart-read"); !strings.Contains(text, "killed: legacy serves") {
		t.Error("the route does not show it")
	}
	if _, text := w.get("/explain?url=/cart"); strings.Contains(text, "clock: kill") {
		t.Error("explain knows of it without the gateway's kills")
	}
	if response, _ = w.do("POST", "/unkill", form("cart-read", ""), nil); response.StatusCode != 303 || len(w.Kills.List()) != 0 {
		t.Errorf("unkill: %d, left %v", response.StatusCode, w.Kills.List())
	}
	if response, _ = w.do("POST", "/kill", form("*", "all of it"), nil); response.Header.Get("Location") != "/" || w.Kills.Of("cart-read", route.StageCanary) == nil {
		t.Error("all were not killed")
	}
}

func TestKillsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct {
		name string
		form url.Values
		edit func(*http.Request)
		want int
	}{
		{"no reason", form("cart-read", " "), nil, 422},
		{"a reason that is too long", form("cart-read", strings.Repeat("x", 501)), nil, 422},
		{"no route", form("nobody", "why"), nil, 404},
		{"a retired route", form("list", "why"), nil, 409},
		{"a form that is too long", form("cart-read", strings.Repeat("x", maxForm)), nil, 400},
		{"another site", form("cart-read", "why"), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"another site, old browser", form("cart-read", "why"), func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		{"another port of this machine", form("cart-read", "why"), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
		{"no origin", form("cart-read", "why"), func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"another name for this machine", form("cart-read", "why"), func(r *http.Request) { r.Host = "evil.example" }, 421},
		{"by GET", nil, func(r *http.Request) { r.Method, r.URL.RawQuery = "GET", "route=cart-read&reason=why" }, 200},
		{"by PUT", form("cart-read", "why"), func(r *http.Request) { r.Method = "PUT" }, 405},
		{"in the query", url.Values{}, func(r *http.Request) { r.URL.RawQuery = "route=cart-read&reason=why" }, 404},
	} {
		response, _ := w.do("POST", "/kill", tc.form, tc.edit)
		if response.StatusCode != tc.want || len(w.Kills.List()) != 0 {
			t.Errorf("%s: %d, want %d; killed: %v", tc.name, response.StatusCode, tc.want, w.Kills.List())
		}
	}
	if response, _ := w.do("POST", "/kill", form("cart-read", "why"), func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", "http://127.0.0.1:8081")
	}); response.StatusCode != 303 {
		t.Errorf("from the console's own page: %d", response.StatusCode)
	}
}

// A stream tells of samples and changes, ends with its client, and there are only so many.
func TestLive(t *testing.T) {
	w := newWorld(t)
	w.streams = make(chan struct{}, 2)
	server := httptest.NewServer(w)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	open := func() *http.Response {
		r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/live", http.NoBody)
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	first, second := open(), open()
	if third := open(); third.StatusCode != 503 {
		t.Errorf("a third stream: %d", third.StatusCode)
	}
	lines := bufio.NewScanner(first.Body)
	await := func(event string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == "event: "+event {
				return
			}
		}
		t.Fatalf("no %s: %v", event, lines.Err())
	}
	await("hello")
	w.sample()
	await("sample")
	if _, err := w.Kill.Kill("cart-read", "why", "ann"); err != nil {
		t.Fatal(err)
	}
	await("change")
	cancel()
	first.Body.Close()
	second.Body.Close()
	w.streams <- struct{}{} // both places are free again
	w.streams <- struct{}{}
}

func TestManyRoutes(t *testing.T) {
	w := newWorld(t)
	var b strings.Builder
	b.WriteString("routes:\n")
	for i := range 300 {
		b.WriteString("  - { id: r" + strings.Repeat("x", i%60) + string([]byte{'a' + byte(i/26), 'a' + byte(i%26)}) + ", match: \"GET /" + strings.Repeat("y", i) + "z\" }\n")
	}
	w.write("many.yaml", b.String())
	if _, problems := w.Tables.Load(); problems.HasErrors() {
		t.Fatal(problems)
	}
	if _, text := w.get("/"); strings.Count(text, `<th scope="row">`) != maxRows || !strings.Contains(text, "103 more are not listed") {
		t.Errorf("%d rows", strings.Count(text, `<th scope="row">`))
	}
}
