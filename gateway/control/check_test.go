package control

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is printed now into the golden files")

// Each folder of testdata/check is a route folder, and want.txt in it is what a
// check prints: the problems, or the revision's entries.
func TestCheck(t *testing.T) {
	folders, err := filepath.Glob("testdata/check/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			v := Check(os.DirFS(folder), "routes", func(name string) (string, bool) {
				return "http://from-env:80", name == "SET"
			}, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
			got := v.Problems.Text() + "\n"
			if v.Table != nil {
				got += describe(v)
			}
			golden := filepath.Join(folder, "want.txt")
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
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func describe(v Verdict) string {
	var b strings.Builder
	for _, e := range v.Table.Entries {
		b.WriteString(strings.Join([]string{e.ID, e.Pattern.String(), e.Stage.String(), e.Backend, e.Group, e.Origin.String()}, " | ") + "\n")
	}
	for _, backend := range v.Table.Backends {
		b.WriteString(backend.Name + " " + strings.Join(backend.Addresses, " ") + " " + backend.Balance.String() + "\n")
	}
	return b.String()
}
