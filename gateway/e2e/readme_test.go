package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

// The README's walk: every line that begins with "$ " in a block marked "console
// walk" is run as it stands, but for port and folder, and has to print what stands
// below it. "…" in what stands there is any text.
func TestReadmeWalk(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(gatewaytest.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	steps := walkSteps(string(text))
	if len(steps) < 10 || !strings.HasPrefix(steps[0].command, "go run ./gateway demo --addr 127.0.0.1:8080 --dir demo-data") {
		t.Fatalf("the walk has changed: %+v", steps)
	}
	dir, address := filepath.Join(t.TempDir(), "demo-data"), gatewaytest.FreeAddress(t)
	_, d := startDemo(t, "--addr", address, "--dir", dir)
	here := strings.NewReplacer("127.0.0.1:8080", address, "demo-data", dir)
	for _, step := range steps[1:] {
		reloads := reloadCount(t, d)
		cmd := exec.Command("bash", "-c", here.Replace(step.command))
		cmd.Env = append(os.Environ(), "METRICS="+d.Metrics)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("$ %s: %v\n%s", step.command, err, out)
		}
		if !printed(step.output).MatchString(string(out)) {
			t.Errorf("$ %s printed\n%s\nthe README says\n%s", step.command, out, step.output)
		}
		if strings.HasPrefix(step.command, "sed -i") {
			gatewaytest.Await(t, "the edit to be noticed", func() bool { return reloadCount(t, d) != reloads })
		}
	}
}

type walkStep struct{ command, output string }

var walkBlock = regexp.MustCompile("(?s)```console walk\n(.*?)```")

func walkSteps(readme string) []walkStep {
	var steps []walkStep
	for _, block := range walkBlock.FindAllStringSubmatch(readme, -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				steps = append(steps, walkStep{command: strings.TrimSuffix(command, "\n")})
			} else if len(steps) > 0 {
				steps[len(steps)-1].output += line
			}
		}
	}
	return steps
}

// printed makes a pattern of what the README says a command prints.
func printed(output string) *regexp.Regexp {
	pattern := regexp.QuoteMeta(output)
	pattern = strings.ReplaceAll(pattern, "…\n", "(?s:.*)\n?")
	return regexp.MustCompile("^" + pattern + "$")
}

var reloadsTotal = regexp.MustCompile(`(?m)^ficus_table_reloads_total.*$`)

func reloadCount(t *testing.T, d demoLine) string {
	t.Helper()
	return strings.Join(reloadsTotal.FindAllString(fetch(t, d.Metrics), -1), "\n")
}
