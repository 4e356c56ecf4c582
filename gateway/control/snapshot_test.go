package control

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"ficus/gateway/change"
	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

// source checks that status, readiness and metrics agree on what serves.
func (p *published) source(want Source) {
	p.t.Helper()
	status := p.tables.Status()
	if status.Source != want || status.Readiness().Source != want || status.Table != p.live {
		p.t.Errorf("source %s, want %s; the status' table is that of the data plane: %v", status.Source, want, status.Table == p.live)
	}
	lines := ""
	for _, source := range []Source{SourceFolder, SourceLegacyOnly, SourceSnapshot, SourceUnguarded} {
		value := "0"
		if source == want {
			value = "1"
		}
		lines += `ficus_table_source{source="` + string(source) + `"} ` + value + "\n"
	}
	if want == SourceNone {
		lines = ""
	} else {
		lines = "# HELP ficus_table_source 1 for where the table that serves came from: folder, snapshot (the last good one of the state folder), unguarded (the folder's policies are broken: routes that have one answer 503) or legacy_only (no route is known, all goes to legacy).\n# TYPE ficus_table_source gauge\n" + lines
	}
	if err := testutil.GatherAndCompare(p.registry, strings.NewReader(lines), "ficus_table_source"); err != nil {
		p.t.Error(err)
	}
}

func (p *published) logged(want string) {
	p.t.Helper()
	if !strings.Contains(p.log.String(), want) {
		p.t.Errorf("the log does not say %q:\n%s", want, &p.log)
	}
}

// Whoever sees another status finds the metrics as they are with it.
func TestMetricsBeforeTheStatus(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
	told := 0
	p.tables.Changes = change.NewRecorder(change.Config{Now: time.Now, Count: func(change.Kind, int) {
		if status := p.tables.Status(); told == 0 { // the first change of a load, which comes with the status
			p.source(status.Source)
			if got := p.gauge("ficus_table_last_reload_successful") == 1; got != status.LastReloadOK {
				t.Errorf("the gauge says that the last reload was successful: %v", got)
			}
		}
		told++
	}})
	p.load(Applied)
	for _, text := range []string{badFile, goodFile} {
		told = 0
		p.write(map[string]string{"a.yaml": text})
		_, _ = p.tables.Load()
		if told == 0 {
			t.Errorf("no change was recorded of %q", text)
		}
	}
}

// kept makes a snapshot of a good folder.
func kept(t *testing.T) *published {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
	p.load(Applied)
	p.tables.Keep()
	return p
}

func (p *published) snapshot() string { return p.tables.Snapshot.String() }

func TestBrokenAtStartServesTheSnapshot(t *testing.T) {
	for name, breakIt := range map[string]func(p *published){
		"a broken file":  func(p *published) { p.write(map[string]string{"a.yaml": badFile}) },
		"no folder":      func(p *published) { must(p.t, os.RemoveAll(p.dir)) },
		"no file":        func(p *published) { must(p.t, os.Remove(p.dir+"/a.yaml")); must(p.t, os.Remove(p.dir+"/legacy.yaml")) },
		"no legacy":      func(p *published) { must(p.t, os.Remove(p.dir+"/legacy.yaml")) },
		"a folder there": func(p *published) { must(p.t, os.RemoveAll(p.dir)); must(p.t, os.WriteFile(p.dir, nil, 0o600)) },
		"no permission": func(p *published) {
			p.tables.FS = denied{os.DirFS(p.dir)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := kept(t)
			revision := p.live.Revision
			p.start()
			breakIt(p)
			p.load(FromSnapshot)
			p.source(SourceSnapshot)
			if p.live.Revision != revision || p.live.Entry("a") == nil {
				t.Errorf("serving %s with %d entries, want %s", p.live.Revision, len(p.live.Entries), revision)
			}
			p.logged("the last good snapshot serves")
			p.logged(`level=ERROR msg="table rejected"`)
			if p.gauge("ficus_table_last_reload_successful") != 0 || p.gauge("ficus_table_snapshot_kept") != 1 {
				t.Error("the gauges don't say that the folder is broken and the snapshot there")
			}
			p.load(Unchanged)
			p.tables.Keep() // which has nothing new to keep
			p.source(SourceSnapshot)
		})
	}
}

// denied is a folder that this user may not read; the tests may run as root, whom no
// file mode stops.
type denied struct{ fs.FS }

