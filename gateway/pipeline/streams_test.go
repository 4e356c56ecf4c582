package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// open is a gateway with an event stream and a tunnel that are open, as their clients and
// their backend see them.
type open struct {
	*testGateway
	events *bufio.Reader // of the stream's body
	tunnel net.Conn
	lines  *bufio.Reader // of the tunnel
	gone   chan string   // what the backend has seen end
}

func newOpen(t *testing.T) *open {
	t.Helper()
	o := &open{gone: make(chan string, 2)}
	legacy := newBackend(t, "legacy", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ws" {
			conn, buffered, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			_, _ = io.Copy(conn, buffered)
			o.gone <- "tunnel"
			return
		}
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		o.gone <- "events"
	})
	o.testGateway = newGateway(t, legacy, legacy)
	o.events = bufio.NewReader(o.send(t, "GET", "/events", "").Body)
	o.expect(t, o.events, "data: 1\n")
	o.expect(t, o.events, "\n")
	conn, err := net.Dial("tcp", o.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	o.tunnel, o.lines = conn, bufio.NewReader(conn)
	_, _ = io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if answer, err := http.ReadResponse(o.lines, nil); err != nil || answer.StatusCode != 101 {
		t.Fatal(answer, err)
	}
	o.echo(t)
	return o
}

func (o *open) echo(t *testing.T) {
	t.Helper()
	_, _ = io.WriteString(o.tunnel, "hello\n")
	o.expect(t, o.lines, "hello\n")
}

func (o *open) expect(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	if line, err := r.ReadString('\n'); err != nil || line != want {
		t.Fatalf("got %q, %v, want %q", line, err, want)
	}
}

// ended checks that both have ended for both sides, and how.
func (o *open) ended(t *testing.T) {
	t.Helper()
	if rest, err := io.ReadAll(o.events); err != nil || len(rest) != 0 {
		t.Errorf("the event stream ends with %q, %v", rest, err)
	}
	if rest, err := io.ReadAll(o.lines); err != nil || len(rest) != 0 {
		t.Errorf("the tunnel ends with %q, %v", rest, err)
	}
	seen := map[string]bool{<-o.gone: true, <-o.gone: true}
	if !seen["events"] || !seen["tunnel"] {
		t.Errorf("the backend has seen the end of %v", seen)
	}
	for range 2 {
		<-o.last
	}
	o.gauge(t, 0, 0)
}

func (o *open) gauge(t *testing.T, events, tunnels int) {
	t.Helper()
	want := fmt.Sprintf(`# HELP ficus_streams_open Answers that stay open, by kind: tunnel (an upgrade, such as a websocket) or events (an event stream).
# TYPE ficus_streams_open gauge
ficus_streams_open{kind="events"} %d
ficus_streams_open{kind="tunnel"} %d
`, events, tunnels)
	if err := testutil.GatherAndCompare(o.registry, strings.NewReader(want), "ficus_streams_open"); err != nil {
		t.Error(err)
	}
}

// At the end of the process streams get their time. Then event streams end in order, and
// tunnels are closed on both sides; Close waits until that is so.
func TestDrain(t *testing.T) {
	o := newOpen(t)
	o.gauge(t, 1, 1)
	const grace = 300 * time.Millisecond
	began := time.Now()
	o.Drain(grace)
	o.Drain(time.Nanosecond) // a second call changes nothing
	o.echo(t)
	o.Close()
	if took := time.Since(began); took < grace {
		t.Errorf("Close has waited %v, want %v at least", took, grace)
	}
	o.gauge(t, 0, 0) // all was over when Close returned
	o.ended(t)
}

func TestDrainWithoutTime(t *testing.T) {
	o := newOpen(t)
	o.Drain(0)
	o.echo(t)
	o.Close()
	o.ended(t)
}

// What ends by itself is not waited for.
func TestDrainOfWhatEnds(t *testing.T) {
	o := newOpen(t)
	o.Drain(time.Hour)
	o.tunnel.Close()
	o.server.CloseClientConnections() // of the event stream
	o.Close()
	o.gauge(t, 0, 0)
}

// Without Drain, as at a reload, nothing is cut.
func TestCloseCutsNothing(t *testing.T) {
	o := newOpen(t)
	o.Close()
	o.echo(t)
	o.Drain(0)
	o.Close()
	o.ended(t)
}

// A stream that comes too late is ended at once.
func TestStreamAfterTheCut(t *testing.T) {
	o := newOpen(t)
	table := o.Table()
	o.Drain(0)
	o.Close()
	o.ended(t)
	if problems := o.Publish(table, nil); problems.HasErrors() {
		t.Fatal(problems)
	}
	answer := o.send(t, "GET", "/events", "")
	if rest, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != 200 {
		t.Errorf("%d, %q, %v", answer.StatusCode, rest, err)
	}
}
