package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

// repository is the folder that the shipped files lie in.
const repository = "../.."

// The tools end the process with the exit codes that their help promises.
func TestToolsExitCodes(t *testing.T) {
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	const failing = "gateway/tools/golden/testdata/failing"
	for _, tc := range []struct {
		args string
		code int
	}{
		{"check", 0},
		{"check " + empty, 1},
		{"check --nonsense", 2},
		{"test --fail-under 100", 0},
		{"test " + failing, 1},
		{"test " + empty, 2},
		{"list --stage legacy", 0},
		{"list --stage nonsense", 2},
	} {
		command := exec.Command(program, append([]string{"routes"}, strings.Fields(tc.args)...)...)
		command.Dir = repository
		out, err := command.CombinedOutput()
		code := 0
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if code != tc.code {
			t.Errorf("ficus routes %s: exit code %d, want %d\n%s", tc.args, code, tc.code, out)
		}
	}
}

// completing is a shell that loads the script and asks it what may follow some words.
// The functions are those of the package bash-completion, as far as the script needs
// them; compopt works only while a line is being completed.
const completing = `
_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
__ltrim_colon_completions() { :; }
compopt() { :; }
source <(ficus completion bash)
while read -r line; do
	eval "COMP_WORDS=($line)"
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
	__start_ficus
	echo "${COMPREPLY[*]}"
done
`

// bash completes verbs, flags and what they take.
func TestCompletion(t *testing.T) {
	bash := gatewaytest.Need(t, "apt-get install bash", "bash")
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ line, want string }{
		{"ficus rou", "routes"},
		{"ficus routes li", "list"},
		{"ficus routes list --stage ''", "legacy shadow canary new retired"},
		{"ficus routes list --stage r", "retired"},
		{"ficus routes list --stage canary,n", "canary,new"},
		{"ficus routes list --sort ''", "id match stage owner file"},
		{"ficus routes list --group ''", "accounts cart catalog orders staff"},
		{"ficus routes test routes ''", ""},
		{"ficus routes explain GET /api/products", "/api/products /api/products/{id}"},
		{"ficus routes force n", "new"},
	}
	var lines strings.Builder
	for _, c := range cases {
		lines.WriteString(c.line + "\n")
	}
	command := exec.Command(bash, "--norc", "-c", completing)
	command.Dir, command.Stdin = repository, strings.NewReader(lines.String())
	command.Env = append(os.Environ(), "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"))
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(string(out), "\n")
	for i, c := range cases {
		if i >= len(got) || got[i] != c.want {
			t.Errorf("%s: got %q, want %q", c.line, got[min(i, len(got)-1)], c.want)
		}
	}
}
