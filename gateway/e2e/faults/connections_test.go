//go:build linux

package faults

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

const (
	perClient  = 1000 // the default of max_per_client
	floodConns = 3000 // connections of one client
)

// A client that opens connections without end has as many as one may have: another one is
// served meanwhile, and it costs no more memory than those that it has.
func TestFloodOfConnections(t *testing.T) {
	const flooder, other = "127.0.0.1", "127.0.0.2"
	needFiles(t, 2*perClient+2000)
	g := startGatewayProcess(t, tableOf(t), "except 127.0.0.0/8 ::1", "")
	before := g.warm(t)
	g.awaitMetric(t, "ficus_connections_open{listener=%q} 0", g.listener())
	var conns []net.Conn
	refused := 0
	for i := range floodConns {
		switch conn, err := g.connectFrom(flooder, "/"); {
		case err == nil:
			conns = append(conns, conn)
		case isTimeout(err):
			t.Fatal(err)
		default:
			refused++
		}
		if i%100 == 0 {
			g.servesFrom(t, other)
		}
	}
	t.Cleanup(func() { closeAll(conns) })
	if len(conns) != perClient || refused != floodConns-perClient {
		t.Errorf("%d connections of a client are open, %d were refused", len(conns), refused)
	}
	g.awaitMetric(t, "ficus_connections_refused_total{listener=%q,reason=\"client\"} %d", g.listener(), refused)
	for range 20 {
		g.servesFrom(t, other)
	}
	full := g.use(t)
	full.logOver(t, before, perClient, "connection that a flooder may have")
	full.bound(t, before, perClient, 2, 96<<10)
	closeAll(conns)
	g.awaitMetric(t, "ficus_connections_open{listener=%q} 0", g.listener())
	g.servesFrom(t, flooder)
}

// All clients together have as many connections as there may be. Who comes when there are
// more is served as soon as one has gone.
func TestAllConnections(t *testing.T) {
	g := startGatewayProcess(t, tableOf(t), "#max 50000", "max 50")
	conns := g.connectAll(t, 50, "/")
	for range 200 {
		if conn, err := g.connectFrom("127.0.0.2", "/"); err == nil || isTimeout(err) {
			t.Fatalf("beyond the limit: %v, %v", conn, err)
		}
	}
	g.awaitMetric(t, "ficus_connections_limit{listener=%q} 50", g.listener())
	_ = conns[0].Close()
	g.awaitMetric(t, "ficus_connections_open{listener=%q} 49", g.listener())
	g.servesFrom(t, "127.0.0.2")
}

// tableOf is a table in which all goes to a backend that says hello.
func tableOf(t *testing.T) string {
	t.Helper()
	legacy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(legacy.Close)
	return fmt.Sprintf("backends: { legacy: { addresses: [%q] } }\n", legacy.URL)
}

func (g *gatewayProcess) servesFrom(t *testing.T, ip string) {
	t.Helper()
	conn, err := g.connectFrom(ip, "/")
	if err != nil {
		t.Fatalf("a client at %s: %v", ip, err)
	}
	_ = conn.Close()
}

// listener is the address at which the gateway listens, as its Caddyfile has it.
func (g *gatewayProcess) listener() string { return g.address[strings.LastIndexByte(g.address, ':'):] }

// awaitMetric waits for a series to have a value.
func (g *gatewayProcess) awaitMetric(t *testing.T, format string, values ...any) {
	t.Helper()
	line := fmt.Sprintf(format, values...) + "\n"
	gatewaytest.Await(t, line, func() bool { return strings.Contains(g.ask(t, "/metrics"), line) })
}
