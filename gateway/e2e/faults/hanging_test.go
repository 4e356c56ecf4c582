//go:build unix

package faults

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// startHanging starts a backend that counts the requests that it has, and the most that it
// had, of those that hang.
func startHanging(t *testing.T, under, most *gauge) (url string) {
	t.Helper()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			return
		}
		most.atLeast(under.add(1))
		defer under.add(-1)
		switch r.URL.Path {
		case "/hang":
			<-r.Context().Done()
		case "/drain":
			_, _ = io.Copy(io.Discard, r.Body)
		case "/big":
			_, _ = w.Write(make([]byte, 1<<20))
		}
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + l.Addr().String()
}

// gauge is a number that several change.
type gauge struct {
	mu sync.Mutex
	n  int
}

func (g *gauge) add(n int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n += n
	return g.n
}

func (g *gauge) value() int { return g.add(0) }

func (g *gauge) atLeast(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n = max(g.n, n)
}
