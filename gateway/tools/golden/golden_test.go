package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/control"
	"ficus/gateway/routetable"
)

var update = flag.Bool("update", false, "write what is printed now into the golden files")

func tableOf(t testing.TB, folder string) *routetable.Table {
	t.Helper()
	v := control.Check(os.DirFS(folder), "routes", os.LookupEnv, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	if v.Table == nil {
		t.Fatal(v.Problems.Text())
	}
	return v.Table
}

// run does what the command does.
func run(t testing.TB, folder string, filter *regexp.Regexp) Report {
	t.Helper()
	suite, problems := Read(os.DirFS(folder), "routes")
	if problems.HasErrors() {
		return Broken(problems)
	}
	return suite.Run(tableOf(t, folder), filter)
}

// Each folder of testdata is a folder of route files with cases. Beside them is what a
// run prints.
func TestFolders(t *testing.T) {
	folders, err := filepath.Glob("testdata/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, folder := range folders {
		if filepath.Base(folder) == "fuzz" {
			continue
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			r := run(t, folder, nil)
			var brief, verbose, asJSON bytes.Buffer
			if err := r.Print(&brief, false); err != nil {
				t.Fatal(err)
			}
			if err := r.Print(&verbose, true); err != nil {
				t.Fatal(err)
			}
			encoder := json.NewEncoder(&asJSON)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(r); err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join(folder, "want.txt"), brief.String())
			compare(t, filepath.Join(folder, "want-verbose.txt"), verbose.String())
			compare(t, filepath.Join(folder, "want.json"), asJSON.String())
		})
	}
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}

func TestFilter(t *testing.T) {
	r := run(t, "testdata/failing", regexp.MustCompile("passes|gone"))
	if r.Passed != 1 || r.Failed != 1 || len(r.Cases) != 2 || r.Coverage != nil {
		t.Errorf("got %+v", r)
	}
}

func TestCoverage(t *testing.T) {
	c := run(t, "testdata/failing", nil).Coverage
	if c.Routes != 8 || c.Reached != 3 || c.Percent != 37.5 {
		t.Errorf("got %+v", c)
	}
	if c.Below(37.5) || !c.Below(37.6) {
		t.Error("3 of 8 is not below 37.5 %, and is below more")
	}
	if none := (&Coverage{}); none.Below(100) {
		t.Error("no routes are no reason to fail")
	}
}

// The gateway does not read the cases.
func TestGatewayIgnoresCases(t *testing.T) {
	with := tableOf(t, "testdata/passing").Revision
	if without := tableOf(t, "testdata/none").Revision; with != without {
		t.Errorf("revision %s with cases, %s without", with, without)
	}
}

// FuzzRead: whatever stands in a file of cases, reading ends without a panic, and what
// is free of errors can be run, every case once.
func FuzzRead(f *testing.F) {
	for _, path := range []string{"passing/tests/cart.yaml", "passing/tests/other.yaml", "passing/tests/rewrite.yaml", "failing/tests/cart.yaml", "broken/tests/cases.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata", path))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	table := tableOf(f, "testdata/passing")
	f.Fuzz(func(t *testing.T, data []byte) {
		suite, problems := Read(fstest.MapFS{Folder + "/a.yaml": {Data: data}}, "routes")
		if problems.HasErrors() {
			for _, p := range problems {
				if p.Origin.File == "" {
					t.Errorf("a problem nowhere: %+v", p)
				}
			}
			return
		}
		r := suite.Run(table, nil)
		if len(r.Cases) != len(suite.cases) || r.Passed+r.Failed != len(r.Cases) {
			t.Errorf("%d cases, %d passed, %d failed", len(suite.cases), r.Passed, r.Failed)
		}
		for _, c := range r.Cases {
			if (c.Got.Status == 0) == (c.Got.Route == "") {
				t.Errorf("%q: neither refused nor routed: %+v", c.Request, c.Got)
			}
			for _, d := range c.Differences {
				if !strings.HasPrefix(d.Place, "routes/tests/a.yaml:") || d.Want == d.Got {
					t.Errorf("%q: %+v", c.Request, d)
				}
			}
		}
		if r.Coverage.Routes != len(table.Entries)-1 {
			t.Errorf("coverage of %d routes", r.Coverage.Routes)
		}
	})
}

// The example in the package comment is a file of cases.
func TestPackageExample(t *testing.T) {
	source, err := os.ReadFile("golden.go")
	if err != nil {
		t.Fatal(err)
	}
	var example strings.Builder
	for line := range strings.Lines(string(source)) {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			example.WriteString(text)
		} else if line == "//\n" {
			example.WriteByte('\n')
		}
	}
	suite, problems := Read(fstest.MapFS{Folder + "/a.yaml": {Data: []byte(example.String())}}, "routes")
	if len(problems) > 0 || len(suite.cases) != 3 {
		t.Errorf("%d cases\n%s", len(suite.cases), problems.Text())
	}
}
