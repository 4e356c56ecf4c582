package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/tools/golden"
)

// run executes "ficus routes" with arguments and returns what it prints and the exit
// code.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	err := newRoutes(&out, &errOut, args).ExecuteContext(t.Context())
	switch {
	case err == nil:
	case errors.Is(err, errFound):
		code = codeFound
	default:
		code = codeFailed
	}
	return out.String(), errOut.String(), code
}

func newRoutes(out, errOut io.Writer, args []string) *cobra.Command {
	c := &cobra.Command{Use: "routes"}
	routesCommand(c)
	c.SetArgs(args)
	c.SetOut(out)
	c.SetErr(errOut)
	return c
}

// writeFolder makes a folder of files.
func writeFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	smallRoutes = `backends:
  legacy: { addresses: ["http://127.0.0.1:1"] }
  cart: { addresses: ["http://127.0.0.1:2"] }
routes:
  - { id: cart, match: GET /cart, backend: cart, stage: new }
  - { id: basket, match: GET /basket }
`
	smallCases = "cases:\n  - { request: GET /cart, want: { side: new } }\n"
)

func TestTestExitCodes(t *testing.T) {
	good := writeFolder(t, map[string]string{"r.yaml": smallRoutes, "tests/t.yaml": smallCases})
	failing := writeFolder(t, map[string]string{"r.yaml": smallRoutes, "tests/t.yaml": "cases: [{ request: GET /cart, want: { side: legacy } }]"})
	broken := writeFolder(t, map[string]string{"r.yaml": smallRoutes, "tests/t.yaml": "cases: [{ request: GET /cart }]"})
	noTable := writeFolder(t, map[string]string{"r.yaml": "routes: 1", "tests/t.yaml": smallCases})
	for _, tc := range []struct {
		args           []string
		stdout, stderr string
		code           int
	}{
		{[]string{good}, "1 of 2 routes reached: 50 %", "", 0},
		{[]string{good, "-v"}, "ok    GET /cart: cart, new", "", 0},
		{[]string{good, "--json"}, `"percent": 50`, "", 0},
		{[]string{good, "--fail-under", "50"}, "1 passed", "", 0},
		{[]string{good, "--fail-under", "50.1"}, "1 passed", "50 % of the routes are reached, want 50.1 %", codeFound},
		{[]string{good, "--run", "cart"}, "1 case: 1 passed, 0 failed\n", "", 0},
		{[]string{good, "--run", "basket"}, "", "no case has a name", codeFailed},
		{[]string{good, "--run", "("}, "", "--run: ", codeFailed},
		{[]string{good, "--run", "cart", "--fail-under", "1"}, "", "leave one of them out", codeFailed},
		{[]string{good, "--fail-under", "-1"}, "", "want a percentage", codeFailed},
		{[]string{good, "more"}, "", "accepts at most 1 arg", codeFailed},
		{[]string{failing}, "want legacy, got new", "", codeFound},
		{[]string{failing, "--json"}, `"passed": false`, "", codeFound},
		{[]string{broken}, "required: the case wants nothing", "nothing was tested", codeFailed},
		{[]string{broken, "--json"}, `"code": "required"`, "nothing was tested", codeFailed},
		{[]string{noTable}, "type: want a list", "nothing was tested", codeFailed},
		{[]string{filepath.Join(good, "absent")}, "no such file or directory", "nothing was tested", codeFailed},
	} {
		t.Run(strings.Join(tc.args[1:], " "), func(t *testing.T) {
			stdout, stderr, code := run(t, append([]string{"test"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" {
				t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
			}
		})
	}
}

func TestListExitCodes(t *testing.T) {
	good := writeFolder(t, map[string]string{"r.yaml": smallRoutes})
	broken := writeFolder(t, map[string]string{"r.yaml": "routes: 1"})
	for _, tc := range []struct {
		args           []string
		stdout, stderr string
		code           int
	}{
		{[]string{good}, "2 routes: 1 legacy, 1 new", "", 0},
		{[]string{good, "--stage", "new,canary", "--sort", "match"}, "1 of 2 routes", "", 0},
		{[]string{good, "--backend", "legacy", "--json"}, `"id": "basket"`, "", 0},
		{[]string{good, "--stage", "moved"}, "", `unknown stage "moved"`, codeFailed},
		{[]string{good, "--sort", "size"}, "", `unknown order "size"`, codeFailed},
		{[]string{broken}, "", "has errors", codeFailed},
	} {
		t.Run(strings.Join(tc.args[1:], " "), func(t *testing.T) {
			stdout, stderr, code := run(t, append([]string{"list"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" {
				t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
			}
		})
	}
}

// reports hands on what a command prints, text by text.
type reports chan string

func (r reports) Write(p []byte) (int, error) {
	r <- string(p)
	return len(p), nil
}

func (r reports) await(t *testing.T, want string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case text := <-r:
			if strings.Contains(text, want) {
				return
			}
		case <-deadline:
			t.Fatalf("%q was not printed", want)
		}
	}
}

// With --watch the cases run again when they change, and when the routes do; trouble
// is printed at once; the last run decides the exit code.
func TestTestWatch(t *testing.T) {
	dir := writeFolder(t, map[string]string{"r.yaml": smallRoutes, "tests/t.yaml": smallCases})
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	printed, ended := make(reports, 1000), make(chan error)
	go func() { ended <- newRoutes(printed, printed, []string{"test", "--watch", dir}).ExecuteContext(ctx) }()

	printed.await(t, "1 case: 1 passed")
	write("tests/t.yaml", "cases: [")
	printed.await(t, "nothing was tested")
	write("tests/t.yaml", smallCases)
	printed.await(t, "1 case: 1 passed")
	write("r.yaml", strings.ReplaceAll(smallRoutes, "stage: new", "stage: legacy"))
	printed.await(t, "1 case: 0 passed, 1 failed")
	cancel()
	if err := <-ended; !errors.Is(err, errFound) {
		t.Errorf("ended with %v", err)
	}
}

// What a shell may offer, by what it asks the command.
func TestCompletion(t *testing.T) {
	folder := writeFolder(t, map[string]string{"r.yaml": strings.ReplaceAll(smallRoutes, "id: cart,", "id: cart, owner: shop, group: journey,")})
	const files, folders, none, open = ":0", ":16", ":4", ":6" // cobra's directives
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"list", ""}, folders},
		{[]string{"list", folder, ""}, none},
		{[]string{"check", ""}, folders},
		{[]string{"test", "--run", ""}, none},
		{[]string{"list", "--sort", ""}, "id match stage owner file " + none},
		{[]string{"list", "--stage", ""}, "legacy shadow canary new retired " + open},
		{[]string{"list", "--stage", "new,retired,"}, "new,retired,legacy new,retired,shadow new,retired,canary " + open},
		{[]string{"list", folder, "--group", ""}, "basket journey " + open},
		{[]string{"list", folder, "--backend", ""}, "cart legacy none " + open},
		{[]string{"list", folder, "--owner", ""}, "none shop " + open},
		{[]string{"list", "/nowhere", "--group", ""}, open},
		{[]string{"explain", "--routes", ""}, folders},
		{[]string{"explain", "--routes", folder, "GET", ""}, "/basket /cart " + none},
		{[]string{"explain", "--routes", folder, "/"}, "/basket /cart " + none},
		{[]string{"explain", "--routes", folder, "GET", "/cart", ""}, none},
		{[]string{"explain", "--body-file", ""}, files},
		{[]string{"explain", "--admin", ""}, none},
		{[]string{"plan", "old", ""}, folders},
		{[]string{"plan", "--dir", ""}, folders},
		{[]string{"plan", "--traffic", ""}, files},
		{[]string{"fmt", "a.yaml", ""}, "yaml :8"}, // files that end so
		{[]string{"force", ""}, "legacy new " + none},
		{[]string{"force", "new", ""}, none},
		{[]string{"force", "--state", ""}, folders},
		{[]string{"import", ""}, files},
		{[]string{"import", "nginx.conf", ""}, none},
		{[]string{"import", "--from", ""}, "nginx caddy openapi " + none},
		{[]string{"import", "--output", ""}, folders},
		{[]string{"export", "--to", ""}, "caddy nginx gateway-api eskip " + none},
	} {
		stdout, _, code := run(t, append([]string{cobra.ShellCompRequestCmd}, tc.args...)...)
		if got := strings.Join(strings.Fields(stdout), " "); got != tc.want || code != 0 {
			t.Errorf("%v: got %q, want %q", tc.args, got, tc.want)
		}
	}
}

// The example in the help of test is a file of cases.
func TestHelpOfTest(t *testing.T) {
	_, example, _ := strings.Cut(testHelp, "\n  cases:\n")
	example, _, _ = strings.Cut(example, "\nOnly what")
	_, problems := golden.Read(fstest.MapFS{golden.Folder + "/a.yaml": {Data: []byte("cases:\n" + example)}}, "routes")
	if len(problems) > 0 {
		t.Error(problems.Text())
	}
}
