package lean

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a real server, and how many connections it was opened.
type world struct {
	*httptest.Server
	lean   *Transport
	opened atomic.Int64
}

func newWorld(t *testing.T, serve http.HandlerFunc) *world {
	w := &world{Server: httptest.NewServer(serve)}
	w.lean = &Transport{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			w.opened.Add(1)
			return new(net.Dialer).DialContext(ctx, network, address)
		},
		Behind: forbidden{}, MaxIdle: 2, IdleFor: time.Minute, MaxHeader: 1 << 20,
	}
	t.Cleanup(w.Server.Close)
	t.Cleanup(w.lean.Close)
	return w
}

func (w *world) get(ctx context.Context) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", w.URL, nil)
	if err != nil {
		return nil, err
	}
	return w.lean.RoundTrip(r)
}

func (w *world) read(t *testing.T) string {
	t.Helper()
	answer, err := w.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestConnectionsAreKept(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	for range 10 {
		if got := w.read(t); got != "hello" {
			t.Errorf("got %q", got)
		}
	}
	if n := w.opened.Load(); n != 1 {
		t.Errorf("%d connections were opened", n)
	}
	w.lean.Close()
	if w.read(t); w.opened.Load() != 2 || len(w.lean.pool.idle) != 0 {
		t.Errorf("after Close: %d opened, %d kept", w.opened.Load(), len(w.lean.pool.idle))
	}
}

// No more are kept than may be.
func TestMaxIdle(t *testing.T) {
	var here sync.WaitGroup
	here.Add(5)
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {
		here.Done()
		here.Wait()
	})
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { w.read(t) })
	}
	all.Wait()
	if n := len(w.lean.pool.idle); n != 2 {
		t.Errorf("%d connections are kept", n)
	}
}

// An answer that is not read to its end, or announces the end, ends the connection.
func TestConnectionsThatEnd(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"not read": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1<<20)) },
		"announced": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			_, _ = io.WriteString(w, "x")
		},
	} {
		w := newWorld(t, serve)
		answer, err := w.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if name == "announced" {
			_, _ = io.ReadAll(answer.Body)
		}
		_ = answer.Body.Close()
		if n := len(w.lean.pool.idle); n != 0 {
			t.Errorf("%s: %d connections are kept", name, n)
		}
		if _, err := answer.Body.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: a closed body is read", name)
		}
	}
}

// The backend closes what is idle: seen before the next request, or, where it crosses
// the request, met by sending it again.
func TestClosedByTheBackend(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	w.read(t)
	w.CloseClientConnections()
	if got := w.read(t); got != "hello" || w.opened.Load() != 2 {
		t.Errorf("got %q over %d connections", got, w.opened.Load())
	}
	w.CloseClientConnections()
	w.lean.pool.idle[0].quiet = func() bool { return true } // it crosses the request
	var told []bool
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { told = append(told, info.Reused) }}
	answer, err := w.get(httptrace.WithClientTrace(t.Context(), trace))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if len(told) != 2 || !told[0] || told[1] {
		t.Errorf("connections: reused %v", told)
	}
}

// A new connection that ends without an answer is a failure, and is not tried again.
func TestNoAnswer(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := w.get(t.Context()); !errors.Is(err, io.EOF) || w.opened.Load() != 1 {
		t.Errorf("error %v after %d connections", err, w.opened.Load())
	}
}

// What comes unasked is nobody's answer.
func TestSurplusBytes(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var served sync.WaitGroup
	served.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmineHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nothers")
			served.Go(func() { _, _ = c.Read(make([]byte, 1)); _ = c.Close() })
		}
	})
	w := &world{Server: &httptest.Server{URL: "http://" + listener.Addr().String()}}
	w.lean = &Transport{Dial: new(net.Dialer).DialContext, MaxIdle: 2, IdleFor: time.Minute, MaxHeader: 1 << 20}
	for range 3 {
		if got := w.read(t); got != "mine" {
			t.Errorf("got %q", got)
		}
	}
	w.lean.Close()
	_ = listener.Close()
	served.Wait()
}

// The end of the context ends what waits for a header, and what reads a body.
func TestContextEnds(t *testing.T) {
	cause := errors.New("the client has gone")
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Body") != "" {
			_, _ = io.WriteString(w, "be")
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	trace := &httptrace.ClientTrace{WroteHeaders: func() { cancel(cause) }}
	if _, err := w.get(httptrace.WithClientTrace(ctx, trace)); !errors.Is(err, cause) {
		t.Errorf("waiting for a header: %v", err)
	}
	ctx, cancel = context.WithCancelCause(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", w.URL, nil)
	r.Header.Set("Body", "yes")
	answer, err := w.lean.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadFull(answer.Body, make([]byte, 2))
	cancel(cause)
	if _, err := answer.Body.Read(make([]byte, 1)); !errors.Is(err, cause) {
		t.Errorf("reading a body: %v", err)
	}
	_ = answer.Body.Close()
	if _, err := w.get(ctx); !errors.Is(err, cause) {
		t.Errorf("before anything: %v", err)
	}
	if n := len(w.lean.pool.idle); n != 0 {
		t.Errorf("%d connections are kept", n)
	}
}

// A body may be closed while somebody reads it.
func TestCloseDuringRead(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	answer, err := w.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := answer.Body.Read(make([]byte, 1))
		failed <- err
	}()
	_ = answer.Body.Close()
	if err := <-failed; err == nil {
		t.Error("the read did not fail")
	}
}

// Connections that nobody needs are closed after a while.
func TestIdleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ends []net.Conn
		lean := &Transport{MaxIdle: 2, IdleFor: time.Minute, MaxHeader: 1 << 14, Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			ends = append(ends, server)
			go func() {
				for {
					if _, err := server.Read(make([]byte, 4096)); err != nil {
						_ = server.Close()
						return
					}
					_, _ = io.WriteString(server, "HTTP/1.1 204 No Content\r\n\r\n")
				}
			}()
			return client, nil
		}}
		ask := func() {
			r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://a/", nil)
			if _, err := lean.RoundTrip(r); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			wait   time.Duration
			opened int
		}{{0, 1}, {59 * time.Second, 1}, {59 * time.Second, 1}, {61 * time.Second, 2}} {
			time.Sleep(step.wait)
			synctest.Wait()
			if ask(); len(ends) != step.opened {
				t.Errorf("after %v there were %d connections, want %d", step.wait, len(ends), step.opened)
			}
		}
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if n := len(lean.pool.idle); n != 0 {
			t.Errorf("%d connections are kept", n)
		}
	})
}
