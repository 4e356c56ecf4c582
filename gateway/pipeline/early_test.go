package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"ficus/gateway/route"
)

const hints = "HTTP/1.1 103 Early Hints\r\nLink: </new.css>\r\n\r\n"

// What the new side tells before its answer reaches the client only with that answer.
func TestEarlyHintsOfTheSideThatAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, method, answer string
		hints                bool
		status               string
	}{
		{"an answer", "GET", "200 OK", true, "200"},
		{"a failure", "GET", "503 Service Unavailable", false, "200"},
		{"a failure that stays", "POST", "503 Service Unavailable", true, "503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			other, _ := rawBackend(t, hints+"HTTP/1.1 "+tt.answer+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			g := newGateway(t, newBackend(t, "legacy", nil), other)
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}}, route.Settings{Stage: route.StageNew})
			answer := g.exchange(t, tt.method+" / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			if got := strings.Contains(answer, "103 Early Hints"); got != tt.hints || !strings.Contains(answer, "HTTP/1.1 "+tt.status) {
				t.Errorf("got %q", answer)
			}
			if strings.Count(answer, "new.css") != btoi(tt.hints) {
				t.Errorf("the hint's header is elsewhere: %q", answer)
			}
		})
	}
}

// A backend that never comes to its answer is not listened to for ever.
func TestFloodOfEarlyHints(t *testing.T) {
	other, _ := rawBackend(t, strings.Repeat(hints, 10_000))
	g := newGateway(t, newBackend(t, "legacy", nil), other)
	g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{other}}, route.Settings{Stage: route.StageRetired})
	if answer := g.exchange(t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"); !strings.Contains(answer, "HTTP/1.1 502") || strings.Count(answer, "103 Early Hints") > 100 {
		t.Errorf("got %d bytes", len(answer))
	}
}

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

// An upgrade falls back before anything left, and where it was refused; never after that.
func TestUpgradesFallBack(t *testing.T) {
	for _, tt := range []struct {
		name, other string // "" for nobody there
		want        string
	}{
		{"refused connection", "", "HTTP/1.1 101 "},
		{"503", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 101 "},
		{"no answer", " ", "HTTP/1.1 502 "},
		{"403", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 403 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			legacy, _ := rawBackend(t, upgraded+"from legacy")
			address := deadAddress(t)
			if tt.other != "" {
				address, _ = rawBackend(t, strings.TrimPrefix(tt.other, " "))
			}
			g := newGateway(t, legacy, address)
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{address}}, route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Retry: route.Retry{Wait: time.Millisecond}}})
			answer := g.exchange(t, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")
			if !strings.HasPrefix(answer, tt.want) || strings.Contains(tt.want, "101") != strings.HasSuffix(answer, "from legacy") {
				t.Errorf("got %q", answer)
			}
		})
	}
}

// gRPC falls back before anything left, and is told in its own words what happened later.
func TestGRPCIsNeverReplayed(t *testing.T) {
	for _, tt := range []struct{ name, other, want string }{
		{"refused connection", "", "200 legacy"},
		{"reset", resetAtEnd, "200 14"},
		{"503", "503", "503 other"},
		{"too late", silent, "200 14"},
		{"fine", "200", "200 other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			other := newTroubled(t, tt.other)
			address := other.url
			if tt.other == "" {
				address = deadAddress(t)
			}
			g := newGateway(t, newBackend(t, "legacy", nil), address)
			settings := route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Idempotent: route.On}}
			if tt.other == silent {
				settings.TryTimeout = brief
			}
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{address}}, settings)
			status, said := g.ask(t, "POST", 10, "Content-Type: application/grpc")
			x := g.lastExchange(t)
			if said == "" {
				said = "14"
			}
			if got := strings.Join([]string{strconv.Itoa(status), said}, " "); got != tt.want || x.Tries() > 1 && tt.other != "" {
				t.Errorf("got %q in %d tries, want %q", got, x.Tries(), tt.want)
			}
		})
	}
}

// A client that waits for 100 Continue is told so once, whoever answers in the end, and
// sends its body once.
func TestExpectationsAndTrailersWithFallback(t *testing.T) {
	for _, new := range []string{"503", "100 and 503", resetAtEnd, ""} {
		t.Run(new, func(t *testing.T) {
			other := newTroubled(t, new)
			address := other.url
			switch new {
			case "":
				address = deadAddress(t)
			case "100 and 503":
				address, _ = rawBackend(t, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}
			legacy := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				fmt.Fprintf(w, "legacy %s %v %s%s", body, err, r.Trailer.Get("Sum"), r.Trailer.Get("Hidden"))
			})
			g := newGateway(t, legacy, address)
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{address}},
				route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Retry: route.Retry{Attempts: 1}}})
			conn := g.open(t, "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTrailer: Sum\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
			lines := bufio.NewReader(conn)
			if line, err := lines.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			if _, err := io.WriteString(conn, "4\r\nbody\r\n0\r\nSum: 7\r\nHidden: 8\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(lines)
			if err != nil || strings.Contains(string(rest), "100 Continue") || !strings.Contains(string(rest), "legacy body <nil> 7") || strings.HasSuffix(string(rest), "78") {
				t.Errorf("got %q, %v", rest, err)
			}
		})
	}
}

// Over HTTP/2 a server may give a request back. One that may not be sent twice is not sent
// again for all that: its headers left.
func TestRequestsThatHTTP2GivesBack(t *testing.T) {
	for _, tt := range []struct {
		asked asked
		most  int
		body  string
	}{{postTiny, 1, ""}, {post, 1, ""}, {get, 2, "legacy"}, {postKey, 2, "legacy"}} {
		t.Run(tt.asked.name, func(t *testing.T) {
			refusing := newRefusing(t)
			g := newGateway(t, newBackend(t, "legacy", nil), refusing.url)
			g.serve(t, g.Table().Backends[0], route.Backend{Addresses: []string{refusing.url}, Transport: map[string]any{"versions": []any{"h2c"}}},
				route.Settings{Stage: route.StageNew, Resilience: route.Resilience{Retry: route.Retry{Wait: time.Millisecond}}})
			status, body := g.ask(t, tt.asked.method, tt.asked.length, tt.asked.header...)
			if body != tt.body || body == "" && status != 502 {
				t.Errorf("got %d %q", status, body)
			}
			if n := refusing.streams.Load(); n == 0 || n > int64(tt.most) {
				t.Errorf("%d streams, want 1 to %d", n, tt.most)
			}
		})
	}
}

// refusing speaks HTTP/2 and refuses each stream as not processed.
type refusing struct {
	url     string
	streams atomic.Int64
}

func newRefusing(t *testing.T) *refusing {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &refusing{url: "http://" + listener.Addr().String()}
	var serving sync.WaitGroup
	var conns []net.Conn // accepted by the one goroutine that is done when they are closed
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			serving.Go(func() { b.serve(conn) })
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-accepting
		for _, conn := range conns { // clients keep theirs open
			conn.Close()
		}
		serving.Wait()
	})
	return b
}

func (b *refusing) serve(conn net.Conn) {
	defer conn.Close()
	if _, err := io.CopyN(io.Discard, conn, int64(len(http2.ClientPreface))); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	_ = framer.WriteSettings()
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = framer.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			b.streams.Add(1)
			_ = framer.WriteRSTStream(f.StreamID, http2.ErrCodeRefusedStream)
		}
	}
}
