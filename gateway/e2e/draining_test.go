package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ficus/gateway/control"
	"ficus/gateway/gatewaytest"
)

// running is the program with the shipped Caddyfile, changed as a test needs it.
type running struct {
	*process
	url, address, admin string
}

func runShipped(t *testing.T, legacy string, changes ...string) *running {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(gatewaytest.Root(t), "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(text), changes[i]) {
			t.Fatalf("the Caddyfile does not hold %q", changes[i])
		}
		text = []byte(strings.Replace(string(text), changes[i], changes[i+1], 1))
	}
	dir := t.TempDir()
	routes, caddyfile := filepath.Join(dir, "routes"), filepath.Join(dir, "Caddyfile")
	if err := os.Mkdir(routes, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{caddyfile: string(text), filepath.Join(routes, "legacy.yaml"): legacyFile(legacy)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := &running{address: gatewaytest.FreeAddress(t)}
	admin := gatewaytest.FreeAddress(t)
	r.url, r.admin = "http://"+r.address, "http://"+admin
	t.Setenv("FICUS_ADMIN", admin)
	t.Setenv("FICUS_ADDRESS", r.url)
	t.Setenv("FICUS_ROUTES", routes)
	r.process = ficus(t, "run", "--config", caddyfile, "--adapter", "caddyfile")
	gatewaytest.Await(t, "the gateway to be ready", func() bool {
		status, _ := r.ready()
		return status == http.StatusOK
	})
	return r
}

// ready asks /readyz; 0 stands for no answer.
func (r *running) ready() (status int, readiness control.Readiness) {
	answer, err := http.Get(r.admin + "/readyz")
	if err != nil {
		return 0, readiness
	}
	defer answer.Body.Close()
	_ = json.NewDecoder(answer.Body).Decode(&readiness)
	return answer.StatusCode, readiness
}

// At SIGTERM nobody gets in any more, what is under way is finished, streams get their
// time and then end in order, tunnels are closed, and the process ends.
func TestDrainingAtTheEnd(t *testing.T) {
	const grace = 6 * time.Second
	release, arrived, events := make(chan struct{}), make(chan struct{}), make(chan string, 2)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			close(arrived)
			<-release
			_, _ = io.WriteString(w, "the whole answer")
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for {
				select {
				case event := <-events:
					fmt.Fprintf(w, "data: %s\n\n", event)
					_ = http.NewResponseController(w).Flush()
				case <-r.Context().Done():
					return
				}
			}
		case "/ws":
			conn, buffered, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			_, _ = io.Copy(conn, buffered)
		}
	}))
	t.Cleanup(func() {
		backend.CloseClientConnections()
		backend.Close()
	})
	g := runShipped(t, backend.URL, "grace_period 5s", fmt.Sprint("grace_period ", grace))

	type outcome struct {
		body string
		err  error
	}
	slow := make(chan outcome, 1)
	go func() {
		answer, err := http.Get(g.url + "/slow")
		if err != nil {
			slow <- outcome{err: err}
			return
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		slow <- outcome{string(body), err}
	}()
	<-arrived
	events <- "first"
	stream, err := http.Get(g.url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewReader(stream.Body)
	next := func(want string) {
		t.Helper()
		line, err := lines.ReadString('\n')
		empty, _ := lines.ReadString('\n')
		if err != nil || line != "data: "+want+"\n" || empty != "\n" {
			t.Fatalf("the event stream: %q, %v, want %q", line, err, want)
		}
	}
	next("first")
	ws, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	_ = ws.SetDeadline(time.Now().Add(time.Minute))
	tunnel := bufio.NewReader(ws)
	fmt.Fprintf(ws, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", g.address)
	if answer, err := http.ReadResponse(tunnel, nil); err != nil || answer.StatusCode != 101 {
		t.Fatal(answer, err)
	}
	echo := func() {
		t.Helper()
		_, _ = io.WriteString(ws, "hello\n")
		if line, err := tunnel.ReadString('\n'); err != nil || line != "hello\n" {
			t.Fatalf("the tunnel: %q, %v", line, err)
		}
	}
	echo()

	began := time.Now()
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	gatewaytest.Await(t, "readyz to say draining", func() bool {
		status, r := g.ready()
		return status == http.StatusServiceUnavailable && r.Status == "draining"
	})
	gatewaytest.Await(t, "the port to be closed", func() bool {
		conn, err := net.Dial("tcp", g.address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	echo()
	events <- "second"
	next("second")
	close(release)
	if got := <-slow; got.err != nil || got.body != "the whole answer" {
		t.Errorf("the request in flight: %q, %v", got.body, got.err)
	}

	if rest, err := io.ReadAll(lines); err != nil || len(rest) != 0 {
		t.Errorf("the event stream ends with %q, %v", rest, err)
	}
	if rest, err := io.ReadAll(tunnel); err != nil || len(rest) != 0 {
		t.Errorf("the tunnel ends with %q, %v", rest, err)
	}
	if took := time.Since(began); took < grace/2 {
		t.Errorf("streams were ended %v after the signal, the grace period is %v", took, grace)
	}
	select {
	case <-g.done:
	case <-time.After(10 * time.Second):
		t.Fatal("still running ten seconds after the last stream has ended")
	}
	t.Logf("the process ended %v after the signal", time.Since(began))
	if g.err != nil {
		t.Errorf("it ended with %v", g.err)
	}
	if said := g.errors.String(); strings.Contains(said, "graceful shutdown") {
		t.Errorf("servers did not see all end in time:\n%s", said)
	}
}

// Who has nothing under way ends at once.
func TestEndOfAnIdleGateway(t *testing.T) {
	g := runShipped(t, named(t, "legacy", nil), "grace_period 5s", "grace_period 1h")
	if got := status(t, g.url+"/"); got != http.StatusOK {
		t.Errorf("answers %d", got)
	}
	if err := g.stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}
