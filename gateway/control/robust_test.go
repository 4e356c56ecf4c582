package control

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"ficus/gateway/routefile"
)

// hazards are what happens to a folder of legacy.yaml and a.yaml, and what the log then
// says. The table before serves on.
var hazards = []struct {
	name string
	do   func(p *published)
	want string
}{
	{"half-written", files("a.yaml", goodFile[:len(goodFile)-4]), "routes/a.yaml:1:10: syntax: could not find flow mapping end token"},
	{"emptied", files("a.yaml", ""), "routes/a.yaml: read: reading: the file is empty"},
	{"zeros after a crash", files("a.yaml", strings.Repeat("\x00", 4096)), "routes/a.yaml:1:1: syntax: the text holds a NUL byte"},
	{"merge conflict", files("a.yaml", "routes:\n<<<<<<< HEAD\n=======\n>>>>>>> b\n"), "routes/a.yaml:2:1: syntax: a merge conflict is left in the file"},
	{"50 MB", sparse("b.yaml", 50_000_000), "routes/b.yaml: read: reading: larger than 16 MiB"},
	{"75 MiB in five files", func(p *published) {
		for i := range 5 {
			sparse(fmt.Sprintf("b%d.yaml", i), 15<<20)(p)
		}
	}, "routes/b4.yaml: read: reading: with it the files of the folder are larger than 64 MiB"},
	{"alias bomb", files("b.yaml", aliasBomb()), "routes/b.yaml:10:9: unsupported: anchors, aliases and tags"},
	{"tabs", files("a.yaml", "routes:\n\t- id: a\n"), "routes/a.yaml:2:1: syntax: found character '\\t'"},
	{"invalid UTF-8", files("a.yaml", goodFile+"# \xff\n"), "routes/a.yaml:2:3: syntax: the text is not UTF-8"},
	{"UTF-16", files("a.yaml", "\xff\xfer\x00o\x00"), "routes/a.yaml:1:1: syntax: the text is not UTF-8"},
	{"duplicate key", files("a.yaml", goodFile+goodFile), "routes/a.yaml:2:1: duplicate_key: the key \\\"routes\\\" stands here twice"},
	{"two files define one id", files("b.yaml", goodFile), "routes/b.yaml:1:16: duplicate_id: the id \\\"a\\\" is taken by routes/a.yaml:1:12"},
	{"two files define one backend", files("b.yaml", legacyFile), "routes/legacy.yaml:1:23: duplicate_id: the backend \\\"legacy\\\" is defined in routes/b.yaml"},
	{"folder deleted", func(p *published) { must(p.t, os.RemoveAll(p.dir)) }, "routes: read: reading: no such file or directory"},
	{"folder emptied", func(p *published) { remove(p, "a.yaml"); remove(p, "legacy.yaml") }, "routes: read: the folder holds no route file"},
	{"a file in its place", func(p *published) { must(p.t, os.RemoveAll(p.dir)); must(p.t, os.WriteFile(p.dir, nil, 0o600)) }, "routes: read: reading: not a directory"},
	{"legacy deleted", func(p *published) { remove(p, "legacy.yaml") }, "required: no file defines the backend legacy"},
	{"folder named as a file", func(p *published) { must(p.t, os.Mkdir(p.dir+"/b.yaml", 0o700)) }, "routes/b.yaml: read: reading: not a regular file"},
	{"pipe", func(p *published) { must(p.t, syscall.Mkfifo(p.dir+"/b.yaml", 0o600)) }, "routes/b.yaml: read: reading: not a regular file"},
	{"device", link("/dev/zero", "b.yaml"), "routes/b.yaml: read: reading: not a regular file"},
	{"link to nothing", link("nothing", "b.yaml"), "routes/b.yaml: read: reading: no such file or directory"},
	{"link to itself", link("b.yaml", "b.yaml"), "routes/b.yaml: read: reading: too many levels of symbolic links"},
	{"folder without permission", func(p *published) { p.tables.FS = denied{p.tables.FS} }, "routes: read: reading: permission denied"},
	{"file without permission", failing(syscall.EACCES, nil), "routes/a.yaml: read: reading: permission denied"},
	{"file that vanishes", failing(syscall.ENOENT, nil), "routes/a.yaml: read: reading: no such file or directory"},
	{"disk that fails", failing(nil, syscall.EIO), "routes/a.yaml: read: reading: input/output error"},
}

