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

func runsDashboards(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	c := &cobra.Command{Use: "dashboards"}
	dashboardsCommand(c)
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&errOut)
	switch err := c.ExecuteContext(t.Context()); {
	case err == nil:
	case errors.Is(err, errFound):
		code = codeFound
	default:
		code = codeFailed
	}
	return out.String(), errOut.String(), code
}

func TestDashboards(t *testing.T) {
	good := writeFolder(t, map[string]string{"r.yaml": smallRoutes})
	broken := writeFolder(t, map[string]string{"r.yaml": "routes: 1"})
	dir := filepath.Join(t.TempDir(), "monitoring")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args           []string
		stdout, stderr string
		code           int
	}{
		{[]string{"--out", dir, "--check", good}, "grafana/dashboards/ficus-route.json: missing\n", "", codeFound},
		{[]string{"--out", dir, good}, "prometheus/ficus-alerts.rules.yml: missing\n", "", 0},
		{[]string{"--out", dir, good}, "", "", 0},
		{[]string{"--out", dir, "--check", good}, "", "", 0},
		{[]string{"--out", dir, "--check", "--json", good}, `"differences": []`, "", 0},
		{[]string{"--out", dir, "--check", "--gateway", "gw1:2019", "--gateway", "gw2:2019", good}, "prometheus/prometheus.yml: changed\n", "", codeFound},
		{[]string{"--out", dir, "--check", "--grafana", "https://grafana.example.com/", good}, "prometheus/ficus-alerts.rules.yml: changed\n", "", codeFound},
		{[]string{"--out", dir, "--check", "--objective", "99.5", "--objective", "cart=99", "--json", good}, `"what": "changed"`, "", codeFound},
		{[]string{"--out", dir, "--objective", "nobody=99", good}, "", "nobody", codeFailed},
		{[]string{"--out", dir, "--objective", "cart=100", good}, "", "want a percentage above 0 and below 100", codeFailed},
		{[]string{"--out", dir, "--gateway", "gw1", good}, "", "want host:port", codeFailed},
		{[]string{"--out", dir, "--prometheus", "x", good}, "", "want http://host:port", codeFailed},
		{[]string{"--out", dir, broken}, "", "has errors", codeFailed},
		{[]string{good}, "", "--out is missing", codeFailed},
		{[]string{"--out", file, good}, "", "not a directory", codeFailed},
		{[]string{"--out", dir, good, "more"}, "", "accepts at most 1 arg", codeFailed},
	} {
		stdout, stderr, code := runsDashboards(t, tc.args...)
		if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" || tc.stdout == "" && stdout != "" {
			t.Errorf("%v: code %d\n%s\n%s", tc.args, code, stdout, stderr)
		}
	}
	config, err := os.ReadFile(filepath.Join(dir, "prometheus", "prometheus.yml"))
	if err != nil || !strings.Contains(string(config), `["localhost:2019"]`) {
		t.Errorf("%v\n%s", err, config)
	}
}
