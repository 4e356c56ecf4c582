package importer

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/control"
	"ficus/gateway/routetable"
)

var update = flag.Bool("update", false, "write what is imported now into the golden files")

// checked is the verdict on a draft as one file and as a folder.
func checked(t *testing.T, d Draft) control.Verdict {
	t.Helper()
	lookup := func(string) (string, bool) { return "", false }
	whole := control.Check(fstest.MapFS{"all.yaml": {Data: []byte(d.Text())}}, "routes", lookup, time.Time{})
	folder := fstest.MapFS{}
	for _, f := range d.Files() {
		folder[f.Name] = &fstest.MapFile{Data: []byte(f.Text)}
	}
	split := control.Check(folder, "routes", lookup, time.Time{})
	if len(whole.Problems)+len(split.Problems) > 0 {
		t.Fatalf("problems:\n%s\n%s\n%s", whole.Problems.Text(), split.Problems.Text(), d.Text())
	}
	if whole.Table.Revision != split.Table.Revision {
		t.Errorf("the folder has revision %s, the one file %s", split.Table.Revision, whole.Table.Revision)
	}
	return whole
}

func compareGolden(t *testing.T, name string, d Draft) {
	t.Helper()
	var b strings.Builder
	if err := d.PrintFindings(&b); err != nil {
		t.Fatal(err)
	}
	b.WriteString("\n" + d.Text())
	golden := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("%s (-want +got)\n%s", golden, diff)
	}
}

func TestNginxGolden(t *testing.T) {
	d, err := Nginx(os.DirFS("testdata/nginx"), "/etc/nginx", "nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	checked(t, d)
	compareGolden(t, "nginx", d)
}

func TestCaddyGolden(t *testing.T) {
	config, err := os.ReadFile("testdata/caddy/caddy.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := Caddy("caddy.json", config, false)
	if err != nil {
		t.Fatal(err)
	}
	checked(t, d)
	compareGolden(t, "caddy.json", d)
}

func TestOpenAPIGolden(t *testing.T) {
	for _, name := range []string{"shop.yaml", "old.json"} {
		d, err := OpenAPI(os.DirFS("testdata/openapi"), "api", name)
		if err != nil {
			t.Fatal(err)
		}
		checked(t, d)
		compareGolden(t, name, d)
	}
}

// What nginx sends where, the draft sends there too.
func TestNginxOwners(t *testing.T) {
	d, err := Nginx(os.DirFS("testdata/nginx"), "/etc/nginx", "nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	v := checked(t, d)
	for line, want := range map[string]string{
		"GET shop.example.com/":                 "legacy",
		"GET shop.example.com/anything/else":    "legacy",
		"GET shop.example.com/search":           "search",
		"GET shop.example.com/search/x":         "search",
		"GET shop.example.com/search-more":      "legacy",
		"GET media.example.com/v2/pictures/a.b": "media-internal",
	} {
		if got := served(v, line); got != want {
			t.Errorf("%s is served by %s, want %s", line, got, want)
		}
	}
}

// served returns the backend that serves a request, "METHOD HOST/PATH".
func served(v control.Verdict, line string) string {
	method, target, _ := strings.Cut(line, " ")
	slash := strings.IndexByte(target, '/')
	e := v.Table.Match(&routetable.Request{Method: method, Host: target[:slash], Path: routetable.Canonical(target[slash:]), Header: http.Header{}})
	return e.BackendOf(e.Sides()[0])
}