func TestTheLastGoodTableServesThroughout(t *testing.T) {
	for _, tc := range hazards {
		t.Run(tc.name, func(t *testing.T) {
			p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
			p.load(Applied)
			before, whole := p.live, p.tables.FS
			tc.do(p)
			p.load(Rejected)
			p.logged(tc.want)
			p.source(SourceFolder)
			if r := p.tables.Status().Readiness(); p.live != before || r.Status != "ready" || r.LastReloadOK || r.Errors == 0 {
				t.Errorf("the table before serves: %v; %+v", p.live == before, r)
			}
			p.load(Unchanged)

			p.tables.FS = whole
			must(t, os.RemoveAll(p.dir))
			must(t, os.Mkdir(p.dir, 0o700))
			p.write(map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
			p.load(Applied)
			if r := p.tables.Status().Readiness(); p.live.Revision != before.Revision || !r.LastReloadOK || r.Errors != 0 {
				t.Errorf("after the mend: %+v", r)
			}
		})
	}
}

func files(name, text string) func(p *published) {
	return func(p *published) { p.write(map[string]string{name: text}) }
}

func sparse(name string, size int64) func(p *published) {
	return func(p *published) {
		must(p.t, os.WriteFile(filepath.Join(p.dir, name), nil, 0o600))
		must(p.t, os.Truncate(filepath.Join(p.dir, name), size))
	}
}

func link(to, name string) func(p *published) {
	return func(p *published) { must(p.t, os.Symlink(to, filepath.Join(p.dir, name))) }
}

func remove(p *published, name string) { must(p.t, os.Remove(filepath.Join(p.dir, name))) }

func failing(open, read error) func(p *published) {
	return func(p *published) { p.tables.FS = brokenDisk{p.tables.FS, open, read} }
}

// brokenDisk fails on a.yaml.
type brokenDisk struct {
	fs.FS
	open, read error
}

func (b brokenDisk) Open(name string) (fs.File, error) {
	file, err := b.FS.Open(name)
	if err != nil || name != "a.yaml" {
		return file, err
	}
	if b.open != nil {
		file.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: b.open}
	}
	return brokenFile{file, b.read}, nil
}

type brokenFile struct {
	fs.File
	err error
}

func (b brokenFile) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: "a.yaml", Err: b.err}
}

var _ io.Reader = brokenFile{}

// aliasBomb would be 9^9 texts, were it expanded.
func aliasBomb() string {
	text := "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
	for c := 'b'; c <= 'i'; c++ {
		text += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), ", "))
	}
	return text + "routes: *i\n"
}

// What editors, version control and synchronisation leave beside a file changes nothing.
func TestTemporaryFiles(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
	p.load(Applied)
	for _, name := range []string{
		".a.yaml.swp", ".a.yaml.swx", "a.yaml~", "4913", "#a.yaml#", "a.yaml.tmp", "a.yaml.bak", "a.yaml.orig",
		"a.yaml___jb_tmp___", "a.yaml___jb_old___", ".a.yaml.kate-swp", ".goutputstream-X7Q2V1", "sedA1b2C3",
		".a.yaml.Xy12Zq", "a.yaml.~1~", ".nfs000000000001", "a.yaml.save", ".DS_Store", "Thumbs.db", ".~lock.a.yaml#",
	} {
		p.write(map[string]string{name: "\x00 not a route file"})
	}
	link("user@host.1234:1", ".#a.yaml")(p)
	must(t, os.Mkdir(p.dir+"/.git", 0o700))
	p.load(Unchanged)
}

