package handover

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shared is an address that several servers listen on, one after the other.
type shared struct {
	t       *testing.T
	address string // of the first server's socket
	hub     Hub
}

func newShared(t *testing.T) *shared { return &shared{t: t} }

func (s *shared) serve(handler http.Handler) *http.Server {
	server := &http.Server{Handler: handler, ConnState: ConnState, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	socket, err := net.Listen("tcp", "127.0.0.1:0") // of which only the first is kept
	if err != nil {
		s.t.Fatal(err)
	}
	l := s.hub.Wrap(socket)
	s.address = l.Addr().String()
	go func() { _ = server.Serve(l) }()
	return server
}

func say(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, text)
	})
}

// replace shuts a server down as a reload does: after the next one has begun.
func (s *shared) replace(old *http.Server, handler http.Handler) *http.Server {
	s.t.Helper()
	next := s.serve(handler)
	settled, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s.hub.Settle(settled)
	s.shutdown(old)
	return next
}

func (s *shared) shutdown(server *http.Server) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		s.t.Errorf("shutdown: %v", err)
	}
}

// client is one keep-alive connection, which it never opens anew.
type client struct {
	net.Conn
	r *bufio.Reader
}

func (s *shared) dial() *client {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(60 * time.Second))
	return &client{conn, bufio.NewReader(conn)}
}

func (c *client) ask(body string) (string, error) {
	if _, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.Close {
		return "", fmt.Errorf("the server closes the connection")
	}
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

func (c *client) want(t *testing.T, text string) {
	t.Helper()
	if got, err := c.ask("x"); err != nil || got != text {
		t.Fatalf("got %q, %v, want %q", got, err, text)
	}
}

func TestIdleConnectionGoesOver(t *testing.T) {
	s := newShared(t)
	first := s.serve(say("one"))
	used, unused := s.dial(), s.dial()
	used.want(t, "one")
	second := s.replace(first, say("two"))
	used.want(t, "two")
	unused.want(t, "two")
	third := s.replace(second, say("three"))
	used.want(t, "three")
	unused.Close()
	s.shutdown(third)
	if _, err := used.r.ReadByte(); err != io.EOF {
		t.Errorf("after the last server's shutdown: %v, want EOF", err)
	}
}

// Connections in constant use lose no request over many replacements.
func TestBusyConnectionsGoOver(t *testing.T) {
	s := newShared(t)
	server := s.serve(say("0"))
	var failed, asked atomic.Int64
	var clients sync.WaitGroup
	stop := make(chan struct{})
	for range 20 {
		c := s.dial()
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				asked.Add(1)
				if _, err := c.ask(strings.Repeat("x", 5000)); err != nil {
					t.Errorf("after %d requests: %v", asked.Load(), err)
					failed.Add(1)
					return
				}
			}
		})
	}
	for i := range 50 {
		server = s.replace(server, say(fmt.Sprint(i+1)))
	}
	close(stop)
	clients.Wait()
	s.shutdown(server)
	t.Logf("%d requests over 50 replacements, %d failed", asked.Load(), failed.Load())
}

// A request in flight ends on the old server; its connection goes over after it.
func TestConnectionGoesOverAfterItsRequest(t *testing.T) {
	s := newShared(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	first := s.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = io.WriteString(w, "slow")
	}))
	c := s.dial()
	answer := make(chan string)
	go func() {
		text, err := c.ask("x")
		answer <- fmt.Sprint(text, err)
	}()
	<-arrived
	second := s.serve(say("two"))
	settled := make(chan struct{})
	go func() {
		s.hub.Settle(context.Background())
		close(settled)
	}()
	select {
	case <-settled:
		t.Error("settled with a request in flight")
	default:
	}
	close(release)
	if got := <-answer; got != "slow<nil>" {
		t.Errorf("got %s", got)
	}
	<-settled
	s.shutdown(first)
	c.want(t, "two")
	s.shutdown(second)
}

func TestSettleGivesUp(t *testing.T) {
	s := newShared(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	first := s.serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-release
	}))
	c := s.dial()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-arrived
	second := s.serve(say("two"))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	s.hub.Settle(ctx)
	close(release)
	s.shutdown(first)
	c.Close()
	s.shutdown(second)
}

// An HTTP/2 connection is never passed on: its state belongs to its server, which
// tells the client to go away in order.
func TestHTTP2IsNotPassedOn(t *testing.T) {
	s := newShared(t)
	first := s.serve(say("one"))
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	get := func() string {
		response, err := (&http.Client{Transport: transport}).Get("http://" + s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return fmt.Sprint(response.Proto, " ", string(text))
	}
	if got := get(); got != "HTTP/2.0 one" {
		t.Fatal(got)
	}
	second := s.serve(say("two"))
	s.shutdown(first)
	if got := get(); got != "HTTP/2.0 two" {
		t.Error(got)
	}
	s.shutdown(second)
}

func TestUpgradedConnectionLivesOn(t *testing.T) {
	s := newShared(t)
	var tunnel sync.WaitGroup
	first := s.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		tunnel.Go(func() {
			defer conn.Close()
			_, _ = io.Copy(conn, buffered)
		})
	}))
	c := s.dial()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\nbefore\n")
	if line, err := c.r.ReadString('\n'); line != "before\n" {
		t.Fatal(line, err)
	}
	second := s.replace(first, say("two"))
	_, _ = io.WriteString(c, "after\n")
	if line, err := c.r.ReadString('\n'); line != "after\n" {
		t.Error(line, err)
	}
	c.Close()
	tunnel.Wait()
	s.shutdown(second)
}

// A request of which half has arrived is served where it began.
func TestHalfARequestStays(t *testing.T) {
	s := newShared(t)
	first := s.serve(say("one"))
	c := s.dial()
	c.want(t, "one")
	waitFor(t, func() bool { return s.busy() == 0 }) // the first request is over for the server, too
	_, _ = io.WriteString(c, "GET / HT")
	waitFor(t, func() bool { return s.busy() == 1 })
	second := s.serve(say("two"))
	_, _ = io.WriteString(c, "TP/1.1\r\nHost: a\r\n\r\n")
	response, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(response.Body); string(text) != "one" {
		t.Errorf("got %q", text)
	}
	c.want(t, "two")
	s.shutdown(first)
	s.shutdown(second)
}

// busy counts connections on which a request has begun and not ended.
func (s *shared) busy() int {
	s.hub.mu.Lock()
	conns := make([]*conn, 0, len(s.hub.conns))
	for c := range s.hub.conns {
		conns = append(conns, c)
	}
	s.hub.mu.Unlock()
	n := 0
	for _, c := range conns {
		c.mu.Lock()
		if !c.fresh {
			n++
		}
		c.mu.Unlock()
	}
	return n
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the condition never held")
		}
	}
}

// A client that leaves while its connection is about to go over leaks nothing.
func TestClientLeaves(t *testing.T) {
	s := newShared(t)
	server := s.serve(say("0"))
	for i := range 20 {
		c := s.dial()
		c.want(t, fmt.Sprint(i))
		go c.Close()
		server = s.replace(server, say(fmt.Sprint(i+1)))
	}
	s.shutdown(server)
	waitFor(t, func() bool {
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		return len(s.hub.conns) == 0
	})
}
