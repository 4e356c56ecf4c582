package guard

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/authz"
	"ficus/gateway/route"
	"ficus/gateway/routefile"
)

// compileLimit bounds the compilation of a folder and its own tests.
const compileLimit = 30 * time.Second

// A Folder keeps the policies of a folder. An edit takes effect when it is saved; a
// folder that does not compile, whose tests fail or that lost a policy in use leaves the
// policies before deciding. Its methods may be called concurrently.
type Folder struct {
	Needs

	dir    string
	logger *slog.Logger
	set    atomic.Pointer[authz.Set]
	stop   context.CancelFunc
	watch  sync.WaitGroup

	mu     sync.Mutex
	judged string // revision and problems of the files seen last
}

// Open reads a folder and watches it until Close. A folder that is broken or missing is
// no error: it has no policies until it is mended, and the log says why.
func Open(dir string, timing routefile.Timing, logger *slog.Logger) *Folder {
	f := &Folder{dir: dir, logger: logger}
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	f.Load(ctx)
	f.watch.Go(func() {
		if err := routefile.Watch(ctx, dir, timing, func() { f.Load(ctx) }); err != nil {
			logger.Error("the folder of policies is no longer watched: edits take effect at the next restart", "folder", dir, "error", err)
		}
	})
	return f
}

// Set returns the policies that decide now; nil for none.
func (f *Folder) Set() *authz.Set { return f.set.Load() }

// Close ends the watch.
func (f *Folder) Close() {
	f.stop()
	f.watch.Wait()
}

// Load reads the folder now, and compiles it unless it did so before.
func (f *Folder) Load(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	files, problems := authz.Read(os.DirFS(f.dir), filepath.Base(f.dir))
	seen := authz.Revision(files) + problems.Text()
	if seen == f.judged || ctx.Err() != nil {
		return
	}
	var set *authz.Set
	if !problems.HasErrors() {
		limited, cancel := context.WithTimeout(ctx, compileLimit)
		defer cancel()
		set, problems = authz.Compile(limited, files)
	}
	if ctx.Err() != nil {
		return
	}
	f.judged = seen
	if !problems.HasErrors() {
		problems = append(problems, f.Lost(f.Set(), set)...)
	}
	f.take(set, problems)
}

// take lets the policies decide, or says why the ones before go on.
func (f *Folder) take(set *authz.Set, problems route.Problems) {
	LogProblems(f.logger, problems)
	switch {
	case !problems.HasErrors():
		f.set.Store(set)
		f.logger.Info("policies applied", "folder", f.dir, "revision", set.ID(), "policies", set.Names(), "tests", set.Tests)
	case f.Set() != nil:
		f.logger.Error("policies rejected: those from before decide", "folder", f.dir, "revision", f.Set().ID())
	default:
		f.logger.Error("no policies: what they guard is refused", "folder", f.dir)
	}
}