// Byte order mark and line breaks of other systems mean nothing.
func TestOtherSystemsText(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": "routes:\n- id: a\n  match: GET /a\n"})
	p.load(Applied)
	revision := p.live.Revision
	for name, text := range map[string]string{
		"BOM":          "\ufeffroutes:\n- id: a\n  match: GET /a\n",
		"CRLF":         "routes:\r\n- id: a\r\n  match: GET /a\r\n",
		"CR":           "routes:\r- id: a\r  match: GET /a\r",
		"BOM and CRLF": "\ufeffroutes:\r\n- id: a\r\n  match: GET /a\r\n",
		"no last line": "routes:\n- id: a\n  match: GET /a",
	} {
		p.write(map[string]string{"a.yaml": text})
		p.load(Applied)
		if p.live.Revision != revision || p.live.Entry("a").Origin.Line != 2 {
			t.Errorf("%s: revision %s, line %d", name, p.live.Revision, p.live.Entry("a").Origin.Line)
		}
	}
}

// A file mends an error in another, since all of them are one table.
func TestAFileMendsAnother(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
	p.load(Applied)
	p.write(map[string]string{"a.yaml": "routes: [{ id: a, match: GET /a, backend: cart, stage: new }]\n"})
	p.load(Rejected)
	p.logged("routes/a.yaml:1:43: unknown_backend")
	p.write(map[string]string{"z.yaml": "backends: { cart: { addresses: [\"http://127.0.0.1:1\"] } }\n"})
	p.load(Applied)
	if p.live.Entry("a").Backend != "cart" {
		t.Error("the mended table does not serve")
	}
	// A route moves to another file: in between there are two of it.
	p.write(map[string]string{"b.yaml": "routes: [{ id: a, match: GET /a }]\n"})
	p.load(Rejected)
	remove(p, "a.yaml")
	p.load(Applied)
	if p.live.Entry("a").Backend != "" {
		t.Error("the route has not moved")
	}
}

// watched loads at each report of a watch, as the gateway does; await waits for an
// outcome that counts.
func (p *published) watched(dir string, timing routefile.Timing) (await func(want Outcome)) {
	ctx, cancel := context.WithCancel(p.t.Context())
	outcomes, ended := make(chan Outcome, 1000), make(chan error)
	go func() {
		ended <- routefile.Watch(ctx, dir, timing, func() {
			if outcome, _ := p.tables.Load(); outcome != Unchanged {
				outcomes <- outcome
			}
		})
	}()
	p.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
	})
	return func(want Outcome) {
		p.t.Helper()
		deadline := time.After(10 * time.Second)
		for {
			select {
			case got := <-outcomes:
				if got == want {
					return
				}
			case <-deadline:
				p.t.Fatalf("no load came to %v; the log:\n%s", want, &p.log)
			}
		}
	}
}

