package format

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

var update = flag.Bool("update", false, "write the results of now into the golden files")

// Each file of testdata/format is formatted to the file beside it that ends in .want.
func TestGolden(t *testing.T) {
	golden(t, "testdata/format/*.yaml", func(file routefile.File) string {
		formatted, problems := Source(file)
		if problems != nil {
			t.Errorf("%s", problems.Text())
			return ""
		}
		checkFormatted(t, string(file.Data), string(formatted))
		return string(formatted)
	})
}

// Each file of testdata/refused is refused, and why stands in the file beside it.
func TestRefused(t *testing.T) {
	golden(t, "testdata/refused/*.yaml", func(file routefile.File) string {
		formatted, problems := Source(file)
		if problems == nil || formatted != nil {
			t.Errorf("%s is not refused:\n%s", file.Name, formatted)
		}
		return problems.Text() + "\n"
	})
}

func golden(t *testing.T, pattern string, do func(routefile.File) string) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := do(routefile.File{Name: filepath.Base(name), Data: data})
		goldenName := strings.TrimSuffix(name, ".yaml") + ".want"
		if *update {
			if err := os.WriteFile(goldenName, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(goldenName)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestMarksAndLineEnds(t *testing.T) {
	formatted, problems := Source(routefile.File{Name: "a.yaml", Data: []byte("\xef\xbb\xbfroutes: # c\r\n- id: a\r\n  description: |\r\n   x\r\n   y\r\n")})
	want := "routes: # c\n  - id: a\n    description: |\n      x\n      y\n"
	if string(formatted) != want || problems != nil {
		t.Errorf("%q, %v", formatted, problems)
	}
}

// Whatever the style of a file and wherever it has comments: formatting keeps what it
// says and every comment, and doing it twice changes nothing more.
func TestRandomFiles(t *testing.T) {
	files, unread := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		source := randomFile(t, false)
		file := routefile.File{Name: "routes/a.yaml", Data: []byte(source)}
		files++
		if _, _, problem := routefile.Tree(file); problem != nil {
			unread++
			return
		}
		formatted, problems := Source(file)
		if problems != nil {
			t.Fatalf("refused:\n%s\n---\n%s", problems.Text(), source)
		}
		checkFormatted(t, source, string(formatted))
	})
	if unread*20 > files {
		t.Errorf("%d of %d random files are no YAML to the parser", unread, files)
	}
}

type fataler interface {
	Fatalf(format string, args ...any)
}

// checkFormatted holds a result against its source, without the formatter's own means.
func checkFormatted(t fataler, source, formatted string) {
	if diff := cmp.Diff(setOf(source), setOf(formatted)); diff != "" {
		t.Fatalf("the set has changed (-source +formatted)\n%s\n%s\n---\n%s", diff, source, formatted)
	}
	if diff := cmp.Diff(numbered(source), numbered(formatted)); diff != "" {
		t.Fatalf("the comments have changed (-source +formatted)\n%s\n%s\n---\n%s", diff, source, formatted)
	}
	again, problems := Source(routefile.File{Name: "routes/a.yaml", Data: []byte(formatted)})
	if string(again) != formatted {
		t.Fatalf("formatting twice (-once +twice)\n%s%s\n--- source\n%s\n--- once\n%s", cmp.Diff(formatted, string(again)), problems.Text(), source, formatted)
	}
	switch {
	case formatted == "":
	case !strings.HasSuffix(formatted, "\n"), strings.HasPrefix(formatted, "\n"), strings.Contains(formatted, "\r"), strings.HasPrefix(formatted, "\ufeff"):
		t.Fatalf("the text begins or ends badly: %q", formatted)
	}
}

// setOf is the set of a file without origins, and its problems without places.
func setOf(source string) map[string]any {
	folder := routefile.Folder{Files: []routefile.File{{Name: "routes/a.yaml", Data: []byte(source)}}}
	set, problems := folder.Parse(func(string) (string, bool) { return "", false })
	for i := range set.Backends {
		set.Backends[i].Origin = route.Origin{}
	}
	set.RestOrigin = route.Origin{}
	for i := range set.Routes {
		set.Routes[i].Origin = route.Origin{}
	}
	texts := []string{}
	for _, p := range problems {
		texts = append(texts, fmt.Sprint(p.Code, " ", p.Path, ": ", p.Message))
	}
	slices.Sort(texts)
	return map[string]any{"set": set, "problems": texts}
}

var commentNumber = regexp.MustCompile(`# comment \d+`)

// numbered counts the comments that a writer has written.
func numbered(source string) map[string]int {
	count := map[string]int{}
	for _, c := range commentNumber.FindAllString(source, -1) {
		count[c]++
	}
	return count
}
