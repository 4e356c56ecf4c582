package pipeline

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"ficus/gateway/route"
)

// Whatever clients send or stop sending, they open no breaker (SECURITY.md, 12).
func TestClientsOpenNoBreaker(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer backend.Close()
	g := newGateway(t, backend.URL, backend.URL, route.Definition{ID: "new", Match: "/", Settings: route.Settings{Backend: "other", Stage: route.StageNew}})
	for name, request := range map[string]string{
		"chunks that are none": "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"a body that ends":     "Content-Length: 1000\r\n\r\nshort",
		"cut in a chunk":       "Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
	} {
		for range 30 {
			conn, err := net.Dial("tcp", g.server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\n"+request)
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
			conn.Close()
			<-g.last
		}
		for _, s := range g.Backends.Status() {
			if s.Breaker != nil && s.Breaker.Counts.Failures != 0 || s.Addresses[0].Failures != 0 || s.InFlight != 0 {
				t.Errorf("%s: %+v, %+v", name, s, s.Breaker)
			}
		}
	}
	if status, _ := g.get(t, "/"); status != 200 {
		t.Errorf("afterwards a request gets %d", status)
	}
}
