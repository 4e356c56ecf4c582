// Package gatewaytest boots the real gateway, Caddy and all, inside a test: on free
// ports, with the shipped Caddyfile and route files of the test's own, and lets it
// edit, reload and read metrics.
//
// Caddy is one a process: a test waits until the one before has stopped its
// gateway, and tests that start one don't run in parallel.
package gatewaytest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"ficus/gateway/freeport"
	"ficus/gateway/routetable"
	"ficus/modules/app"
	_ "ficus/modules/standard"
)

// A Gateway is one that runs in this process until the test ends.
type Gateway struct {
	URL     string // "http://127.0.0.1:port"
	Admin   string // of Caddy's admin API, likewise
	Console string // likewise
	Routes  string // folder of the route files

	t      testing.TB
	config []byte // Caddy's JSON
	client *http.Client
}

var oneAtATime sync.Mutex

// Start boots a gateway on the route files, which are given by name ("cart.yaml")
// and text, and waits until it serves. The Caddyfile is the shipped one.
func Start(t testing.TB, routes map[string]string) *Gateway {
	t.Helper()
	return StartEdited(t, routes)
}

// StartEdited is [Start] with an edited Caddyfile: of each two texts given, the first has
// to stand in it, and the second takes its place.
func StartEdited(t testing.TB, routes map[string]string, edits ...string) *Gateway {
	t.Helper()
	oneAtATime.Lock()
	t.Cleanup(oneAtATime.Unlock)
	data := t.TempDir()
	g := &Gateway{t: t, Routes: filepath.Join(data, "routes")}
	if err := os.Mkdir(g.Routes, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range routes {
		g.Write(name, text)
	}
	admin := FreeAddress(t)
	g.Admin = "http://" + admin
	g.Console = "http://" + FreeAddress(t)
	g.config = adapt(t, map[string]string{
		"FICUS_ADMIN": admin, "FICUS_ADDRESS": "http://:0", "FICUS_CONSOLE": g.Console,
		"FICUS_ROUTES": g.Routes, "FICUS_COHORT_KEY": "a key of the tests",
	}, edits)
	t.Setenv("XDG_DATA_HOME", data)
	t.Setenv("XDG_CONFIG_HOME", data)
	transport := &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}
	g.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	g.Reload()
	g.URL = "http://" + listenAddress(t, g.Console)
	return g
}

// adapt returns the shipped Caddyfile as JSON, quiet, on loopback and with the environment
// and the edits given.
func adapt(t testing.TB, environment map[string]string, edits []string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Root(t), "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range environment {
		t.Setenv(name, value)
	}
	edited := string(text)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(edited, edits[i]) {
			t.Fatalf("the Caddyfile has no %q to be edited", edits[i])
		}
		edited = strings.Replace(edited, edits[i], edits[i+1], 1)
	}
	quiet := strings.Replace(edited, "{\n", "{\n\tlog {\n\t\toutput discard\n\t}\n\tpersist_config off\n\tdefault_bind 127.0.0.1\n", 1)
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(quiet), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range warnings {
		if !strings.Contains(w.Message, "not formatted") {
			t.Errorf("Caddyfile: %s", w)
		}
	}
	return config
}

// Root returns the project's root folder.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("no go.mod above the working directory")
		}
	}
	t.Fatal(err)
	return ""
}

// FreeAddress returns an address on loopback at which nobody listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	address, err := freeport.On("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// listenAddress returns where the running configuration's server listens: the one that is
// not there for another URL.
func listenAddress(t testing.TB, other string) string {
	t.Helper()
	module, err := caddy.ActiveContext().AppIfConfigured("http")
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range module.(*caddyhttp.App).Servers {
		for _, l := range server.Listeners() {
			if "http://"+l.Addr().String() != other {
				return l.Addr().String()
			}
		}
	}
	t.Fatal("no server listens")
	return ""
}

// Reload loads the same Caddy configuration again, as `ficus reload --force` does.
func (g *Gateway) Reload() {
	g.t.Helper()
	if err := caddy.Load(g.config, true); err != nil {
		g.t.Fatal(err)
	}
}

// Restart stops the gateway, has the folders changed while nothing runs, and starts it
// again on what they hold, as after a crash or an upgrade. It listens on another port.
func (g *Gateway) Restart(meanwhile func()) {
	g.t.Helper()
	if err := caddy.Stop(); err != nil {
		g.t.Fatal(err)
	}
	meanwhile()
	g.Reload()
	g.URL = "http://" + listenAddress(g.t, g.Console)
}

// Write saves a route file or a policy ("policies/x.rego"), as an editor does: under
// another name, then renamed.
func (g *Gateway) Write(name, text string) {
	g.t.Helper()
	file := filepath.Join(g.Routes, filepath.FromSlash(name))
	temp := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".tmp")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(temp, []byte(text), 0o644), os.Rename(temp, file)); err != nil {
		g.t.Fatal(err)
	}
}

// Table returns the table that serves now.
func (g *Gateway) Table() *routetable.Table {
	g.t.Helper()
	module, err := caddy.ActiveContext().AppIfConfigured("ficus")
	if err != nil {
		g.t.Fatal(err)
	}
	return module.(*app.App).Pipeline().Table()
}

// Await polls until the condition holds, and returns how long that took. After ten
// seconds the test fails.
func (g *Gateway) Await(what string, condition func() bool) time.Duration {
	g.t.Helper()
	return Await(g.t, what, condition)
}

// Await polls until the condition holds, and returns how long that took. After ten
// seconds the test fails.
func Await(t testing.TB, what string, condition func() bool) time.Duration {
	t.Helper()
	started := time.Now()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for !condition() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited 10 s in vain: %s", what)
		}
	}
	return time.Since(started)
}

// WriteAndAwait saves a route file and waits until another table serves. It
// returns the time from save to effect.
func (g *Gateway) WriteAndAwait(name, text string) time.Duration {
	g.t.Helper()
	before := g.Table()
	g.Write(name, text)
	return g.Await("a table with the edit", func() bool { return g.Table() != before })
}

// Client is for requests to the gateway: it keeps connections, follows no redirect
// and asks for no compression.
func (g *Gateway) Client() *http.Client { return g.client }

// Get returns status and body of a path.
func (g *Gateway) Get(path string) (int, string) {
	g.t.Helper()
	return get(g.t, g.client, g.URL+path)
}

// AdminGet returns status and body of a path of the admin API.
func (g *Gateway) AdminGet(path string) (int, string) {
	g.t.Helper()
	return get(g.t, http.DefaultClient, g.Admin+path)
}

// Metrics returns the text of the metrics endpoint.
func (g *Gateway) Metrics() string {
	g.t.Helper()
	_, text := g.AdminGet("/metrics")
	return text
}

// Metric returns the value of one series, written as the endpoint writes it, with
// labels in the order of their names. ok is false where it does not exist.
func (g *Gateway) Metric(series string) (value string, ok bool) {
	g.t.Helper()
	for line := range strings.Lines(g.Metrics()) {
		if rest, found := strings.CutPrefix(line, series+" "); found {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

func get(t testing.TB, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
