package shop

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"ficus/legacy-stub/shop/store/pgtest"
)

var pg pgtest.Server

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		pg.Stop()
		os.Exit(code)
	}))
}

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// opening is the time at which every test's shop is filled.
var opening = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// filled is the database file of a shop that was opened once: filling one takes a second under the race detector, copying one does not.
var filled = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := Open(context.Background(), Config{
		DataDir: dir, PasswordCost: bcrypt.MinCost, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return opening },
	})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "shop.db"))
})

// filledDB is a new SQLite file with a shop's first data.
func filledDB(t *testing.T) string {
	t.Helper()
	data, err := filled()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "shop.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// running is a shop that listens.
type running struct {
	*Shop
	clock *clock
	url   string
}

// open starts a shop for a test; changes adjust its configuration.
func open(t *testing.T, changes ...func(*Config)) *running {
	t.Helper()
	c := &clock{now: opening}
	cfg := Config{
		DB: filledDB(t), BaseURL: "http://shop.internal:8080", PasswordCost: bcrypt.MinCost,
		Logger: slog.New(slog.DiscardHandler), Now: c.Now, StockPoll: 10 * time.Millisecond,
	}
	for _, change := range changes {
		change(&cfg)
	}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.EndStreams()
		srv.Close()
		if err := s.Close(); err != nil {
			t.Errorf("closing the shop: %v", err)
		}
	})
	return &running{Shop: s, clock: c, url: srv.URL}
}

// onPostgres makes the shop use a new PostgreSQL database.
func onPostgres(t *testing.T) func(*Config) {
	t.Helper()
	dsn := pg.NewDB(t)
	return func(c *Config) { c.DB = dsn }
}

// browser keeps cookies and follows no redirects.
type browser struct {
	t   *testing.T
	url string
	*http.Client
}

func (s *running) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &browser{t, s.url, &http.Client{
		Jar: jar, Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response, read.
type answer struct {
	*http.Response
	body string
}

// do sends a request; header is name, value, name, value …
func (b *browser) do(method, path string, body io.Reader, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	resp, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp, string(text)}
}

func (b *browser) get(path string, header ...string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil, header...)
}

// page gets a page that must be there.
func (b *browser) page(path string) string {
	b.t.Helper()
	a := b.get(path)
	if a.StatusCode != http.StatusOK {
		b.t.Fatalf("GET %s: %s\n%s", path, a.Status, a.body)
	}
	return a.body
}

var csrfField = regexp.MustCompile(`name="csrf_token" value="([0-9a-f]{64})"`)

// csrf is the token of the browser's session.
func (b *browser) csrf() string {
	b.t.Helper()
	for _, path := range []string{"/login", "/account"} {
		if m := csrfField.FindStringSubmatch(b.get(path).body); m != nil {
			return m[1]
		}
	}
	b.t.Fatal("no page has a form with a token")
	return ""
}

// submit sends a form: name, value, name, value …
func (b *browser) submit(path string, fields ...string) answer {
	b.t.Helper()
	form := url.Values{"csrf_token": {b.csrf()}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

// login logs in with one of the first accounts.
func (b *browser) login(name string) *browser {
	b.t.Helper()
	a := b.submit("/login", "email", name+"@example.com", "password", name+"-demo")
	if a.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("logging %s in: %s", name, a.Status)
	}
	return b
}

// api sends JSON and reads JSON.
func (b *browser) api(method, path, body string) (status int, object map[string]any) {
	b.t.Helper()
	var a answer
	if body == "" {
		a = b.do(method, path, nil)
	} else {
		a = b.do(method, path, strings.NewReader(body), "Content-Type", "application/json")
	}
	if kind := a.Header.Get("Content-Type"); kind != "application/json; charset=utf-8" {
		b.t.Fatalf("%s %s: %s with content type %q\n%s", method, path, a.Status, kind, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &object); err != nil {
		b.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
	}
	return a.StatusCode, object
}

func (b *browser) cookie(name string) string {
	b.t.Helper()
	u, err := url.Parse(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
}

func TestOpenRefusesBadConfig(t *testing.T) {
	tests := map[string]Config{
		"base URL with a path":    {BaseURL: "http://shop.example/shop"},
		"base URL without scheme": {BaseURL: "shop.example"},
		"password cost":           {PasswordCost: 99},
		"unreachable PostgreSQL":  {DB: "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"},
	}
	for name, cfg := range tests {
		t.Run(name, func(t *testing.T) {
			cfg.DataDir = t.TempDir()
			if s, err := Open(t.Context(), cfg); err == nil {
				t.Errorf("opened %+v: %v", cfg, s.Close())
			}
		})
	}
}

func TestCloseTwice(t *testing.T) {
	s, err := Open(context.Background(), Config{DataDir: t.TempDir(), PasswordCost: bcrypt.MinCost, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryPageShows(t *testing.T) {
	s := open(t)
	guest, alice, admin := s.browser(t), s.browser(t).login("alice"), s.browser(t).login("admin")
	tests := []struct {
		who   *browser
		path  string
		wants []string
	}{
		{guest, "/", []string{"Good things for plain", "Kitchen &amp; Table", "Just arrived", "/products/12/picture"}},
		{guest, "/search", []string{"312 products", "Walnut Cutting Board", `rel="next"`}},
		{guest, "/search?page=13&sort=price", []string{`aria-current="page">13<`}},
		{guest, "/search?q=enamel+kettle", []string{"3 products", "Poppy Enamel Kettle"}},
		{guest, "/search?q=%3Cscript%3E", []string{"Nothing here", "&lt;script&gt;"}},
		{guest, "/search?category=garden&sort=-price", []string{"39 products", "Garden Bench"}},
		{guest, "/products/12", []string{"Poppy Enamel Kettle", "€ 53.90", "Put into cart", "From the same shelf"}},
		{guest, "/products/6", []string{"Sold out"}},
		{guest, "/cart", []string{"Still empty"}},
		{guest, "/login", []string{"Welcome back"}},
		{guest, "/register", []string{"Make an account"}},
		{alice, "/account", []string{"Hello, Alice Berger", "alice@example.com", "Order 1008"}},
		{alice, "/orders", []string{"Order 1001", "cancelled"}},
		{alice, "/orders/1003", []string{"This order was cancelled"}},
		{admin, "/admin", []string{"Back office", "312 products", "Order 1007"}},
		{admin, "/admin?q=kettle", []string{"Forest Enamel Kettle"}},
		{admin, "/admin/products/12", []string{"Poppy Enamel Kettle", `value="53.90"`}},
		{admin, "/admin/products/new", []string{"Article number"}},
		{admin, "/orders/1001", []string{"Lindenweg 12"}},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			body := tt.who.page(tt.path)
			contains(t, body, tt.wants...)
			contains(t, body, `<html lang="en">`, `id="main"`, "</html>")
		})
	}
}
