package control

import (
	"context"
	"sync"
	"time"

	"ficus/gateway/internal/pause"
	"ficus/gateway/routefile"
)

const (
	keepPause = time.Second      // at least, between two snapshots: to pack one costs as much as the edit
	keepRetry = 10 * time.Second // after a failure, until it is tried again
)

// KeepSnapshots keeps the folder that was applied last in the snapshot, now and after
// each change, until the context ends. Of changes that follow each other closely, the last
// one is kept. It begins once the gateway runs: what is only tried out must not replace
// what serves. It is a goroutine of its own, since a state folder that hangs must not keep
// an edit from taking effect.
func (t *Tables) KeepSnapshots(ctx context.Context) {
	wakes := make(chan struct{}, 1)
	t.mu.Lock()
	t.wakes = wakes
	t.mu.Unlock()
	retry := time.NewTicker(keepRetry)
	defer retry.Stop()
	defer t.Keep() // what was applied since
	for {
		t.Keep()
		if pause.For(ctx, keepPause) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-wakes:
		case <-retry.C:
		}
	}
}

// keeping is what is known of attempts to keep a snapshot.
type keeping struct {
	mu      sync.Mutex        // held during an attempt
	failing bool              // the last one failed
	warned  *routefile.Folder // and the log says so of this content
}

// Keep writes the folder that was applied last into the snapshot, unless it is there.
// Where that fails, the log says so once for each change of the folder.
func (t *Tables) Keep() {
	t.keep.mu.Lock()
	defer t.keep.mu.Unlock()
	t.mu.Lock()
	folder := t.unkept
	t.mu.Unlock()
	if folder == nil || t.Snapshot == (Snapshot{}) {
		return
	}
	err := t.Snapshot.write(folder)
	t.Metrics.SnapshotKept(err == nil)
	if err != nil {
		if t.keep.warned != folder {
			t.Logger.Warn("the last good snapshot can't be kept: a restart with a broken route folder would not have this table",
				"snapshot", t.Snapshot.String(), "error", err)
		}
		t.keep.failing, t.keep.warned = true, folder
		return
	}
	if t.keep.failing {
		t.Logger.Info("the last good snapshot is kept again", "snapshot", t.Snapshot.String())
	}
	t.keep.failing, t.keep.warned = false, nil
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unkept == folder {
		t.unkept = nil
	}
}

// fromSnapshot makes the snapshot's table serve, compiled in today's environment. The
// verdict has no table where that fails; the log says why.
func (t *Tables) fromSnapshot() Verdict {
	if t.Snapshot == (Snapshot{}) {
		return Verdict{}
	}
	folder, written, err := t.Snapshot.read()
	if err != nil {
		t.Logger.Warn("there is no last good snapshot to serve", "snapshot", t.Snapshot.String(), "error", err)
		return Verdict{}
	}
	v := t.publish(folder, new(memory).judge(folder, nil, t.Lookup, t.Now(), t.policySource()))
	if v.Table == nil {
		t.Logger.Error("the last good snapshot can't be served", "snapshot", t.Snapshot.String(),
			"written", written, "problems", len(v.Problems))
		t.logProblems(v.Problems)
		return v
	}
	t.Metrics.SnapshotKept(true)
	t.Logger.Warn("the last good snapshot serves", "revision", v.Table.Revision, "snapshot", t.Snapshot.String(), "written", written)
	return v
}
