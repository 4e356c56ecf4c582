package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
)

// binary builds the ficus program, once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ficus-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "ficus")
	out, err := exec.Command("go", "build", "-o", path, "ficus/gateway").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// process is a program that runs until the test ends or stops it.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	lines  chan string // of standard output
	errors *gatewaytest.Output
	done   chan struct{}
	err    error // how it ended; set when done is closed
}

// ficus starts the program with arguments, in a folder of its own.
func ficus(t testing.TB, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("building ficus: %v", err)
	}
	home := t.TempDir()
	p := &process{t: t, cmd: exec.Command(path, args...), lines: make(chan string, 10_000), errors: &gatewaytest.Output{}, done: make(chan struct{})}
	p.cmd.Dir = home
	p.cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home, "TMPDIR="+home)
	p.cmd.Stderr = p.errors
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.lines <- lines.Text()
		}
		p.err = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended long ago
		<-p.done
		if t.Failed() {
			t.Logf("standard error of %v:\n%s", args, p.errors)
		}
	})
	return p
}

// line waits for the next line of output.
func (p *process) line() string {
	p.t.Helper()
	select {
	case line := <-p.lines:
		return line
	case <-p.done:
		select {
		case line := <-p.lines:
			return line
		default:
			p.t.Fatalf("the program ended (%v) before it said what was awaited", p.err)
		}
	case <-time.After(60 * time.Second):
		p.t.Fatal("no line within a minute")
	}
	return ""
}

// awaitLine waits for a line that holds the text.
func (p *process) awaitLine(text string) string {
	p.t.Helper()
	for {
		if line := p.line(); strings.Contains(line, text) {
			return line
		}
	}
}

// stop sends a signal and returns how the program ended, within ten seconds.
func (p *process) stop(signal os.Signal) error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		p.t.Fatal("still running ten seconds after the signal")
	}
	return p.err
}

type demoLine struct{ URL, Admin, Metrics, Console, Routes, Legacy string }

func startDemo(t testing.TB, args ...string) (*process, demoLine) {
	t.Helper()
	p := ficus(t, append([]string{"demo", "--json"}, args...)...)
	var d demoLine
	if line := p.line(); json.Unmarshal([]byte(line), &d) != nil {
		t.Fatalf("the first line is no JSON: %s", line)
	}
	return p, d
}

func status(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestDemo(t *testing.T) {
	p, d := startDemo(t)
	for _, url := range []string{d.URL, d.Legacy, d.Metrics, d.Console, d.URL + "/api/products", d.URL + "/api/cart", d.Admin + "/config/"} {
		if got := status(t, url); got != 200 {
			t.Errorf("%s answers %d", url, got)
		}
	}
	for _, name := range []string{"legacy.yaml", "catalog.yaml", "cart.yaml"} {
		if _, err := os.Stat(filepath.Join(d.Routes, name)); err != nil {
			t.Error(err)
		}
	}
	edit(t, filepath.Join(d.Routes, "catalog.yaml"), "stage: legacy", "stage: new")
	gatewaytest.Await(t, "the catalog to answer", func() bool {
		status(t, d.URL+"/api/products")
		return strings.Contains(fetch(t, d.Metrics), `route="catalog-list",side="new"} `)
	})
	if err := p.stop(syscall.SIGINT); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
	if _, err := os.Stat(d.Routes); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary folder is still there: %v", err)
	}
	if rest := drained(p); rest != "" {
		t.Errorf("more than one line on standard output: %s", rest)
	}
}

func TestDemoKeepsItsFolder(t *testing.T) {
	dir := t.TempDir()
	p, d := startDemo(t, "--dir", dir, "--addr", "127.0.0.1:0")
	if d.Routes != filepath.Join(dir, "routes") {
		t.Errorf("routes in %s", d.Routes)
	}
	edit(t, filepath.Join(d.Routes, "catalog.yaml"), "stage: legacy", "stage: new")
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	p, d = startDemo(t, "--dir", dir) // with other ports, and the edit of the first run
	status(t, d.URL+"/api/products")
	gatewaytest.Await(t, "the catalog to have answered", func() bool {
		return strings.Contains(fetch(t, d.Metrics), `route="catalog-list",side="new"} 1`)
	})
	if err := p.stop(os.Interrupt); err != nil {
		t.Error(err)
	}
}

// The page says where everything is, each request is shown with who answered it, and
// a broken edit with place and hint.
func TestDemoPage(t *testing.T) {
	dir := t.TempDir()
	p := ficus(t, "demo", "--dir", dir)
	url := strings.Fields(p.awaitLine("Shop  "))[1]
	for _, want := range []string{"Monolith  ", "Console  ", "Metrics  ", "alice-demo", "admin-demo", filepath.Join(dir, "routes"), "Ctrl-C"} {
		p.awaitLine(want)
	}
	status(t, url+"/api/products?q=tea")
	p.awaitLine("catalog-list: legacy (legacy)")
	edit(t, filepath.Join(dir, "routes", "catalog.yaml"), "stage: legacy", "stgae: legacy")
	p.awaitLine(`routes/catalog.yaml:15:3: unknown_key: unknown key "stgae"`)
	p.awaitLine("stgae: legacy")
	p.awaitLine(`hint: did you mean "stage"?`)
	edit(t, filepath.Join(dir, "routes", "catalog.yaml"), "stgae: legacy", "stage: new")
	p.awaitLine("stage moved")
	status(t, url+"/api/products?q=tea")
	p.awaitLine("catalog-list: new (catalog)")
	if err := p.stop(os.Interrupt); err != nil {
		t.Error(err)
	}
}

func TestDemoThatCanNotStart(t *testing.T) {
	for _, tc := range []struct{ args, want string }{
		{"--addr nonsense", `--addr "nonsense": want HOST:PORT`},
		{"--addr 192.0.2.1:80", "cannot assign requested address"},
		{"--dir /dev/null/x", "not a directory"},
		{"--what", "unknown flag: --what"},
	} {
		p := ficus(t, append([]string{"demo"}, strings.Fields(tc.args)...)...)
		<-p.done
		if p.err == nil || !strings.Contains(p.errors.String(), tc.want) {
			t.Errorf("demo %s: %v, %s; want an error with %q", tc.args, p.err, p.errors, tc.want)
		}
	}
}

// edit replaces text in a file, all occurrences.
func edit(t *testing.T, path, old, replacement string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s does not hold %q", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, replacement)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func fetch(t testing.TB, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// drained returns what is left of a program's output, once it has ended.
func drained(p *process) string {
	<-p.done
	close(p.lines)
	var rest []string
	for line := range p.lines {
		rest = append(rest, line)
	}
	return strings.Join(rest, "\n")
}
