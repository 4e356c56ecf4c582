package routefile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/route"
)

func none(string) (string, bool) { return "", false }

func TestReadTakesRouteFilesOnly(t *testing.T) {
	fsys := fstest.MapFS{
		"b.yaml":           {Data: []byte("b")},
		"a.yaml":           {Data: []byte("a")},
		".#a.yaml":         {Data: []byte("lock of an editor")},
		".a.yaml.swp":      {Data: []byte("swap of an editor")},
		"a.yaml~":          {Data: []byte("backup of an editor")},
		"README.md":        {Data: []byte("text")},
		"tests/cart.yaml":  {Data: []byte("not a route file")},
		"old.yml":          {Data: []byte("x")},
		"Old.YAML":         {Data: []byte("x")},
		"folder.yaml":      {Mode: fs.ModeDir | 0o755},
		"..data/hide.yaml": {Data: []byte("x")},
	}
	folder, problems := Read(fsys, "routes")
	var names []string
	for _, f := range folder.Files {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"routes/a.yaml", "routes/b.yaml"}, names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	want := "routes/Old.YAML: warning: read: the file is not read: its name ends in .YAML\n" +
		"routes/folder.yaml: read: reading: not a regular file\n" +
		"routes/old.yml: warning: read: the file is not read: its name ends in .yml"
	if problems.Error() != want {
		t.Errorf("got problems\n%s\nwant\n%s", problems, want)
	}
}

func TestReadTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 50<<20); err != nil {
		t.Fatal(err)
	}
	folder, problems := Read(os.DirFS(filepath.Dir(path)), "routes")
	if len(folder.Files) != 0 || !strings.Contains(problems.Error(), "larger than 16 MiB") {
		t.Errorf("read %d files, %v", len(folder.Files), problems)
	}
}

func TestReadWithoutPermissionOrFolder(t *testing.T) {
	dir := t.TempDir()
	if _, problems := Read(os.DirFS(filepath.Join(dir, "absent")), "routes"); problems.Error() != "routes: read: reading: no such file or directory" {
		t.Errorf("absent folder: %v", problems)
	}
	if _, problems := Read(os.DirFS(dir), "routes"); !strings.Contains(problems.Error(), "the folder holds no route file") {
		t.Errorf("empty folder: %v", problems)
	}
}

func TestHashFollowsNamesAndBytes(t *testing.T) {
	hash := func(files ...File) string { return (&Folder{Files: files}).Hash() }
	a := hash(File{"a", []byte("x")}, File{"b", []byte("y")})
	for _, other := range []string{
		hash(File{"a", []byte("xy")}, File{"b", nil}),
		hash(File{"a", []byte("x")}),
		hash(File{"c", []byte("x")}, File{"b", []byte("y")}),
	} {
		if other == a {
			t.Error("two different folders have one hash")
		}
	}
	if again := hash(File{"a", []byte("x")}, File{"b", []byte("y")}); again != a {
		t.Error("equal folders differ")
	}
}

func TestExpand(t *testing.T) {
	lookup := func(name string) (string, bool) { return "value", name == "SET" || name == "EMPTY" }
	for _, tc := range []struct{ text, want, missing string }{
		{"plain", "plain", ""},
		{"http://{$SET}:80", "http://value:80", ""},
		{"{$UNSET:http://h:1}", "http://h:1", ""},
		{"{$SET:other}{$SET}", "valuevalue", ""},
		{"{$UNSET:}", "", ""},
		{"{$UNSET}", "", "UNSET"},
		{"{$SET", "{$SET", ""},
	} {
		if got, missing := expand(tc.text, lookup); got != tc.want || missing != tc.missing {
			t.Errorf("expand(%q) = %q, missing %q", tc.text, got, missing)
		}
	}
}

func parse(text string) (route.Set, route.Problems) {
	folder := &Folder{Files: []File{{Name: "routes/f.yaml", Data: []byte(text)}}}
	return folder.Parse(none)
}

func TestParsePlacesEachRoute(t *testing.T) {
	set, problems := parse("# first\nroutes:\n  - id: a\n    match: /a\n\n  - {id: b, match: /b}\n")
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	want := []route.Definition{
		{ID: "a", Match: "/a", Origin: route.Origin{File: "routes/f.yaml", Line: 3, Column: 5}},
		{ID: "b", Match: "/b", Origin: route.Origin{File: "routes/f.yaml", Line: 6, Column: 6, Index: 1}},
	}
	if diff := cmp.Diff(want, set.Routes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// FuzzParse: whatever the bytes, parsing ends soon and without a panic, and each
// problem stands on a line that exists.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "routes: []", "backends: {legacy: {addresses: [\"http://a:1\"]}}",
		"routes:\n  - id: a\n    match: GET /a/{b}\n    stage: canary\n    weight: 1.5\n    cohort: [cookie:x]\n",
		"a: &a [x]\nb: *a\n", "? a\n: b\n", "<<: {a: b}\n", "- - - -\n", "a: |\n  b\n", "!!str a: b", "%YAML 1.2\n---\na\n...",
		"\t", "{", "[", "\"", "'", "a: [}", "a:\n - b\n  - c", "routes: {a: b}", "backends: []", "routes: [null, ~]", "\xff", "a: 0x1F\nb: 1e999",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		started := time.Now()
		folder := &Folder{Files: []File{{Name: "f.yaml", Data: data}}}
		_, problems := folder.Parse(none)
		lines := strings.Count(string(normalize(data)), "\n") + 1
		for _, p := range problems {
			if p.Origin.Line < 0 || p.Origin.Line > lines+1 {
				t.Errorf("line %d of %d: %v", p.Origin.Line, lines, p)
			}
		}
		if took := time.Since(started); took > 5*time.Second {
			t.Errorf("%d bytes took %v", len(data), took)
		}
	})
}

// A text means the same in quotes, without them and as a block, where it is right and
// where it is wrong.
func TestStyleOfTextSaysNothing(t *testing.T) {
	read := func(timeout, attempts string) (time.Duration, []string) {
		source := "routes:\n- id: a\n  match: /a\n  timeout: " + timeout + "\n  retry:\n    attempts: " + attempts + "\n"
		set, problems := (&Folder{Files: []File{{Name: "a.yaml", Data: []byte(source)}}}).Parse(os.LookupEnv)
		var texts []string
		for _, p := range problems {
			texts = append(texts, p.Path+": "+p.Message)
		}
		return set.Routes[0].Timeout, texts
	}
	for _, value := range []string{"2s", "soon"} {
		wantTimeout, want := read(`"`+value+`"`, `"`+value+`"`)
		for _, style := range []string{value, "'" + value + "'", "|-\n      " + value, ">-\n      " + value} {
			timeout, got := read(style, style)
			if diff := cmp.Diff(want, got); timeout != wantTimeout || diff != "" {
				t.Errorf("%s: %v, want %v (-quoted +got)\n%s", style, timeout, wantTimeout, diff)
			}
		}
	}
	if timeout, problems := read("2s", "2"); timeout != 2*time.Second || problems != nil {
		t.Errorf("%v %v", timeout, problems)
	}
}
