package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const promises = 25

var (
	promise   = regexp.MustCompile(`(?m)^(\d+)\. `)
	testsOf   = regexp.MustCompile("`([a-z0-9/_]+)`((?:,? (?:Test|Fuzz)\\w+)+)")
	nameOf    = regexp.MustCompile(`(?:Test|Fuzz)\w+`)
	testsLine = regexp.MustCompile(`(?m)^ +Tests: (.*)$`)
)

// Each promise of docs/THREATS.md has a test, and each test that it names exists.
func TestThreats(t *testing.T) {
	root := "../../.."
	text, err := os.ReadFile(filepath.Join(root, "docs/THREATS.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(text), "\n## The promises\n")
	if !found {
		t.Fatal("docs/THREATS.md has no promises")
	}
	known := map[string]map[string]bool{}
	starts := promise.FindAllStringSubmatchIndex(list, -1)
	if len(starts) != promises {
		t.Errorf("%d promises, not %d", len(starts), promises)
	}
	for i, at := range starts {
		end := len(list)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		number, one := list[at[2]:at[3]], list[at[0]:end]
		if number != strconv.Itoa(i+1) {
			t.Errorf("promise %s stands in the place of %d", number, i+1)
		}
		named := 0
		for _, line := range testsLine.FindAllStringSubmatch(one, -1) {
			for _, folder := range testsOf.FindAllStringSubmatch(line[1], -1) {
				for _, name := range nameOf.FindAllString(folder[2], -1) {
					if named++; !testsIn(t, known, root, folder[1])[name] {
						t.Errorf("promise %s: %s has no %s", number, folder[1], name)
					}
				}
			}
			if all := len(nameOf.FindAllString(line[1], -1)); all != named {
				t.Errorf("promise %s: %d of its %d tests are not understood", number, all-named, all)
			}
		}
		if named == 0 {
			t.Errorf("promise %s has no test", number)
		}
	}
}

var testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

// testsIn returns the names of the tests of a folder.
func testsIn(t *testing.T, known map[string]map[string]bool, root, folder string) map[string]bool {
	t.Helper()
	if names, ok := known[folder]; ok {
		return names
	}
	names := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range testFunction.FindAllSubmatch(text, -1) {
			names[string(found[1])] = true
		}
	}
	known[folder] = names
	return names
}
