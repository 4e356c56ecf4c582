package dashboardtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
)

// A Scene is a gateway with its backends, and a Prometheus that scrapes it. The cart is at
// stage canary with half of the clients, the catalog at stage shadow and orders at stage new.
type Scene struct {
	Gateway    *gatewaytest.Gateway
	Prometheus *Prometheus

	Legacy, Cart, SecondCart, Catalog, Orders *Backend

	t    testing.TB
	open int // requests that are kept open
}

// Capacity is how many requests the gateway of a scene takes at a time.
const Capacity = 20

// connections is how many connections its clients may have.
const connections = 5 * Capacity

// Start starts a scene. All of it is gone with the test.
func Start(t testing.TB) *Scene {
	t.Helper()
	s := &Scene{t: t}
	for _, b := range []**Backend{&s.Legacy, &s.Cart, &s.SecondCart, &s.Catalog, &s.Orders} {
		*b = NewBackend(t)
	}
	annotations := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // a Grafana that takes all
	t.Cleanup(annotations.Close)
	s.Gateway = gatewaytest.StartEdited(t, s.files(),
		"#faults on", "faults on", "#max 50000", fmt.Sprintf("max %d", connections),
		"ficus {\n", fmt.Sprintf("ficus {\n\t\tgrafana {\n\t\t\turl %s\n\t\t}\n\t\tcapacity {\n\t\t\tmax_requests %d\n\t\t}\n", annotations.URL, Capacity))
	s.Prometheus = NewPrometheus(t)
	return s
}

// Pass lets time pass, with a load before each scrape.
func (s *Scene) Pass(d time.Duration, load ...func()) {
	s.t.Helper()
	for end := s.Prometheus.Now().Add(d); s.Prometheus.Now().Before(end); {
		for _, do := range load {
			do()
		}
		s.Scrape()
	}
}

// Scrape waits until all that was asked is counted, and scrapes.
func (s *Scene) Scrape() {
	s.t.Helper()
	var text string
	s.Gateway.Await("all requests and copies to be counted", func() bool {
		text = s.Gateway.Metrics()
		return sum(text, "ficus_capacity_used_requests") == float64(s.open) &&
			(s.open > 0 || sum(text, "ficus_shadow_in_flight")+sum(text, "ficus_shadow_queued") == 0)
	})
	s.Prometheus.Scrape(text)
}

// Await waits until the series of a metric, whose labels hold a text, add up to what is
// wanted or more.
func (s *Scene) Await(metric, label string, least float64) {
	s.t.Helper()
	s.Gateway.Await(fmt.Sprintf("%s{%s} to be %g", metric, label, least), func() bool {
		return sum(s.Gateway.Metrics(), metric, label) >= least
	})
}

// sum adds the series of a metric up, of those with some texts among their labels.
func sum(text, metric string, labels ...string) (total float64) {
next:
	for line := range strings.Lines(text) {
		rest, found := strings.CutPrefix(line, metric)
		if !found || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(rest, l) {
				continue next
			}
		}
		v, _ := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
		total += v
	}
	return total
}

// Ask sends a request of a client, "" for none that is named, and returns the status of
// the answer, 0 where there was none.
func (s *Scene) Ask(client, method, path, body string, header ...string) int {
	s.t.Helper()
	return s.ask(s.t.Context(), client, method, path, body, header...)
}

func (s *Scene) ask(ctx context.Context, client, method, path, body string, header ...string) int {
	r, err := http.NewRequestWithContext(ctx, method, s.Gateway.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return 0
	}
	r.Header.Set("X-Client", client)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := s.Gateway.Client().Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// clients is how many different ones browse: enough that a canary of a tenth gets some.
const clients = 20

// Browse is the load of a shop: each client asks for this and that, once.
func (s *Scene) Browse() {
	s.t.Helper()
	for i := range clients {
		client := "client-" + strconv.Itoa(i)
		s.Ask(client, "GET", "/", "")
		s.Ask(client, "GET", "/api/cart", "")
		s.Ask(client, "POST", "/api/cart", `{"product":7}`)
	}
	s.Ask("", "GET", "/api/products", "")
	s.Ask("", "GET", "/api/products/7", "")
	s.Ask("", "GET", "/api/orders", "")
	s.Ask("", "GET", "/api/orders/7", "")
	s.Ask("", "GET", "/reports/", "")
}

// Repeat returns a load that asks for one thing some times.
func (s *Scene) Repeat(times int, method, path string, header ...string) func() {
	return func() {
		s.t.Helper()
		for i := range times {
			s.Ask("client-"+strconv.Itoa(i), method, path, "", header...)
		}
	}
}

// Keep has requests open while something is done: as many as are given, to a path that
// nobody answers in the meantime. It waits until they are under way; release is called to
// have them answered.
func (s *Scene) Keep(requests int, path string, release, while func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var group sync.WaitGroup
	for i := range requests {
		group.Go(func() { s.ask(ctx, "client-"+strconv.Itoa(i), "GET", path, "") })
	}
	s.open += requests
	s.Await("ficus_capacity_used_requests", "", float64(s.open))
	while()
	release()
	cancel()
	group.Wait()
	s.open -= requests
}

// Edit saves a file of the route folder and waits until the gateway has loaded it, whether
// it took it or not.
func (s *Scene) Edit(name, text string) {
	s.t.Helper()
	before := sum(s.Gateway.Metrics(), "ficus_table_reloads_total")
	s.Gateway.Write(name, text)
	s.Await("ficus_table_reloads_total", "", before+1)
}

// Move edits where the cart stands.
func (s *Scene) Move(to Stand) {
	s.t.Helper()
	s.Edit("cart.yaml", s.cartFile(to))
}

// Kill takes routes back to legacy by the kill switch, or gives them free again.
func (s *Scene) Kill(killed bool, routes ...string) {
	s.t.Helper()
	verb := "unkill"
	if killed {
		verb = "kill"
	}
	s.command("/ficus/"+verb, fmt.Sprintf(`{"routes":["%s"],"reason":"a scene"}`, strings.Join(routes, `","`)))
}

// SetBreaker sets the breaker of a backend by an operator's word: open, closed or auto.
func (s *Scene) SetBreaker(backend, word string) {
	s.t.Helper()
	s.command("/ficus/backends/"+backend+"/breaker", fmt.Sprintf(`{"set":%q,"reason":"a scene"}`, word))
}

// command posts JSON to the admin API.
func (s *Scene) command(path, body string) {
	s.t.Helper()
	answer, err := http.Post(s.Gateway.Admin+path, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %s", path, body, answer.Status)
	}
}
