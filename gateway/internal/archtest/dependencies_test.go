package archtest

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// owners are the folders that may import a module.
type owners struct {
	folders []string // and what lies below
	exactly []string // these only
}

func (o owners) own(folder string) bool {
	return slices.Contains(o.exactly, folder) || slices.ContainsFunc(o.folders, func(top string) bool { return below(folder, top) })
}

var (
	tableRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.+) \\| (.+) \\|$")
	ownerRef = regexp.MustCompile("`([^`]+)`( itself)?")
	required = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`) // a line of go.mod without "// indirect"
)

// readDependencies reads the table in docs/DEPENDENCIES.md. A module without folders is for tests.
func readDependencies(t *testing.T) map[string]owners {
	t.Helper()
	text, err := os.ReadFile("../../../docs/DEPENDENCIES.md")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]owners{}
	for _, row := range tableRow.FindAllStringSubmatch(string(text), -1) {
		var o owners
		for _, ref := range ownerRef.FindAllStringSubmatch(row[3], -1) {
			if ref[2] != "" {
				o.exactly = append(o.exactly, ref[1])
			} else {
				o.folders = append(o.folders, ref[1])
			}
		}
		table[row[1]] = o
	}
	return table
}

// The table and go.mod name the same direct dependencies.
func TestDependenciesAreListed(t *testing.T) {
	text, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var inGoMod []string
	for _, m := range required.FindAllStringSubmatch(string(text), -1) {
		inGoMod = append(inGoMod, m[1])
	}
	slices.Sort(inGoMod)
	listed := slices.Sorted(maps.Keys(readDependencies(t)))
	if diff := cmp.Diff(inGoMod, listed); diff != "" {
		t.Errorf("(-go.mod +docs/DEPENDENCIES.md)\n%s", diff)
	}
}

func TestOwners(t *testing.T) {
	o := owners{folders: []string{"modules"}, exactly: []string{"gateway"}}
	for folder, want := range map[string]bool{"modules": true, "modules/app": true, "gateway": true, "gateway/route": false, "modulesx": false} {
		if o.own(folder) != want {
			t.Errorf("%s: own %v", folder, !want)
		}
	}
}