func (denied) ReadDir(string) ([]fs.DirEntry, error) {
	return nil, &fs.PathError{Op: "open", Path: ".", Err: syscall.EACCES}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSnapshotGivesWayToTheFolder(t *testing.T) {
	p := kept(t)
	p.start()
	p.write(map[string]string{"a.yaml": badFile})
	p.load(FromSnapshot)
	p.write(map[string]string{"a.yaml": badFile + "# still\n"})
	p.load(Rejected)
	p.source(SourceSnapshot)
	p.write(map[string]string{"a.yaml": strings.Replace(goodFile, "GET /a", "GET /b", 1)})
	p.load(Applied)
	p.source(SourceFolder)
	p.tables.Keep()
	p.start()
	p.write(map[string]string{"a.yaml": badFile})
	p.load(FromSnapshot)
	if got := p.live.Entry("a").Pattern.String(); got != "GET /b" {
		t.Errorf("the snapshot holds %s, want the newest", got)
	}
}

// A snapshot is parsed and compiled in the environment of today.
func TestSnapshotInTodaysEnvironment(t *testing.T) {
	t.Setenv("CART", "http://one:1")
	p := newTables(t, map[string]string{
		"legacy.yaml": legacyFile,
		"cart.yaml":   "backends: { cart: { addresses: [\"{$CART}\"] } }\nroutes: [{ id: cart, match: GET /cart, backend: cart }]\n",
	})
	p.load(Applied)
	p.tables.Keep()
	p.write(map[string]string{"a.yaml": badFile})
	t.Setenv("CART", "http://two:2")
	p.start()
	p.load(FromSnapshot)
	if got := p.live.Backends[0].Addresses[0]; got != "http://two:2" {
		t.Errorf("the address is %s", got)
	}

	must(t, os.Unsetenv("CART")) // t.Setenv brings it back
	p.start()
	p.load(LegacyOnly)
	p.source(SourceLegacyOnly)
	p.logged("the last good snapshot can't be served")
	p.logged(filepath.Base(p.snapshot()) + `/cart.yaml:1:33: value: the environment variable CART is not set`)
}

// Where the folder is gone and the snapshot no longer compiles, it still knows where
// legacy is.
func TestLegacyOfTheSnapshot(t *testing.T) {
	p := newTables(t, nil)
	bad := []routefile.File{{Name: "a.yaml", Data: []byte(badFile)}, {Name: "legacy.yaml", Data: []byte(legacyFile)}}
	must(t, p.tables.Snapshot.write(&routefile.Folder{Files: bad}))
	p.load(LegacyOnly)
	p.source(SourceLegacyOnly)
	if len(p.live.Entries) != 1 || p.live.Backends[0].Addresses[0] != "http://127.0.0.1:9101" {
		t.Errorf("serving %+v", p.live)
	}
}

// What the data plane refuses is no good snapshot.
func TestSnapshotRefusedByTheDataPlane(t *testing.T) {
	p := kept(t)
	p.start()
	must(t, os.RemoveAll(p.dir))
	p.refuse = route.Problems{{Code: route.CodeValue, Message: "no"}}
	p.load(Nothing)
	p.source(SourceNone)
	p.logged("the last good snapshot can't be served")
}

func TestBrokenSnapshots(t *testing.T) {
	good := kept(t)
	packed, err := os.ReadFile(good.snapshot())
	must(t, err)
	for _, tc := range []struct {
		name  string
		write func(path string) error
		why   string
	}{
		{"none", os.Remove, "no such file"},
		{"empty", bytesTo(nil), "EOF"},
		{"garbage", bytesTo([]byte(strings.Repeat("garbage", 1000))), "gzip: invalid header"},
		{"cut in its header", bytesTo(packed[:5]), "unexpected EOF"},
		{"cut in the middle", bytesTo(packed[:len(packed)/2]), "unexpected EOF"},
		{"cut before the checksum", bytesTo(packed[:len(packed)-8]), "unexpected EOF"},
		{"cut by a byte", bytesTo(packed[:len(packed)-1]), "unexpected EOF"},
		{"another byte", bytesTo(flipped(packed)), ""},
		{"not a tar", bytesTo(gzipped([]byte("no tar at all"))), "unexpected EOF"},
		{"no file in it", bytesTo(gzipped(make([]byte, 1024))), "holds no route file"},
		{"huge", func(path string) error { return os.Truncate(path, 1<<40) }, "larger than 128 MiB"},
		{"a bomb of one file", bytesTo(gzipped(tarHeader("a.yaml", 1<<40))), "larger than 128 MiB"},
		{"a bomb of zeros", bytesTo(zeros(maxSnapshotSize + 1)), "larger than 128 MiB"},
		{"a folder", func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, "not a regular file"},
		{"a pipe", func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)) }, "not a regular file"},
		{"a link to itself", func(path string) error { return errors.Join(os.Remove(path), os.Symlink(path, path)) }, "too many levels"},
		{"no route file", bytesTo(tarred("a.yaml", "routes: nonsense")), "can't be served"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := kept(t)
			p.start()
			p.write(map[string]string{"a.yaml": badFile})
			must(t, tc.write(p.snapshot()))
			p.load(LegacyOnly)
			p.source(SourceLegacyOnly)
			p.logged(tc.why)
			p.logged(p.snapshot())
			p.write(map[string]string{"a.yaml": goodFile})
			p.load(Applied)
			p.source(SourceFolder)
		})
	}
}

