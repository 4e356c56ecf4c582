package docs

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/routefile"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
	"ficus/gateway/tools/comments"
	"ficus/gateway/tools/format"
)

func generated(t *testing.T, verbs ...Verb) string {
	t.Helper()
	text, err := Generate(Input{
		Source: comments.New(os.DirFS("../../..")), Metrics: telemetry.New().Catalogue(), Verbs: verbs,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var routeBlock = regexp.MustCompile("(?s)```yaml routes\n(.*?)```")

// What the manual shows as route files is right, and written as fmt would write it.
func TestExamples(t *testing.T) {
	blocks := routeBlock.FindAllStringSubmatch(generated(t), -1)
	if len(blocks) < 5 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, block := range blocks {
		file := routefile.File{Name: "example.yaml", Data: []byte(block[1])}
		set, problems := (&routefile.Folder{Files: []routefile.File{file}}).Parse(noEnvironment)
		for i := range set.Routes {
			problems = append(problems, routetable.CheckDefinition(&set.Routes[i])...)
		}
		if len(problems) > 0 {
			t.Errorf("%s\n%s", problems.Text(), block[1])
		}
		canonical, problems := format.Source(file)
		if diff := cmp.Diff(block[1], string(canonical)); diff != "" {
			t.Errorf("not canonical (-is +canonical) %v\n%s", problems, diff)
		}
	}
}

var (
	heading = regexp.MustCompile(`(?m)^#{2,4} (.*)$`)
	link    = regexp.MustCompile(`\]\(#([^)]*)\)`)
)

// No two headings share an anchor, and every link leads to one.
func TestAnchors(t *testing.T) {
	text := generated(t)
	anchors := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		if anchors[slug(h[1])] {
			t.Errorf("two headings are called %s", h[1])
		}
		anchors[slug(h[1])] = true
	}
	for _, l := range link.FindAllStringSubmatch(text, -1) {
		if !anchors[l[1]] {
			t.Errorf("a link leads to #%s, which is no heading", l[1])
		}
	}
	for _, code := range []string{"conflict", "unknown_key", "no_policy", "weight"} {
		if !anchors[code] {
			t.Errorf("the problem %s has no anchor", code)
		}
	}
}

// Commands stand in the manual when they exist.
func TestVerbs(t *testing.T) {
	without := generated(t)
	with := generated(t, Verb{"test [folder]", "Runs | cases"})
	if strings.Contains(without, "ficus routes test") {
		t.Error("a command that does not exist is named")
	}
	for _, want := range []string{"| `ficus routes test [folder]` | Runs \\| cases |\n", "\nficus routes test --fail-under"} {
		if !strings.Contains(with, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// What can't be made is an error, not a gap.
func TestGapsAreErrors(t *testing.T) {
	if text, err := Generate(Input{Source: comments.New(os.DirFS(t.TempDir()))}); err == nil {
		t.Errorf("made of nothing: %d bytes", len(text))
	}
	w := &writer{}
	if w.file("none.yaml"); !errors.Is(errors.Join(w.errs...), os.ErrNotExist) {
		t.Errorf("%v", w.errs)
	}
}
