//go:build unix

package faults

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
)

const (
	slowClients = 1_000
	headerTime  = 10 * time.Second // read_header in the Caddyfile
)

// Clients that never come to the end of their headers cost little, and are cut in the end.
func TestSlowHeaders(t *testing.T) {
	needFiles(t, 2*slowClients+1000)
	var under, most gauge
	g := startGatewayProcess(t, fmt.Sprintf("backends: { legacy: { addresses: [%q] } }\n", startHanging(t, &under, &most)))
	before := g.warm(t)
	begin := "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 14) + "Y: "
	began := time.Now()
	conns := make([]net.Conn, slowClients)
	for i := range conns {
		conn, err := (&net.Dialer{Control: asOverEthernet}).Dial("tcp", g.address)
		if err != nil {
			t.Fatal(err)
		}
		if conns[i] = conn; i%2 == 0 {
			_, err = io.WriteString(conn, begin) // nearly all that they may send
		} else {
			_, err = io.WriteString(conn, "G")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	defer closeAll(conns)
	full := g.use(t)
	full.logOver(t, before, slowClients, "client in the middle of its headers")
	full.bound(t, before, slowClients, 2, 96<<10)
	g.serves(t)
	var cut sync.WaitGroup
	for _, conn := range conns {
		cut.Go(func() {
			_ = conn.SetReadDeadline(began.Add(6 * headerTime)) // far more than a loaded machine needs
			if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
				t.Error("a client is not cut")
			}
		})
	}
	cut.Wait()
	if took := time.Since(began); took < headerTime/2 {
		t.Errorf("cut after %v", took)
	}
	if most.value() != 0 {
		t.Error("a backend has seen them")
	}
}

// Clients that never come to the end of their bodies are cut, and no backend is to blame.
func TestSlowBodies(t *testing.T) {
	var under, most gauge
	g := startGatewayProcess(t, routeToNew(startHanging(t, &under, &most), "idle_timeout: 2s,"))
	g.warm(t)
	var clients sync.WaitGroup
	for range 100 {
		clients.Go(func() {
			conn, err := net.Dial("tcp", g.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(time.Minute))
			_, _ = io.WriteString(conn, "POST /drain HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nx")
			if answer, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
				t.Errorf("answered %q, %v", answer, err)
			}
		})
	}
	clients.Wait()
	gatewaytest.Await(t, "the requests to be gone", func() bool { return under.value() == 0 })
	g.blamesNobody(t)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
