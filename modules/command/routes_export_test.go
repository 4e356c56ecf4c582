package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ficus/gateway/tools/export"
)

func TestExportExitCodes(t *testing.T) {
	whole := writeFolder(t, map[string]string{"r.yaml": smallRoutes})
	lossy := writeFolder(t, map[string]string{"r.yaml": strings.Replace(smallRoutes, "stage: new", "stage: canary, weight: 10", 1)})
	broken := writeFolder(t, map[string]string{"r.yaml": "routes: 1"})
	for _, tc := range []struct {
		args           []string
		stdout, stderr string
		code           int
	}{
		{[]string{whole, "--to", "nginx"}, "location @cart:new", "Nothing of the table is lost.", 0},
		{[]string{whole, "--to", "caddy"}, `"@id": "cart"`, "Nothing of the table is lost.", 0},
		{[]string{whole, "--to", "gateway-api"}, "kind: HTTPRoute", "Nothing of the table is lost.", 0},
		{[]string{whole, "--to", "eskip"}, "r_cart:", "Nothing of the table is lost.", 0},
		{[]string{whole, "--to", "eskip", "--json"}, `"lost": [],`, "", 0},
		{[]string{lossy, "--to", "caddy"}, "weighted_round_robin", "r.yaml:5:7: route cart: stickiness: each request is dealt anew", codeFound},
		{[]string{lossy, "--to", "caddy", "--json"}, `"code": "stickiness"`, "", codeFound},
		{[]string{lossy, "--to", "nginx"}, "split_clients", "Nothing of the table is lost.", 0},
		{[]string{whole}, "", "--to is missing: say for whom (caddy, nginx, gateway-api, eskip)", codeFailed},
		{[]string{whole, "--to", "apache"}, "", `unknown target "apache"`, codeFailed},
		{[]string{whole, "--to", "nginx", "-o", filepath.Join(whole, "no", "folder")}, "", "no such file or directory", codeFailed},
		{[]string{broken, "--to", "nginx"}, "", "want a list", codeFailed},
		{[]string{filepath.Join(whole, "absent"), "--to", "nginx"}, "", "no such file or directory", codeFailed},
	} {
		t.Run(strings.Join(tc.args[1:], " "), func(t *testing.T) {
			stdout, stderr, code := run(t, append([]string{"export"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" {
				t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
			}
		})
	}
}

func TestExportToFile(t *testing.T) {
	folder := writeFolder(t, map[string]string{"r.yaml": smallRoutes})
	file := filepath.Join(t.TempDir(), "nginx.conf")
	stdout, _, code := run(t, "export", "--to", "nginx", "-o", file, "--json", folder)
	var result export.Result
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || code != 0 {
		t.Fatalf("code %d: %v\n%s", code, err, stdout)
	}
	if result.Config != "" || result.Routes != 2 || result.Target != export.Nginx {
		t.Errorf("printed %+v", result)
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "location @cart:new") {
		t.Errorf("%v: written %s", err, text)
	}
}
