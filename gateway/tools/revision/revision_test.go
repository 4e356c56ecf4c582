package revision_test

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/gatewaytest"
	"ficus/gateway/routefile"
	"ficus/gateway/tools/revision"
)

// repository makes a repository with two commits: v1 and, with other content, main.
func repository(t *testing.T) string {
	t.Helper()
	program := gatewaytest.Need(t, "apt-get install git", "git")
	dir := t.TempDir()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	git := func(args ...string) {
		t.Helper()
		c := exec.Command(program, append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q", "-b", "main")
	write("top.yaml", "top")
	write("shared.yaml", "shared")
	write("sub/routes/a.yaml", "one")
	write("sub/routes/b c.yaml", strings.Repeat("two\n", 100_000))
	write("sub/routes/large.yaml", strings.Repeat("x", routefile.MaxFileSize+7))
	write("sub/routes/policies/p.rego", "package p")
	write("sub/routes/folder.yaml/x", "")
	write("sub/routes/odd\nname.yaml", "")
	link("../../shared.yaml", "sub/routes/shared.yaml")
	link("nowhere.yaml", "sub/routes/dangling.yaml")
	link("/etc/hostname", "sub/routes/outside.yaml")
	link("folder.yaml", "sub/routes/to-folder.yaml")
	git("add", "-A")
	git("commit", "-q", "-m", "first: things")
	git("tag", "v1")
	write("sub/routes/a.yaml", "changed")
	git("commit", "-q", "-am", "second")
	return dir
}

func TestOpen(t *testing.T) {
	dir := repository(t)
	sub := filepath.Join(dir, "sub")
	for _, tc := range []struct {
		dir, folder, open, name, file, want string
	}{
		{sub, "routes", "routes", "routes", "a.yaml", "changed"},
		{sub, "routes", "HEAD~1", "HEAD~1:sub/routes", "a.yaml", "one"},
		{sub, "routes", "v1", "v1:sub/routes", "policies/p.rego", "package p"},
		{sub, "routes", "main", "main:sub/routes", "a.yaml", "changed"},
		{dir, "sub/routes", "v1", "v1:sub/routes", "a.yaml", "one"},
		{dir, filepath.Join(dir, "sub", "routes"), "v1", "v1:sub/routes", "a.yaml", "one"},
		{sub, "../sub/./routes/", "v1", "v1:sub/routes", "a.yaml", "one"},
		{dir, "nothing", "v1:sub/routes", "v1:sub/routes", "a.yaml", "one"},
		{sub, "nothing", "v1:sub/routes/", "v1:sub/routes", "a.yaml", "one"},
		{sub, "nothing", "v1:./routes", "v1:sub/routes", "a.yaml", "one"},
		{sub, "nothing", "v1:", "v1:", "top.yaml", "top"},
		{sub, "nothing", "v1:..", "v1:", "top.yaml", "top"},
		{sub, "routes", "HEAD^{/first: things}", "HEAD^{/first: things}:sub/routes", "a.yaml", "one"},
	} {
		f, err := revision.Place{Dir: tc.dir, Folder: tc.folder}.Open(context.Background(), tc.open)
		if err != nil {
			t.Errorf("%s: %v", tc.open, err)
			continue
		}
		text, err := fs.ReadFile(f.FS, tc.file)
		if f.Name != tc.name || string(text) != tc.want || err != nil {
			t.Errorf("%s: %s %s: %q, %v", tc.open, f.Name, tc.file, text, err)
		}
	}
}

func TestOpenFails(t *testing.T) {
	dir := repository(t)
	for _, tc := range []struct{ dir, open, want string }{
		{dir, "v2", `"v2" is neither a folder nor a git revision`},
		{dir, "", `"" is neither a folder nor a git revision`},
		{dir, ":sub/routes", `":sub/routes" is neither a folder nor a git revision`},
		{dir, "--output=x", `"--output=x" is neither a folder nor a git revision`},
		{dir, "--output=x:sub", `"--output=x:sub" is neither a folder nor a git revision`},
		{dir, "v1", "v1:routes: the revision has no such folder"},
		{dir, "v1:sub/routes/a.yaml", "v1:sub/routes/a.yaml: the revision has no such folder"},
		{dir, "v1:../x", "v1:../x: ../x is outside of the repository"},
		{t.TempDir(), "v1", `"v1" is no folder, and as a git revision it can't be read: git: not a git repository`},
	} {
		_, err := revision.Place{Dir: tc.dir, Folder: "routes"}.Open(context.Background(), tc.open)
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%q: got %v, want %s", tc.open, err, tc.want)
		}
	}
}

func TestOpenWithoutGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := revision.Place{Dir: t.TempDir()}.Open(context.Background(), "main")
	if err == nil || !strings.HasSuffix(err.Error(), "git is not installed") {
		t.Errorf("got %v", err)
	}
}

// What git gives is a folder to all that reads folders, with the same problems.
func TestRevisionReadsAsFolder(t *testing.T) {
	dir := repository(t)
	f, err := revision.Place{Dir: dir}.Open(context.Background(), "v1:sub/routes")
	if err != nil {
		t.Fatal(err)
	}
	read, problems := routefile.Read(f.FS, f.Name)
	var got []string
	for _, file := range read.Files {
		got = append(got, file.Name)
	}
	for _, p := range problems {
		got = append(got, p.String())
	}
	want := []string{
		"v1:sub/routes/a.yaml", "v1:sub/routes/b c.yaml", "v1:sub/routes/shared.yaml",
		"v1:sub/routes/dangling.yaml: read: reading: the symbolic link leads nowhere in the revision (dangling)",
		"v1:sub/routes/folder.yaml: read: reading: not a regular file",
		"v1:sub/routes/large.yaml: read: reading: larger than 16 MiB",
		"v1:sub/routes/odd\nname.yaml: read: reading: the name holds a line break",
		"v1:sub/routes/outside.yaml: read: reading: the symbolic link leads nowhere in the revision (symlink)",
		"v1:sub/routes/to-folder.yaml: read: reading: not a regular file",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if string(read.Files[1].Data) != strings.Repeat("two\n", 100_000) || string(read.Files[2].Data) != "shared" {
		t.Error("the content differs")
	}
}
