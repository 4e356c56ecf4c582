package rules

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/control"
	"ficus/gateway/routetable"
)

var update = flag.Bool("update", false, "write deploy/prometheus and the table of docs/RUNBOOK.md anew")

const committed = "../../../deploy/prometheus"

// shipped returns the table of the shipped routes.
func shipped(t *testing.T) *routetable.Table {
	t.Helper()
	v := control.Check(os.DirFS("../../../routes"), "routes", func(string) (string, bool) { return "", false }, time.Time{})
	if v.Table == nil {
		t.Fatal(v.Problems.Text())
	}
	return v.Table
}

// deploy/prometheus holds what is made for the shipped routes.
func TestFilesAreCurrent(t *testing.T) {
	files, err := Files(shipped(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		path := filepath.Join(committed, f.Name)
		names = append(names, path)
		if *update {
			if err := os.WriteFile(path, f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		is, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(f.Data), "\n"), strings.Split(string(is), "\n")); diff != "" {
			t.Errorf("%s is out of date: go test ./gateway/dashboard/rules -update (-want +is)\n%s", f.Name, diff)
		}
	}
	there, err := filepath.Glob(filepath.Join(committed, "*.rules.yml"))
	if diff := cmp.Diff(names, there, cmp.Transformer("sorted", func(s []string) map[string]bool {
		set := map[string]bool{}
		for _, name := range s {
			set[name] = true
		}
		return set
	})); diff != "" || err != nil {
		t.Errorf("(-made +there) %v\n%s", err, diff)
	}
}
