package surplus

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http says there what surplus it has seen
	goleak.VerifyTestMain(m)
}

// backend answers each request on a raw socket by a text.
func backend(t *testing.T, secure *tls.Config, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				for r := bufio.NewReader(c); ; {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					if _, err := io.WriteString(c, answer); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return l.Addr().String()
}

// What comes in one piece with an answer is never the next one's, however many wait for
// the connection.
func TestSurplusAnswersNobody(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	for name, tc := range map[string]struct {
		scheme, method, answer string
		trace                  bool // the request has one of its own
	}{
		"two answers":                {"http", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false},
		"two answers, another trace": {"http", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", true},
		"two answers over TLS":       {"https", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false},
		"a body after HEAD":          {"http", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false},
		"a body after 304":           {"http", "GET", "HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false},
		"chunked":                    {"http", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false},
	} {
		t.Run(name, func(t *testing.T) {
			transport := &http.Transport{MaxIdleConnsPerHost: 64}
			defer transport.CloseIdleConnections()
			var secure *tls.Config
			if tc.scheme == "https" {
				transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
				transport.TLSClientConfig.ServerName = "example.com"
				secure = &tls.Config{Certificates: server.TLS.Certificates}
			}
			guarded := Guard(transport, transport)
			url := tc.scheme + "://" + backend(t, secure, tc.answer)
			want, _, _ := strings.Cut(tc.answer, "\r\n\r\nHTTP")
			requests := 25
			if secure != nil {
				requests = 5 // a handshake each
			}
			var clients sync.WaitGroup
			for range 32 {
				clients.Go(func() {
					for range requests {
						ctx := t.Context()
						if tc.trace {
							ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { Settle(info.Conn) }})
						}
						if got, err := ask(ctx, guarded, tc.method, url); err != nil || !strings.Contains(want, got) {
							t.Errorf("got %q, %v", got, err)
							return
						}
					}
				})
			}
			clients.Wait()
		})
	}
}

// ask returns the status line's text and length that tell the answers apart.
func ask(ctx context.Context, by http.RoundTripper, method, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := by.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if length := answer.Header.Get("Content-Length"); length != "" {
		return "Content-Length: " + length, err
	}
	if len(body) > 0 {
		return string(body), err
	}
	return answer.Status, err
}

// pipe is a guarded connection, and its other end.
func pipe(t *testing.T) (*conn, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	return &conn{Conn: near}, far
}

func TestSettleWaitsForTheTransport(t *testing.T) {
	c, far := pipe(t)
	settled := make(chan bool)
	go func() { settled <- Settle(c) }()
	read := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 10))
		read <- err
	}()
	if !<-settled {
		t.Error("not ready, and a Read waits")
	}
	if _, err := far.Write([]byte("unasked")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, errSurplus) {
		t.Errorf("what came unasked: %v", err)
	}
	go func() { settled <- Settle(c) }()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if <-settled {
		t.Error("ready, and it is closed")
	}
}

func TestWhatWasAskedForIsRead(t *testing.T) {
	c, far := pipe(t)
	read := make(chan int, 1)
	go func() {
		n, _ := c.Read(make([]byte, 10))
		read <- n
	}()
	if !Settle(c) {
		t.Fatal("not ready")
	}
	go func() { _, _ = io.ReadFull(far, make([]byte, 3)); _, _ = far.Write([]byte("answer")) }()
	if _, err := c.Write([]byte("ask")); err != nil {
		t.Fatal(err)
	}
	if n := <-read; n != 6 {
		t.Errorf("read %d bytes", n)
	}
}

// What nobody guards is not waited for.
func TestOthersAreReady(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	if !Settle(near) || !Settle(tls.Client(near, &tls.Config{MinVersion: tls.VersionTLS13})) {
		t.Error("not ready")
	}
	h2c := &http.Transport{Protocols: new(http.Protocols)}
	h2c.Protocols.SetUnencryptedHTTP2(true)
	if got := Guard(h2c, h2c); got != http.RoundTripper(h2c) {
		t.Errorf("HTTP/2 alone is guarded: %T", got)
	}
}

func BenchmarkSettle(b *testing.B) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	c := &conn{Conn: near}
	go func() { _, _ = c.Read(make([]byte, 1)) }()
	if !Settle(c) {
		b.Fatal("not ready")
	}
	for b.Loop() {
		Settle(c)
	}
}
