package faults

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"ficus/gateway/gatewaytest"
)

// asGateway, in the environment, makes this test program the gateway with that Caddyfile.
const asGateway = "FICUS_FAULTS_CADDYFILE"

// runAsGateway is what "ficus run" does.
func runAsGateway(caddyfile string) {
	os.Args = []string{"ficus", "run", "--config", caddyfile}
	caddycmd.Main()
}

// A gatewayProcess is a gateway in a process of its own, so that what it uses can be told
// from what its test uses.
type gatewayProcess struct {
	address, admin string // host:port
	cmd            *exec.Cmd
}

// startGatewayProcess starts a gateway with the shipped Caddyfile, of which each first text
// of edits is replaced by the one after it.
func startGatewayProcess(t testing.TB, routes string, edits ...string) *gatewayProcess {
	t.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		skip(t, "the memory of a process is read from /proc: Linux only")
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "routes.yaml"), []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	caddyfile := filepath.Join(home, "Caddyfile")
	if err := os.WriteFile(caddyfile, []byte(editedCaddyfile(t, edits)), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &gatewayProcess{address: gatewaytest.FreeAddress(t), admin: gatewaytest.FreeAddress(t), cmd: exec.Command(os.Args[0])}
	g.cmd.Dir = home
	g.cmd.Env = append(os.Environ(), asGateway+"="+caddyfile, "FICUS_ROUTES="+home,
		"FICUS_ADDRESS=http://"+g.address[strings.LastIndexByte(g.address, ':'):], "FICUS_ADMIN="+g.admin, "HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	log, err := os.Create(filepath.Join(home, "log"))
	if err != nil {
		t.Fatal(err)
	}
	g.cmd.Stderr = log
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = g.cmd.Process.Signal(syscall.SIGTERM)
		_ = g.cmd.Wait() // cut streams make it no clean end
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the end of the gateway's log:\n%s", text[max(0, len(text)-4000):])
		}
	})
	gatewaytest.Await(t, "the gateway", func() bool {
		conn, err := net.Dial("tcp", g.address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return g
}

func editedCaddyfile(t testing.TB, edits []string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(gatewaytest.Root(t), "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	edited := string(text)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(edited, edits[i]) {
			t.Fatalf("the Caddyfile has no %q to be edited", edits[i])
		}
		edited = strings.Replace(edited, edits[i], edits[i+1], 1)
	}
	return edited
}

// ask returns what the admin API answers.
func (g *gatewayProcess) ask(t testing.TB, path string) string {
	t.Helper()
	answer, err := http.Get("http://" + g.admin + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("%s: %d, %v", path, answer.StatusCode, err)
	}
	return string(text)
}

// status is what the kernel says of the process (proc(5)).
func (g *gatewayProcess) status(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// skip skips a test that can't run here; with FICUS_TEST_ALL=1 it fails.
func skip(t testing.TB, format string, values ...any) {
	t.Helper()
	if os.Getenv("FICUS_TEST_ALL") == "1" {
		t.Fatalf(format, values...)
	}
	t.Skipf(format, values...)
}
