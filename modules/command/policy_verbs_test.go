package command

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// runPolicy executes "ficus policy" with arguments.
func runPolicy(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	c := &cobra.Command{Use: "policy"}
	policyCommand(c)
	c.SetArgs(args)
	c.SetIn(strings.NewReader(stdin))
	c.SetOut(&out)
	c.SetErr(&errOut)
	err := c.ExecuteContext(t.Context())
	switch {
	case err == nil:
	case errors.Is(err, errFound):
		code = codeFound
	default:
		code = codeFailed
	}
	return out.String(), errOut.String(), code
}

const (
	guardedRoutes = `backends:
  legacy: { addresses: ["http://127.0.0.1:1"] }
routes:
  - { id: cart, match: "GET /cart/{id}", policy: cart }
  - { id: change, match: "POST /cart/{id}", policy: cart }
`
	cartPolicy  = "package cart\n\nallow if input.principal.claims.n == 7\n\nallow if input.params.id == \"open\"\n\nallow if input.headers[\"x-a\"]\n"
	cartTests   = "package cart_test\n\ntest_seven if data.cart.allow with input as {\"principal\": {\"claims\": {\"n\": 7}}}\n"
	brokenTests = "package cart_test\n\ntest_seven if data.cart.allow with input as {}\n"
)

func guardedFolder(t *testing.T, tests string) string {
	return writeFolder(t, map[string]string{"r.yaml": guardedRoutes, "policies/cart.rego": cartPolicy, "policies/cart_test.rego": tests})
}