func bytesTo(data []byte) func(path string) error {
	return func(path string) error { return os.WriteFile(path, data, 0o600) }
}

func flipped(data []byte) []byte {
	data = slices.Clone(data)
	data[len(data)-6] ^= 1 // of the checksum
	return data
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

// zeros packs n zeros, which as a tar are its end, in the wrong place.
func zeros(n int) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for block := make([]byte, 1<<20); n > 0; n -= len(block) {
		_, _ = w.Write(block)
	}
	_ = w.Close()
	return b.Bytes()
}

func tarHeader(name string, size int64) []byte {
	var b bytes.Buffer
	_ = tar.NewWriter(&b).WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size})
	return b.Bytes()
}

func tarred(name, text string) []byte {
	var b bytes.Buffer
	_ = pack(&b, &routefile.Folder{Files: []routefile.File{{Name: name, Data: []byte(text)}}})
	return b.Bytes()
}

func TestSnapshotIsWrittenWhole(t *testing.T) {
	p := kept(t)
	info, err := os.Stat(p.snapshot())
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(p.state); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for i := range 3 {
		p.write(map[string]string{"a.yaml": goodFile + strings.Repeat("#\n", i+1)})
		p.load(Applied)
		p.tables.Keep()
	}
	entries, err := os.ReadDir(p.state)
	if err != nil || len(entries) != 1 {
		t.Errorf("the state folder holds %v, %v", entries, err)
	}
	folder, _, err := p.tables.Snapshot.read()
	must(t, err)
	base := filepath.Base(p.snapshot())
	want := []routefile.File{
		{Name: base + "/a.yaml", Data: []byte(goodFile + "#\n#\n#\n")},
		{Name: base + "/legacy.yaml", Data: []byte(legacyFile)},
	}
	if diff := cmp.Diff(want, folder.Files); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Two folders share a state folder, and neither gateway serves the routes of the other.
func TestSnapshotsKeepApart(t *testing.T) {
	p := kept(t)
	q := newTables(t, nil)
	q.state = p.state
	q.start()
	q.load(Nothing)
	if a, b := p.tables.Snapshot, q.tables.Snapshot; a == b {
		t.Errorf("both are %s", a)
	}
}

// A rejected table, and one that was only tried out, are not kept.
func TestWhatIsNotKept(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
	p.load(Applied)
	if _, err := os.Stat(p.snapshot()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a load alone has written: %v", err)
	}
	p.tables.Keep()
	before, err := os.ReadFile(p.snapshot())
	must(t, err)
	p.write(map[string]string{"a.yaml": badFile})
	p.load(Rejected)
	p.tables.Keep()
	if after, _ := os.ReadFile(p.snapshot()); !bytes.Equal(before, after) {
		t.Error("a rejected load has changed the snapshot")
	}
}

// A state folder that can't be written keeps no table from serving; the log says so
// once for each change, and when it is over.
func TestUnwritableState(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
	must(t, os.WriteFile(p.state, nil, 0o600)) // a file where the folder would be
	warnings := func() int { return strings.Count(p.log.String(), "can't be kept") }
	p.load(Applied)
	for range 3 {
		p.tables.Keep()
	}
	if warnings() != 1 || p.gauge("ficus_table_snapshot_kept") != 0 {
		t.Errorf("%d warnings:\n%s", warnings(), &p.log)
	}
	p.write(map[string]string{"a.yaml": goodFile + "#\n"})
	p.load(Applied)
	p.source(SourceFolder)
	for range 3 {
		p.tables.Keep()
	}
	if warnings() != 2 {
		t.Errorf("%d warnings:\n%s", warnings(), &p.log)
	}
	must(t, os.Remove(p.state))
	p.tables.Keep()
	p.logged("kept again")
	if p.gauge("ficus_table_snapshot_kept") != 1 {
		t.Error("the gauge does not say that the snapshot is kept")
	}
	// The name is taken by a folder: nothing is left behind.
	must(t, os.Remove(p.snapshot()))
	must(t, os.MkdirAll(p.snapshot()+"/x", 0o700))
	p.write(map[string]string{"a.yaml": goodFile + "##\n"})
	p.load(Applied)
	p.tables.Keep()
	if entries, _ := os.ReadDir(p.state); warnings() != 3 || len(entries) != 1 {
		t.Errorf("%d warnings, %v", warnings(), entries)
	}
}

// The loop keeps what was applied before it began, then changes, the last one of many, and
// tries again after a failure. At its end nothing is left to keep.
func TestKeepSnapshots(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": legacyFile, "a.yaml": goodFile})
	holds := func(want string) {
		t.Helper()
		folder, _, err := p.tables.Snapshot.read()
		if err != nil || string(folder.Files[0].Data) != want {
			t.Errorf("the snapshot does not hold %q: %v", want, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		p.load(Applied)
		ctx, stop := context.WithCancel(t.Context())
		go p.tables.KeepSnapshots(ctx)
		synctest.Wait()
		holds(goodFile)
		for _, remark := range []string{"#0\n", "#1\n"} {
			p.write(map[string]string{"a.yaml": goodFile + remark})
			p.load(Applied)
			synctest.Wait()
			holds(goodFile)
		}
		<-time.After(keepPause)
		synctest.Wait()
		holds(goodFile + "#1\n")
		<-time.After(keepPause)

		must(t, os.RemoveAll(p.state))
		must(t, os.WriteFile(p.state, nil, 0o600))
		p.write(map[string]string{"a.yaml": goodFile + "#2\n"})
		p.load(Applied)
		synctest.Wait()
		must(t, os.Remove(p.state))
		<-time.After(keepRetry)
		synctest.Wait()
		holds(goodFile + "#2\n")

		p.write(map[string]string{"a.yaml": goodFile + "#3\n"})
		p.load(Applied)
		stop()
		synctest.Wait()
		holds(goodFile + "#3\n")
	})
}

// FuzzSnapshot: whatever the bytes, they are refused or hold files that can be packed
// again.
func FuzzSnapshot(f *testing.F) {
	f.Add(tarred("a.yaml", goodFile))
	f.Add(tarred("policies/a.rego", "package a"))
	f.Add(gzipped(tarHeader("a.yaml", 1<<40)))
	f.Add(gzipped(make([]byte, 2048)))
	f.Add([]byte("garbage"))
	f.Fuzz(func(t *testing.T, data []byte) {
		folder, err := unpack(bytes.NewReader(data), "s")
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := pack(&again, folder); err != nil {
			t.Skip(err) // a name that a tar may hold and not every writer writes
		}
		back, err := unpack(&again, "s")
		if diff := cmp.Diff(folder, back); err != nil || diff != "" {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	})
}

// The snapshot's policies decide: where the folder's are the same, nothing is wrong with
// them, whatever is wrong with its routes.
func TestPoliciesOfTheSnapshot(t *testing.T) {
	p := newTables(t, map[string]string{"legacy.yaml": guardedFile, "policies/cart.rego": goodPolicy})
	p.load(Applied)
	p.tables.Keep()
	p.start()
	p.write(map[string]string{"a.yaml": badFile})
	p.load(FromSnapshot)
	if p.policies == nil || p.tables.Status().Policies != p.policies {
		t.Error("the status does not name the policies that decide")
	}
	p.policiesDecide(1)
	p.start()
	p.write(map[string]string{"policies/cart.rego": badPolicy})
	p.load(FromSnapshot)
	p.policiesDecide(0)
}