// Kubernetes swaps all files of a ConfigMap at once, by a symbolic link.
func TestConfigMap(t *testing.T) {
	p := newTables(t, nil)
	swap := func(version string, texts map[string]string) {
		must(t, os.Mkdir(filepath.Join(p.dir, version), 0o700))
		for name, text := range texts {
			must(t, os.WriteFile(filepath.Join(p.dir, version, name), []byte(text), 0o600))
		}
		must(t, os.Symlink(version, filepath.Join(p.dir, "..data_tmp")))
		must(t, os.Rename(filepath.Join(p.dir, "..data_tmp"), filepath.Join(p.dir, "..data")))
	}
	swap("..2026_1", map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
	link("..data/legacy.yaml", "legacy.yaml")(p)
	link("..data/a.yaml", "a.yaml")(p)
	p.load(Applied)
	await := p.watched(p.dir, routefile.Timing{Poll: 50 * time.Millisecond})
	swap("..2026_2", map[string]string{"legacy.yaml": legacyFile, "a.yaml": badFile})
	await(Rejected)
	swap("..2026_3", map[string]string{"legacy.yaml": legacyFile}) // a.yaml is a link to nothing
	await(Rejected)
	swap("..2026_4", map[string]string{"legacy.yaml": legacyFile, "a.yaml": strings.Replace(goodFile, "GET /a", "GET /b", 1)})
	await(Applied)
	if got := p.live.Entry("a").Pattern.String(); got != "GET /b" {
		t.Errorf("serving %s", got)
	}
}

// The folder goes, and comes back as another one; and it is a link that is turned to
// another release.
func TestFolderThatComesBack(t *testing.T) {
	p := newTables(t, nil)
	root := p.dir
	release := func(name, match string) string {
		dir := filepath.Join(root, name)
		must(t, os.Mkdir(dir, 0o700))
		must(t, os.WriteFile(filepath.Join(dir, "legacy.yaml"), []byte(legacyFile), 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(strings.Replace(goodFile, "GET /a", match, 1)), 0o600))
		return dir
	}
	turn := func(to string) {
		must(t, os.Symlink(to, filepath.Join(root, "next")))
		must(t, os.Rename(filepath.Join(root, "next"), filepath.Join(root, "current")))
	}
	serves := func(match string) {
		t.Helper()
		if got := p.live.Entry("a").Pattern.String(); got != match {
			t.Errorf("serving %s, want %s", got, match)
		}
	}
	first := release("one", "GET /one")
	turn(first)
	p.tables.FS = os.DirFS(filepath.Join(root, "current"))
	p.load(Applied)
	await := p.watched(filepath.Join(root, "current"), routefile.Timing{Poll: 20 * time.Millisecond})
	turn(release("two", "GET /two"))
	await(Applied)
	serves("GET /two")
	must(t, os.RemoveAll(filepath.Join(root, "two")))
	await(Rejected)
	serves("GET /two")
	release("two", "GET /three")
	await(Applied)
	serves("GET /three")
}

// A broken file takes about as long as a good one of its size: some took the square
// once, 42 s for 100 KB, and nothing else was loaded meanwhile.
func TestBrokenFilesTakeNoLonger(t *testing.T) {
	const size = 200_000
	check := func(text string) (time.Duration, Verdict) {
		fsys := fstest.MapFS{"legacy.yaml": {Data: []byte(legacyFile)}, "a.yaml": {Data: []byte(text)}}
		before := spent(t)
		v := Check(fsys, "routes", os.LookupEnv, time.Time{})
		return spent(t) - before, v
	}
	repeated := func(text string) string { return strings.Repeat(text, size/len(text)) }
	numbered := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	good, v := check("routes:\n" + numbered("- { id: r%[1]d, match: GET /%[1]d }\n"))
	if v.Table == nil {
		t.Fatal(v.Problems)
	}
	for name, text := range map[string]string{
		"one key":              repeated("a: b\n"),
		"unknown keys":         numbered("k%d: v\n"),
		"backends":             "backends:\n" + numbered("  b%d: {}\n"),
		"complex keys":         repeated("? a\n"),
		"merge keys":           repeated("<<: {a: b}\n"),
		"anchors":              numbered("k%[1]d: &a%[1]d [*a%[1]d]\n"),
		"texts for routes":     "routes: [\n" + repeated("a,\n") + "]",
		"mappings for routes":  "routes: [\n" + repeated("{a: b},\n") + "]",
		"routes without match": "routes:\n" + numbered("- id: r%d\n"),
		"routes of one id":     "routes:\n" + repeated("- { id: a, match: GET /a }\n"),
		"unknown backends":     "routes:\n" + numbered("- { id: r%[1]d, match: GET /%[1]d, backend: b%[1]d }\n"),
		"deep lists":           repeated(strings.Repeat("- ", 8000) + "\n"),
		"open brackets":        repeated("[\n"),
	} {
		t.Run(name, func(t *testing.T) {
			took, v := check(text)
			errors, _ := v.Problems.Count()
			if errors == 0 || len(v.Problems) > maxProblems+1 {
				t.Errorf("%d problems", len(v.Problems))
			}
			if took > time.Second+20*good {
				t.Errorf("took %v of processor time, a good file %v", took, good)
			}
		})
	}
}

// spent is the processor time of this process, which does not depend on what else the
// machine does.
func spent(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
