// Package e2e drives the real gateway over real sockets.
package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
)

// named starts a backend that says its name, sends events at /events and echoes on
// an upgrade at /ws.
func named(t *testing.T, name string, events <-chan string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for event := range events {
				fmt.Fprintf(w, "%s\n", event)
				w.(http.Flusher).Flush()
			}
		case "/ws":
			conn, buffered, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			_, _ = io.Copy(conn, buffered)
		default:
			_, _ = io.WriteString(w, name)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func legacyFile(address string) string {
	return fmt.Sprintf("backends: { legacy: { addresses: [%q] } }\n", address)
}

func cartFile(address, stage string, weight float64) string {
	return fmt.Sprintf(`backends: { cart: { addresses: [%q] } }
routes:
  - id: cart
    match: /cart
    backend: cart
    stage: %s
    weight: %v
    cohort: ["header:X-Client"]
`, address, stage, weight)
}

// keepAlive is one client connection, which is never opened anew.
type keepAlive struct {
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, g *gatewaytest.Gateway) *keepAlive {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	return &keepAlive{conn, bufio.NewReader(conn)}
}

func (c *keepAlive) get(path string) (string, error) {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: shop.example\r\nX-Client: 1\r\n\r\n", path); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("status %d", response.StatusCode)
	}
	if err == nil && response.Close {
		err = fmt.Errorf("the answer closes the connection")
	}
	return string(body), err
}

// 1,000 table edits under load: no failed request, no connection closed.
func TestThousandEditsUnderLoad(t *testing.T) {
	legacy, cart := named(t, "legacy", nil), named(t, "new", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy), "cart.yaml": cartFile(cart, "legacy", 0)})
	var asked [2]atomic.Int64
	var clients sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		c := dial(t, g)
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				body, err := c.get("/cart")
				switch {
				case err != nil:
					t.Errorf("after %d and %d requests: %v", asked[0].Load(), asked[1].Load(), err)
					return
				case body == "legacy":
					asked[0].Add(1)
				default:
					asked[1].Add(1)
				}
			}
		})
	}
	const edits = 1000
	var slowest time.Duration
	for i := range edits {
		stage := []string{"new", "legacy"}[i%2]
		slowest = max(slowest, g.WriteAndAwait("cart.yaml", cartFile(cart, stage, float64(i)/100)))
	}
	close(stop)
	clients.Wait()
	t.Logf("%d edits: %d requests to legacy, %d to new, none failed; slowest edit to effect %v", edits, asked[0].Load(), asked[1].Load(), slowest)
	if asked[0].Load() == 0 || asked[1].Load() == 0 {
		t.Error("one of the sides got no request")
	}
}

// What clients have open stays open over table edits and Caddy reloads.
func TestConnectionsOutliveEditAndReload(t *testing.T) {
	events := make(chan string)
	legacy, cart := named(t, "legacy", events), named(t, "new", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy), "cart.yaml": cartFile(cart, "legacy", 0)})

	idle := dial(t, g)
	ws := dial(t, g)
	_, _ = io.WriteString(ws, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if response, err := http.ReadResponse(ws.r, nil); err != nil || response.StatusCode != 101 {
		t.Fatal(response, err)
	}
	go func() { events <- "begin" }()
	stream, err := g.Client().Get(g.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewReader(stream.Body)
	if line, err := lines.ReadString('\n'); line != "begin\n" {
		t.Fatal(line, err)
	}

	check := func(when, want string) {
		t.Helper()
		if body, err := idle.get("/cart"); err != nil || body != want {
			t.Errorf("%s: the keep-alive connection: %q, %v, want %q", when, body, err, want)
		}
		_, _ = io.WriteString(ws, when+"\n")
		if line, err := ws.r.ReadString('\n'); err != nil || line != when+"\n" {
			t.Errorf("%s: the websocket: %q, %v", when, line, err)
		}
		events <- when
		if line, err := lines.ReadString('\n'); err != nil || line != when+"\n" {
			t.Errorf("%s: the event stream: %q, %v", when, line, err)
		}
	}
	check("at first", "legacy")
	g.WriteAndAwait("cart.yaml", cartFile(cart, "new", 0))
	check("after an edit", "new")
	for i := range 3 {
		g.Reload()
		check(fmt.Sprintf("after reload %d", i+1), "new")
	}
	g.WriteAndAwait("cart.yaml", cartFile(cart, "legacy", 0))
	check("after an edit after the reloads", "legacy")
	close(events)
	ws.Close()
}

// 20 reloads while 8 connections are in constant use.
func TestReloadsUnderLoad(t *testing.T) {
	legacy := named(t, "legacy", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy)})
	var asked atomic.Int64
	var clients sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		c := dial(t, g)
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := c.get("/"); err != nil {
					t.Errorf("after %d requests: %v", asked.Load(), err)
					return
				}
				asked.Add(1)
			}
		})
	}
	var reloads time.Duration
	for range 20 {
		started := time.Now()
		g.Reload()
		reloads += time.Since(started)
	}
	close(stop)
	clients.Wait()
	t.Logf("20 reloads, %v each: %d requests, none failed", reloads/20, asked.Load())
}

func TestCountersSurviveReload(t *testing.T) {
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(named(t, "legacy", nil))})
	const series = `ficus_requests_total{code="200",method="GET",route="default",side="legacy"}`
	for i := range 6 {
		g.Get("/")
		if i%2 == 1 {
			g.Reload()
		}
		want := fmt.Sprint(i + 1)
		g.Await("the counter at "+want, func() bool { got, _ := g.Metric(series); return got == want })
	}
}

func TestBrokenEditKeepsServing(t *testing.T) {
	legacy, cart := named(t, "legacy", nil), named(t, "new", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy), "cart.yaml": cartFile(cart, "new", 0)})
	before := g.Table()
	g.Write("cart.yaml", strings.Replace(cartFile(cart, "new", 0), "stage", "stgae", 1))
	g.Await("the gauge at 0", func() bool { v, _ := g.Metric("ficus_table_last_reload_successful"); return v == "0" })
	if v, _ := g.Metric(`ficus_table_problems{code="unknown_key",severity="error"}`); v != "1" {
		t.Errorf("problems: %q", v)
	}
	if _, body := g.Get("/cart"); body != "new" || g.Table() != before {
		t.Errorf("got %s", body)
	}
	g.WriteAndAwait("cart.yaml", cartFile(cart, "legacy", 0))
	if _, body := g.Get("/cart"); body != "legacy" {
		t.Errorf("after the mend: %s", body)
	}
}

// A save takes effect within 200 ms.
func TestEditTakesEffectSoon(t *testing.T) {
	legacy, cart := named(t, "legacy", nil), named(t, "new", nil)
	g := gatewaytest.Start(t, map[string]string{"legacy.yaml": legacyFile(legacy), "cart.yaml": cartFile(cart, "legacy", 0)})
	var slowest time.Duration
	for i := range 20 {
		stage, want := "new", "new"
		if i%2 == 1 {
			stage, want = "legacy", "legacy"
		}
		g.Write("cart.yaml", cartFile(cart, stage, 0))
		slowest = max(slowest, g.Await("traffic on "+want, func() bool { _, body := g.Get("/cart"); return body == want }))
	}
	t.Logf("the slowest of 20 edits took effect after %v", slowest)
	if slowest > 200*time.Millisecond {
		t.Errorf("the slowest edit took %v", slowest)
	}
}
