package importer

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/control"
	"ficus/gateway/route"
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

// owner returns the id of the entry that owns a request line, "METHOD HOST/PATH".
func owner(v control.Verdict, line string) string {
	return ownerOf(v.Table, line)
}

var _ = route.LegacyBackend
