package command

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/caddyserver/caddy/v2/modules/standard" // Caddyfiles are adapted with all of Caddy's directives
	"github.com/google/go-cmp/cmp"

	"ficus/gateway/tools/importer"
)

const (
	smallNginx   = "server { location / { proxy_pass http://old:8080; } location /cart/ { proxy_pass http://cart:80; } }"
	lossyNginx   = "server { location / { proxy_pass http://old:8080; limit_req zone=a; } }"
	smallCaddy   = ":80\nhandle /cart/* {\n\treverse_proxy cart:80\n}\nhandle {\n\treverse_proxy old:8080\n}\n"
	smallOpenAPI = "openapi: 3.0.0\ninfo: { title: a, version: '1' }\nservers: [{ url: 'http://old:8080' }]\n" +
		"paths: { /cart: { get: { operationId: readCart, responses: { '200': { description: it } } } } }\n"
)

func TestImportExitCodes(t *testing.T) {
	folder := writeFolder(t, map[string]string{
		"nginx.conf": smallNginx, "lossy.conf": lossyNginx, "broken.conf": "server {",
		"Caddyfile": smallCaddy, "broken.json": "{", "brokenfile": "a {",
		"api.yaml": smallOpenAPI, "no.yaml": "a: 1",
	})
	file := func(name string) string { return filepath.Join(folder, name) }
	for _, tc := range []struct {
		args           []string
		stdout, stderr string
		code           int
	}{
		{[]string{"--from", "nginx", file("nginx.conf")}, "match: /cart/", "1 route from ", 0},
		{[]string{"--from", "caddy", file("Caddyfile")}, "match: /cart/", "1 route from ", 0},
		{[]string{"--from", "openapi", file("api.yaml")}, "match: GET /cart", "1 route from ", 0},
		{[]string{"--from", "nginx", "--json", file("nginx.conf")}, `"lost": [],`, "", 0},
		{[]string{"--from", "nginx", "--json", file("nginx.conf")}, `\n  - id: cart-all\n    match: /cart/`, "", 0},
		{[]string{"--from", "nginx", file("lossy.conf")}, "#   " + file("lossy.conf") + ":1: limit_req", "limit_req zone=a: say it by the route's rate_limit", codeFound},
		{[]string{"--from", "nginx", "--json", file("lossy.conf")}, `"message": "limit_req zone=a`, "", codeFound},
		{[]string{"--from", "nginx", file("broken.conf")}, "", "broken.conf:1: the block that begins here is not closed", codeFailed},
		{[]string{"--from", "nginx", file("absent.conf")}, "", "no such file or directory", codeFailed},
		{[]string{"--from", "caddy", file("broken.json")}, "", "broken.json:1: ", codeFailed},
		{[]string{"--from", "caddy", file("brokenfile")}, "", "brokenfile:", codeFailed},
		{[]string{"--from", "openapi", file("no.yaml")}, "", "it is no OpenAPI document of version 2.0 or 3", codeFailed},
		{[]string{file("nginx.conf")}, "", "--from is missing: say what the file is (nginx, caddy, openapi)", codeFailed},
		{[]string{"--from", "apache", file("nginx.conf")}, "", `unknown source "apache" (use nginx, caddy, openapi)`, codeFailed},
		{[]string{"--from", "nginx"}, "", "accepts 1 arg(s), received 0", codeFailed},
	} {
		t.Run(strings.ReplaceAll(strings.Join(tc.args, " "), folder, "."), func(t *testing.T) {
			stdout, stderr, code := run(t, append([]string{"import"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || tc.stdout == "" && stdout != "" ||
				!strings.Contains(stderr, tc.stderr) || tc.stderr == "" && stderr != "" {
				t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
			}
		})
	}
}

// What is written into a folder is a table that check finds nothing in.
func TestImportToFolder(t *testing.T) {
	source := filepath.Join(writeFolder(t, map[string]string{"nginx.conf": smallNginx}), "nginx.conf")
	target := filepath.Join(t.TempDir(), "new", "routes")
	stdout, stderr, code := run(t, "import", "--from", "nginx", "-o", target, source)
	if code != 0 || stdout != "" || !strings.Contains(stderr, "1 route from ") {
		t.Fatalf("code %d\n%s\n%s", code, stdout, stderr)
	}
	if stdout, _, code := run(t, "check", "--strict", target); code != 0 {
		t.Fatalf("check ends with %d\n%s", code, stdout)
	}
	if stdout, _, _ := run(t, "list", target); !strings.Contains(stdout, "1 route") || !strings.Contains(stdout, "/cart/") {
		t.Errorf("listed\n%s", stdout)
	}

	_, stderr, code = run(t, "import", "--from", "nginx", "-o", target, source)
	if code != codeFailed || !strings.Contains(stderr, "the folder is not empty: name a new one, or say --force") {
		t.Errorf("into a full folder: code %d\n%s", code, stderr)
	}
	own := filepath.Join(target, "own.yaml")
	if err := os.WriteFile(own, []byte("# mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(target, "legacy.yaml"), 0); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code = run(t, "import", "--from", "nginx", "-o", target, "--force", source); code != 0 {
		t.Errorf("by force: code %d\n%s", code, stderr)
	}
	if text, err := os.ReadFile(own); err != nil || string(text) != "# mine\n" {
		t.Errorf("what else is in the folder: %v %q", err, text)
	}
	if stdout, _, code := run(t, "check", target); code != 0 {
		t.Errorf("check ends with %d\n%s", code, stdout)
	}
}

// With a folder, --json says what is left out.
func TestImportToFolderAsJSON(t *testing.T) {
	source := filepath.Join(writeFolder(t, map[string]string{"nginx.conf": lossyNginx}), "nginx.conf")
	target := filepath.Join(t.TempDir(), "routes")
	stdout, stderr, code := run(t, "import", "--from", "nginx", "-o", target, "--json", source)
	var got struct {
		From string
		Lost []importer.Finding
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != codeFound || stderr != "" {
		t.Fatalf("code %d: %v\n%s\n%s", code, err, stdout, stderr)
	}
	if strings.Contains(stdout, `"table"`) {
		t.Errorf("the table is printed too\n%s", stdout)
	}
	if got.From != source || len(got.Lost) != 1 || got.Lost[0].Place != source+":1" {
		t.Errorf("got %+v", got)
	}
	if _, err := os.Stat(filepath.Join(target, "legacy.yaml")); err != nil {
		t.Error(err)
	}
}

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

// A Caddyfile is the same table as the JSON that Caddy makes of it.
func TestImportCaddyfileAsItsJSON(t *testing.T) {
	t.Chdir("../../gateway/tools/importer/testdata/caddy")
	routes := func(file string) string {
		stdout, stderr, code := run(t, "import", "--from", "caddy", file)
		if code != codeFound {
			t.Fatalf("%s: code %d\n%s", file, code, stderr)
		}
		_, after, found := strings.Cut(stdout, "\nbackends:\n")
		if !found {
			t.Fatalf("%s: no table in\n%s", file, stdout)
		}
		return after
	}
	if diff := cmp.Diff(routes("caddy.json"), routes("Caddyfile")); diff != "" {
		t.Errorf("(-JSON +Caddyfile)\n%s", diff)
	}
}
