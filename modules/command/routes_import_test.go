package command

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/caddyserver/caddy/v2/modules/standard" // Caddyfiles are adapted with all of Caddy's directives
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is imported now into the golden files")

const importerData = "../../gateway/tools/importer/testdata"

// A Caddyfile is adapted as Caddy does it, then imported.
func TestImportCaddyfile(t *testing.T) {
	stdout, stderr, code := run(t, "import", "--from", "caddy", importerData+"/caddy/Caddyfile")
	if code != codeFound {
		t.Errorf("code %d", code)
	}
	golden := filepath.Join("testdata", "import-caddyfile.txt")
	got := stderr + "\n" + stdout
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got)\n%s", golden, diff)
	}
}

func TestImportExitCodes(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "site.conf")
	if err := os.WriteFile(whole, []byte("server {\n location /api { proxy_pass http://api:1; }\n location / { proxy_pass http://old:1; }\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	full := writeFolder(t, map[string]string{"r.yaml": smallRoutes})
	for _, tc := range []struct {
		args           []string
		stdout, stderr string
		code           int
	}{
		{[]string{whole, "--from", "nginx"}, "match: /api/", "Taken otherwise:", 0},
		{[]string{whole, "--from", "nginx", "--json"}, `"lost": []`, "", 0},
		{[]string{importerData + "/openapi/shop.yaml", "--from", "openapi"}, "routes:", "", codeFound},
		{[]string{whole}, "", "--from is missing: say what the file is (nginx, caddy, openapi)", codeFailed},
		{[]string{whole, "--from", "apache"}, "", `unknown source "apache"`, codeFailed},
		{[]string{whole + "x", "--from", "nginx"}, "", "no such file or directory", codeFailed},
		{[]string{whole, "--from", "caddy"}, "", "site.conf", codeFailed},
		{[]string{whole, "--from", "nginx", "-o", full}, "", "the folder is not empty: name a new one, or say --force", codeFailed},
	} {
		t.Run(strings.Join(tc.args[1:], " "), func(t *testing.T) {
			stdout, stderr, code := run(t, append([]string{"import"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
			}
		})
	}
}

// What is written into a folder is what check finds no problem in.
func TestImportIntoFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "routes")
	for range 2 { // --force writes over what is there
		if _, stderr, code := run(t, "import", "--from", "nginx", importerData+"/nginx/nginx.conf", "-o", folder, "--force"); code != codeFound {
			t.Fatalf("code %d: %s", code, stderr)
		}
		if stdout, stderr, code := run(t, "check", "--strict", folder); code != 0 {
			t.Errorf("check: code %d\n%s\n%s", code, stdout, stderr)
		}
	}
}
