// Package framing sends broken messages through the whole gateway, on raw sockets: clients
// that lie about where their requests end, and backends that do so about their answers.
// Whatever a client sends, a backend reads exactly the requests that the gateway meant; and
// whatever a backend sends, its clients get that answer, a visibly cut one or a 502.
package framing

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

// A world is a gateway with one route, whose new side is an origin, and a monolith that
// nobody should ever ask.
type world struct {
	*gatewaytest.Gateway
	t           testing.TB
	new, legacy *origin
	address     string // of the gateway, host:port
}

// blames is a breaker that opens at the first failure, and stays open: so its state says
// whether anything ever counted as one.
const blames = "breaker: { min_requests: 1, open_for: 1h }"

// start boots one. backend and route are more keys of each, the route's stage among them.
func start(t testing.TB, answer func(*conversation), backend, route string) *world {
	t.Helper()
	w := &world{t: t, new: listen(t, answer), legacy: listen(t, ok)}
	w.Gateway = gatewaytest.Start(t, map[string]string{"routes.yaml": fmt.Sprintf(`
backends:
  legacy: { addresses: ["http://%s"] }
  new:
    addresses: ["http://%s"]
    %s
    retry_budget: { ratio: 0.2, floor: 100 }
routes:
  - id: all
    match: /
    policy: public
    backend: new
    %s
`, w.legacy.address, w.new.address, backend, route)})
	w.address = strings.TrimPrefix(w.URL, "http://")
	return w
}

// sum adds up all series of a metric that have some text among their labels.
func (w *world) sum(metric, having string) (total float64) {
	w.t.Helper()
	for line := range strings.Lines(w.Metrics()) {
		var value float64
		name, labels, _ := strings.Cut(line, "{")
		labels, rest, found := strings.Cut(labels, "} ")
		if _, err := fmt.Sscan(rest, &value); name == metric && found && strings.Contains(labels, having) && err == nil {
			total += value
		}
	}
	return total
}

// blamesNobody fails where anything has counted against the backend, was sent again or to
// legacy.
func (w *world) blamesNobody() {
	w.t.Helper()
	for _, metric := range []string{"ficus_backend_breaker_state", "ficus_backend_breaker_transitions_total", "ficus_retries_total", "ficus_fallbacks_total", "ficus_backend_ejections_total"} {
		if n := w.sum(metric, ""); n != 0 {
			w.t.Errorf("%s is %v", metric, n)
		}
	}
	if got := w.legacy.take(); len(got) > 0 {
		w.t.Errorf("legacy was asked: %q", got)
	}
}

var statusLine = regexp.MustCompile(`HTTP/1\.[01] (\d{3}) `)

// statuses returns the statuses of answers, divided by spaces.
func statuses(answers string) string {
	var all []string
	for _, found := range statusLine.FindAllStringSubmatch(answers, -1) {
		all = append(all, found[1])
	}
	return strings.Join(all, " ")
}

func get(t testing.TB, address, target string) string {
	t.Helper()
	return statuses(gatewaytest.Exchange(t, address, "GET "+target+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false))
}