func TestPolicyExitCodes(t *testing.T) {
	good, failing := guardedFolder(t, cartTests), guardedFolder(t, brokenTests)
	alone := writeFolder(t, map[string]string{"cart.rego": cartPolicy})
	broken := writeFolder(t, map[string]string{"r.yaml": guardedRoutes, "policies/cart.rego": "package cart\nallow if {\n"})
	unused := writeFolder(t, map[string]string{"r.yaml": guardedRoutes, "policies/cart.rego": "package cart\nallow if true\n", "policies/old.rego": "package old\nallow if true\n"})
	lost := writeFolder(t, map[string]string{"r.yaml": guardedRoutes, "policies/cart.rego": "package basket\nallow if true\n"})
	body := filepath.Join(good, "body.json")
	if err := os.WriteFile(body, []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	input := `{"policy": "cart", "input": {"params": {"id": "open"}}}`
	for _, tc := range []struct {
		args           []string
		stdin          string
		stdout, stderr string
		code           int
	}{
		{args: []string{"check", good}, stdout: "1 policy, 1 test passed, 2 routes guarded, 2 warnings"},
		{args: []string{"check", good, "--strict"}, stdout: "which the route cart doesn't show it", code: codeFound},
		{args: []string{"check", good, "-v"}, stdout: "reads   params.id headers.x-a principal.claims.n"},
		{args: []string{"check", good, "--json"}, stdout: `"routes": [`},
		{args: []string{"check", alone}, stdout: "1 policy, 0 tests passed, no problems"},
		{args: []string{"check", broken}, stdout: "syntax: ", code: codeFound},
		{args: []string{"check", failing}, stdout: "the test cart_test.test_seven fails", code: codeFound},
		{args: []string{"check", unused}, stdout: "old.rego:2:1: warning: unused: no route names the policy old"},
		{args: []string{"check", unused, "--strict"}, stdout: "2 policies, 0 tests passed, 2 routes guarded, 1 warning", code: codeFound},
		{args: []string{"check", lost}, stdout: "unknown_policy: ", code: codeFound},
		{args: []string{"check", good, "more"}, stderr: "accepts at most 1 arg", code: codeFailed},

		{args: []string{"test", good}, stdout: "1 of 3 lines covered: 33.3 %"},
		{args: []string{"test", good, "-v"}, stdout: "ok    cart_test.test_seven"},
		{args: []string{"test", good, "--json"}, stdout: `"percent": 33.3`},
		{args: []string{"test", good, "--fail-under", "33.3"}, stdout: "1 passed"},
		{args: []string{"test", good, "--fail-under", "33.4"}, stdout: "1 passed", stderr: "33.3 % of the lines are covered, want 33.4 %", code: codeFound},
		{args: []string{"test", good, "--fail-under", "NaN"}, stderr: "want a percentage", code: codeFailed},
		{args: []string{"test", good, "--run", "seven"}, stdout: "1 test: 1 passed, 0 failed\n"},
		{args: []string{"test", good, "--run", "eight"}, stderr: "no test has a name", code: codeFailed},
		{args: []string{"test", good, "--run", "("}, stderr: "--run: ", code: codeFailed},
		{args: []string{"test", good, "--run", "x", "--fail-under", "1"}, stderr: "leave one of them out", code: codeFailed},
		{args: []string{"test", failing}, stdout: "FAIL  cart_test.test_seven", code: codeFound},
		{args: []string{"test", broken}, stdout: "syntax: ", stderr: "nothing was tested", code: codeFailed},
		{args: []string{"test", alone}, stderr: "has no tests", code: codeFailed},
		{args: []string{"test", filepath.Join(good, "absent")}, stdout: "no such file", stderr: "nothing was tested", code: codeFailed},

		{args: []string{"explain", "-r", good, "/cart/1"}, stdout: "decision   refused with 403 (cause: undefined)"},
		{args: []string{"explain", "-r", good, "/cart/1"}, stdout: "\ntrace\nquery:1"},
		{args: []string{"explain", "-r", good, "/cart/1", "--claim", "n:=7"}, stdout: "decision   allowed"},
		{args: []string{"explain", "-r", good, "/cart/1", "--claim", "n=7"}, stdout: "decision   refused"},
		{args: []string{"explain", "-r", good, "POST", "/cart/open", "--trace", "none"}, stdout: "route      change"},
		{args: []string{"explain", "-r", good, "cart", "/cart/open"}, stdout: "decision   allowed"},
		{args: []string{"explain", "-r", good, "cart", "DELETE", "/x", "--principal", "7", "--source", "session"}, stdout: `"source": "session"`},
		{args: []string{"explain", "-r", good, "cart", "/cart/1", "--json"}, stdout: `"allow": false`},
		{args: []string{"explain", "-r", good, "/cart/1", "--body-file", body}, stdout: "POST localhost/cart/1"},
		{args: []string{"explain", "-r", alone, "cart", "/x", "-H", "X-A: 1"}, stdout: "decision   allowed"},
		{args: []string{"explain", "-r", alone, "/x"}, stderr: `there is no policy ""`, code: codeFailed},
		{args: []string{"explain", "-r", good, "basket", "/cart/1"}, stderr: `there is no policy "basket"`, code: codeFailed},
		{args: []string{"explain", "-r", good, "/cart/1", "--claim", "n:=x"}, stderr: "no JSON", code: codeFailed},
		{args: []string{"explain", "-r", good, "/cart/1", "--claim", "n"}, stderr: "write name=text, or name:=JSON", code: codeFailed},
		{args: []string{"explain", "-r", good, "/cart/1", "--side", "old"}, stderr: "want legacy or new", code: codeFailed},
		{args: []string{"explain", "-r", good, "/cart/1", "--trace", "much"}, stderr: "want full or fails or none", code: codeFailed},
		{args: []string{"explain", "-r", good, "/cart/1", "--at", "noon"}, stderr: "want a time such as", code: codeFailed},
		{args: []string{"explain", "-r", good, "/cart/1", "--header", "x"}, stderr: "is no header", code: codeFailed},
		{args: []string{"explain", "-r", broken, "/cart/1"}, stderr: "has errors", code: codeFailed},

		{args: []string{"bench", "-r", good, "--for", "1ms", "-"}, stdin: input, stdout: "cart         1        1"},
		{args: []string{"bench", "-r", good, "--for", "1ms", "-", "--json"}, stdin: input, stdout: `"allowed": 1`},
		{args: []string{"bench", "-r", good, "--for", "1ms", "-", "--policy", "cart"}, stdin: `{"method": "GET"}`, stdout: "cart         1        0"},
		{args: []string{"bench", "-r", good, "--for", "1ms", "-", "--max-p99", "1ns"}, stdin: input, stdout: "cart", stderr: "slower than 1ns: cart", code: codeFound},
		{args: []string{"bench", "-r", good, "--for", "1ms", "-", "--max-p99", "10m"}, stdin: input, stdout: "cart"},
		{args: []string{"bench", "-r", good, "-"}, stderr: "no inputs in -", code: codeFailed},
		{args: []string{"bench", "-r", good, "-"}, stdin: `{"method": "GET"}`, stderr: "give --policy", code: codeFailed},
		{args: []string{"bench", "-r", good, "-", "--policy", "basket"}, stdin: `{}`, stderr: `no policy "basket"`, code: codeFailed},
		{args: []string{"bench", "-r", good, "--for", "0s", "-"}, stderr: "--for takes", code: codeFailed},
		{args: []string{"bench", "-r", good, filepath.Join(good, "absent")}, stderr: "no such file", code: codeFailed},
		{args: []string{"bench", "-r", good, "--for", "1ms"}, stdout: "2 inputs made of the routes"},
		{args: []string{"bench", "-r", good, "--for", "1ms", "--json"}, stdout: `"made": 2`},
		{args: []string{"bench", "-r", good, "--for", "1ms", "--claim", "n:=7"}, stdout: "cart         2        2"},
		{args: []string{"bench", "-r", good, "--for", "1ms", "--policy", "cart"}, stdout: "cart         2        0"},
		{args: []string{"bench", "-r", good, "--policy", "basket"}, stderr: `no route names the policy "basket"`, code: codeFailed},
		{args: []string{"bench", "-r", alone}, stderr: "no route names a policy", code: codeFailed},
	} {
		t.Run(strings.ReplaceAll(strings.Join(tc.args, " "), string(filepath.Separator), "|"), func(t *testing.T) {
			stdout, stderr, code := runPolicy(t, tc.stdin, tc.args...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" {
				t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
			}
		})
	}
}

// What explain prints, bench takes.
func TestPolicyBenchTakesExplanations(t *testing.T) {
	good := guardedFolder(t, cartTests)
	answer, stderr, code := runPolicy(t, "", "explain", "-r", good, "/cart/open", "--json")
	if code != 0 {
		t.Fatal(stderr)
	}
	stdout, stderr, code := runPolicy(t, answer, "bench", "-r", good, "--for", "1ms", "-")
	if code != 0 || !strings.Contains(stdout, "cart         1        1") {
		t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
	}
}

// A watch notices that policies are saved, in either kind of folder.
func TestHashOfPolicies(t *testing.T) {
	for _, name := range []string{"policies/a.rego", "policies/data.json", "a.rego", "a_test.rego", "r.yaml"} {
		folder := writeFolder(t, map[string]string{name: "{}"})
		before := hashOf([]string{folder})
		if again := hashOf([]string{folder}); again != before {
			t.Errorf("%s: two hashes of one folder", name)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte("{ }"), 0o600); err != nil {
			t.Fatal(err)
		}
		if hashOf([]string{folder}) == before {
			t.Errorf("%s was saved, and the hash is the same", name)
		}
	}
}

// What a shell may offer.
func TestPolicyCompletion(t *testing.T) {
	good := guardedFolder(t, cartTests)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"check", ""}, ":16"}, // folders
		{[]string{"test", good, ""}, ":4"},
		{[]string{"test", "--run", ""}, ":4"},
		{[]string{"bench", ""}, ":0"}, // files
		{[]string{"bench", "-r", good, "--policy", ""}, "cart :4"},
		{[]string{"bench", "--routes", ""}, ":16"},
		{[]string{"explain", "-r", good, "--route", ""}, "cart change :4"},
		{[]string{"explain", "--trace", ""}, "full fails none :4"},
		{[]string{"explain", "--side", ""}, "legacy new :4"},
		{[]string{"explain", "-r", good, "/"}, "/cart/{id} :4"},
	} {
		stdout, _, code := runPolicy(t, "", append([]string{cobra.ShellCompRequestCmd}, tc.args...)...)
		if got := strings.Join(strings.Fields(stdout), " "); got != tc.want || code != 0 {
			t.Errorf("%v: got %q, want %q", tc.args, got, tc.want)
		}
	}
}
