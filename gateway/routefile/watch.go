package routefile

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Timing says how a watch waits. The zero value means the defaults.
type Timing struct {
	// Quiet is how long the folder must be still before a change is reported, so
	// that an editor's several steps count as one. Default: 10ms.
	Quiet time.Duration
	// Longest is the longest that changes without a pause put a report off.
	// Default: 500ms.
	Longest time.Duration
	// Poll is how often a change is reported without a sign of one, for file systems
	// that give none (NFS, some overlays). Default: 10s.
	Poll time.Duration
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&t.Quiet, 10 * time.Millisecond}, {&t.Longest, 500 * time.Millisecond}, {&t.Poll, 10 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	return t
}

// Watch calls changed whenever something in the folder may have changed, one call
// at a time, until the context ends. Whoever is called reads the folder and
// compares. The first call comes at once, when the watch has begun: what changed
// between an earlier look at the folder and then gave no sign.
//
// The folder is watched, never a file in it: a file that an editor replaces by
// renaming, or that Kubernetes swaps by a symbolic link, would be lost. A folder
// that is missing, or that is removed and made again, is looked for at each poll. The
// folder of policies in it is watched along.
func Watch(ctx context.Context, dir string, timing Timing, changed func()) error {
	timing = timing.withDefaults()
	notifier, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching %s: %w", dir, err)
	}
	defer notifier.Close()
	add := func() { // again and again: a folder may be missing yet, or be another one now
		_ = notifier.Add(dir)
		_ = notifier.Add(filepath.Join(dir, PoliciesFolder))
	}
	add()
	changed()

	poll := time.NewTicker(timing.Poll)
	defer poll.Stop()
	quiet := time.NewTimer(timing.Poll)
	quiet.Stop()
	var first time.Time // of the changes not reported yet
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-notifier.Events:
			now := time.Now()
			if first.IsZero() {
				first = now
			}
			quiet.Reset(min(timing.Quiet, timing.Longest-now.Sub(first)))
		case err := <-notifier.Errors: // an overflow, most likely: changes were lost, so look
			if errors.Is(err, fsnotify.ErrClosed) {
				return fmt.Errorf("watching %s: %w", dir, err)
			}
			quiet.Reset(0)
		case <-quiet.C:
			first = time.Time{}
			add()
			changed()
		case <-poll.C:
			add()
			changed()
		}
	}
}
