package routefile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watchFolder watches dir until the test ends, and returns when the watch has begun.
// What it returns waits until the file reads as wanted at the moment of a report.
func watchFolder(t *testing.T, dir string, timing Timing) (await func(file, want string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reports, ended := make(chan struct{}, 1000), make(chan error)
	go func() { ended <- Watch(ctx, dir, timing, func() { reports <- struct{}{} }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-reports // the first, which no change made
	return func(file, want string) {
		t.Helper()
		deadline := time.After(10 * time.Second)
		for {
			select {
			case <-reports:
				if got, _ := os.ReadFile(filepath.Join(dir, file)); string(got) == want {
					return
				}
			case <-deadline:
				t.Fatalf("no report of %s = %q", file, want)
			}
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// onlySigns makes a report without a sign from the file system impossible.
var onlySigns = Timing{Poll: time.Hour}

func TestWatchPlainWrites(t *testing.T) {
	dir := t.TempDir()
	await := watchFolder(t, dir, onlySigns)
	for i := range 5 {
		write(t, filepath.Join(dir, "a.yaml"), fmt.Sprint(i))
		await("a.yaml", fmt.Sprint(i))
	}
}

// Editors write a new file and rename it over the old one.
func TestWatchRename(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "old")
	await := watchFolder(t, dir, onlySigns)
	for _, text := range []string{"one", "two", "three"} {
		write(t, filepath.Join(dir, ".a.yaml.swp"), text)
		do(t, os.Rename(filepath.Join(dir, ".a.yaml.swp"), filepath.Join(dir, "a.yaml")))
		await("a.yaml", text)
	}
}

// Kubernetes swaps a ConfigMap's files by renaming the symbolic link "..data".
func TestWatchSymlinkSwap(t *testing.T) {
	dir := t.TempDir()
	swap := func(version, text string) {
		do(t, os.Mkdir(filepath.Join(dir, version), 0o755))
		write(t, filepath.Join(dir, version, "a.yaml"), text)
		do(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		do(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	swap("..v1", "one")
	do(t, os.Symlink("..data/a.yaml", filepath.Join(dir, "a.yaml")))
	await := watchFolder(t, dir, onlySigns)
	swap("..v2", "two")
	await("a.yaml", "two")
	swap("..v3", "three")
	await("a.yaml", "three")
	folder, problems := Read(os.DirFS(dir), "routes")
	if len(folder.Files) != 1 || string(folder.Files[0].Data) != "three" || len(problems) != 0 {
		t.Errorf("read %+v, %v", folder, problems)
	}
}

func TestWatchFolderMadeAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "routes")
	await := watchFolder(t, dir, Timing{Poll: 20 * time.Millisecond}) // not there yet
	for _, text := range []string{"one", "two"} {
		do(t, os.Mkdir(dir, 0o755))
		write(t, filepath.Join(dir, "a.yaml"), text)
		await("a.yaml", text)
		do(t, os.RemoveAll(dir))
	}
}

// Changes that never pause are reported all the same.
func TestWatchLongest(t *testing.T) {
	dir := t.TempDir()
	await := watchFolder(t, dir, Timing{Poll: time.Hour, Quiet: time.Hour, Longest: 50 * time.Millisecond})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				_ = os.WriteFile(filepath.Join(dir, "a.yaml"), nil, 0o644)
			}
		}
	}()
	await("a.yaml", "")
	close(stop)
	<-stopped
}

// A change that comes between the first look at a folder and the start of the watch
// gives no sign: the watch begins with a report.
func TestWatchBeginsWithAReport(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "before the watch")
	ctx, cancel := context.WithCancel(context.Background())
	reports, ended := make(chan struct{}, 1), make(chan error)
	go func() { ended <- Watch(ctx, dir, onlySigns, func() { reports <- struct{}{} }) }()
	select {
	case <-reports:
	case <-time.After(10 * time.Second):
		t.Error("no report without a change")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWatchReportsBurstOnce(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	reports, ended := make(chan struct{}, 1000), make(chan error)
	go func() {
		ended <- Watch(ctx, dir, Timing{Poll: time.Hour, Quiet: 300 * time.Millisecond, Longest: time.Hour}, func() { reports <- struct{}{} })
	}()
	<-reports // the first, which no change made
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for i := range 200 {
		write(t, filepath.Join(dir, "a.yaml"), fmt.Sprint(i))
		<-pace.C
	}
	select {
	case <-reports:
	case <-time.After(10 * time.Second):
		t.Fatal("no report")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := len(reports); n != 0 {
		t.Errorf("%d further reports of one burst", n)
	}
}
