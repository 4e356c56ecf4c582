package console

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"ficus/gateway/authz"
	"ficus/gateway/change"
	"ficus/gateway/control"
	"ficus/gateway/history"
	"ficus/gateway/mining"
	"ficus/gateway/overview"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
	"ficus/gateway/traffic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

const hostile = `<script>alert(1)</script>"'&`

// world is a console over a control plane without a data plane.
type world struct {
	*Console
	t       *testing.T
	now     time.Time
	table   *routetable.Table
	files   fstest.MapFS
	metrics *telemetry.Metrics
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: noon, metrics: telemetry.New(), files: fstest.MapFS{}}
	w.write("legacy.yaml", `backends: { legacy: { addresses: ["http://127.0.0.1:1"] } }`)
	w.write("cart.yaml", `backends: { cart: { addresses: ["http://127.0.0.1:2", "http://127.0.0.1:3"] } }
routes:
  - id: cart-read
    match: GET /cart
    description: '`+strings.ReplaceAll(hostile, "'", "''")+`'
    owner: '<b>ann</b>'
    group: cart
    backend: cart
    stage: canary
    weight: 25
  - { id: list, match: "GET /list/{id}", backend: cart, stage: retired }
`)
	now := func() time.Time { return w.now }
	logger, changes := slog.New(slog.DiscardHandler), change.NewRecorder(change.Config{Now: now})
	kills, err := traffic.New(traffic.JSONFile(""))
	if err != nil {
		t.Fatal(err)
	}
	table := func() *routetable.Table { return w.table }
	tables := &control.Tables{
		FS: w.files, Name: "routes", Lookup: func(string) (string, bool) { return "", false }, Metrics: w.metrics, Changes: changes, Logger: logger, Now: now,
		Publish: func(t *routetable.Table, _ *authz.Set) route.Problems { w.table = t; return nil },
	}
	w.Console = New(Config{
		Source: overview.Source{
			Status: tables.Status, Kills: kills, Changes: changes, Now: now,
			History: history.New(history.Config{Metrics: w.metrics, Table: table, Now: now, Logger: logger}),
		},
		Tables: tables, Mined: mining.New(), Hosts: []string{"console.example"},
		Kill: &control.KillSwitch{Kills: kills, Table: table, Metrics: w.metrics, Changes: changes, Logger: logger, Now: now},
	})
	if outcome, problems := tables.Load(); outcome != control.Applied {
		t.Fatal(problems)
	}
	return w
}

func (w *world) write(name, text string) { w.files[name] = &fstest.MapFile{Data: []byte(text)} }

// sample lets both sides of cart-read serve, and takes a sample.
func (w *world) sample() {
	cart := w.metrics.Route("cart-read")
	for range 50 {
		cart.Observe(telemetry.Request{Side: route.Legacy, Method: "GET", Status: 200, Took: 30 * time.Millisecond})
		cart.Observe(telemetry.Request{Side: route.New, Method: "GET", Status: 502, Took: 3 * time.Millisecond})
	}
	w.now = w.now.Add(history.Interval)
	w.History.Sample()
}

func (w *world) do(method, target string, body url.Values, edit func(*http.Request)) (*http.Response, string) {
	w.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body.Encode()))
	r.Host = "127.0.0.1:8081"
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if edit != nil {
		edit(r)
	}
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, r)
	response := recorder.Result()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response, string(text)
}

func (w *world) get(target string) (int, string) {
	w.t.Helper()
	response, text := w.do("GET", target, nil, nil)
	return response.StatusCode, text
}
