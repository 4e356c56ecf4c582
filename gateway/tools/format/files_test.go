package format

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/routefile"
)

const untidy, tidy = "routes: [ ]\n", "routes: []\n"

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func formatted(t *testing.T, paths ...string) Report {
	t.Helper()
	files, err := Files(paths)
	if err != nil {
		t.Fatal(err)
	}
	return All(files)
}

func TestWriteKeepsModeAndLink(t *testing.T) {
	dir := t.TempDir()
	real := write(t, filepath.Join(dir, "real"), untidy, 0o600)
	folder := filepath.Join(dir, "routes")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "a.yaml")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	report := formatted(t, folder)
	if err := report.Write(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	if got := read(t, real); got != tidy {
		t.Errorf("written %q", got)
	}
	for _, d := range []string{dir, folder} {
		entries, err := os.ReadDir(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				t.Errorf("%s is left in %s", e.Name(), d)
			}
		}
	}
	if again := formatted(t, folder); again.Changed() || again.Refused() {
		t.Errorf("not canonical after it was written: %+v", again)
	}
}

func TestWriteLeavesNewerTextAlone(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "a.yaml"), untidy, 0o644)
	report := formatted(t, path)
	write(t, path, "backends: { }\n", 0o644) // an editor was faster
	if err := report.Write(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("err %v", err)
	}
	if got := read(t, path); got != "backends: { }\n" {
		t.Errorf("the newer text was replaced by %q", got)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestReport(t *testing.T) {
	dir := t.TempDir()
	a := write(t, filepath.Join(dir, "a.yaml"), untidy, 0o644)
	write(t, filepath.Join(dir, "b.yaml"), tidy, 0o644)
	c := write(t, filepath.Join(dir, "c.yaml"), "routes: [\n", 0o644)
	write(t, filepath.Join(dir, ".hidden.yaml"), untidy, 0o644)
	report := formatted(t, dir)
	if len(report.Files) != 3 || !report.Changed() || !report.Refused() {
		t.Fatalf("%+v", report)
	}
	report.AddDiffs()
	changes, refusals := report.Text(true)
	want := a + "\n--- " + a + ".orig\n+++ " + a + "\n@@ -1 +1 @@\n-routes: [ ]\n+routes: []\n"
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !strings.HasPrefix(refusals, c+":1:") {
		t.Errorf("refusals: %s", refusals)
	}
	if changes, _ := report.Text(false); changes != want[len(a)+1:] {
		t.Errorf("without names: %s", changes)
	}
	if err := report.Write(); err != nil {
		t.Fatal(err)
	}
	if read(t, c) != "routes: [\n" || read(t, a) != tidy {
		t.Error("the wrong file was written")
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	large := write(t, filepath.Join(dir, "large.yaml"), strings.Repeat("#", routefile.MaxFileSize+1), 0o644)
	for _, path := range []string{filepath.Join(dir, "none.yaml"), t.TempDir(), large} {
		if files, err := Files([]string{path}); err == nil {
			t.Errorf("%s: %d files", path, len(files))
		}
	}
}
