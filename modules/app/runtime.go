package app

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/authz"
	"ficus/gateway/authz/bundles"
	"ficus/gateway/backend"
	"ficus/gateway/change"
	"ficus/gateway/change/grafana"
	"ficus/gateway/control"
	"ficus/gateway/history"
	"ficus/gateway/mining"
	"ficus/gateway/pipeline"
	"ficus/gateway/routefile"
	"ficus/gateway/shadow"
	"ficus/gateway/telemetry"
	"ficus/gateway/traffic"
	"ficus/modules/internal/logto"
)

// runtimes holds the runtime of each distinct settings for as long as any
// configuration uses it. Caddy provisions a new configuration before it cleans up
// the old one, so on a reload the runtime is never without a user.
var runtimes = caddy.NewUsagePool()

// settings are what makes two runtimes different, resolved.
type settings struct {
	routes, state string // absolute
	cohortKey     string
	opaConfig     string // absolute; "" for none
}

// runtime is what outlives configurations: the live table, the backends with
// their connections, the counters and the watch.
type runtime struct {
	settings    settings
	log         *logto.Handler
	metrics     *telemetry.Metrics
	backends    *backend.Registry
	pipeline    *pipeline.Pipeline
	shadow      *shadow.Copier
	tables      *control.Tables
	kills       *control.KillSwitch
	changes     *change.Recorder
	emitter     *emitter
	annotator   *grafana.Annotator
	history     *history.History
	mined       *mining.Miner
	signer      *signer
	remote      *bundles.Remote // nil where policies come from the route folder
	decided     *authz.Log
	decisionLog *logto.Handler

	startWatch sync.Once
	stop       context.CancelFunc
	stopped    context.Context
	watching   sync.WaitGroup

	startTelling sync.Once
	telling      sync.WaitGroup
	stopTelling  context.CancelFunc // nil before
}

func newRuntime(s settings, maxRemoval int, log slog.Handler) (*runtime, error) {
	key, err := cohortKey(s)
	if err != nil {
		return nil, err
	}
	r := &runtime{settings: s, log: &logto.Handler{}, metrics: telemetry.New(), mined: mining.New()}
	r.decisionLog = &logto.Handler{}
	r.decisionLog.Set(slog.DiscardHandler)
	r.decided = newDecisions(r)
	r.log.Set(log)
	logger := slog.New(r.log)
	r.changes = change.NewRecorder(change.Config{Now: time.Now, Logger: logger, Count: r.metrics.Changed})
	r.emitter, r.annotator = newEmitter(r.changes, r.metrics), grafana.New(r.changes, r.metrics, logger)
	r.signer = &signer{state: s.state, logger: logger}
	r.stopped, r.stop = context.WithCancel(context.Background())
	kills, err := traffic.New(traffic.KillsIn(s.state))
	if err != nil {
		logger.Error("the kill switch forgot which routes were killed: what it kept can't be read", "error", err)
	}
	r.backends = backend.NewRegistry(backend.Config{NewLeaf: newLeaf, Random: rand.IntN, Changes: r.changes})
	r.metrics.ReadBackends(r.backends.Status)
	r.shadow = shadow.New(shadow.Config{
		NewLeaf: newShadowLeaf, Key: key, Metrics: r.metrics, Random: rand.Float64, Now: time.Now, Logger: logger,
	})
	r.pipeline = pipeline.New(pipeline.Config{
		Backends:  r.backends,
		Metrics:   r.metrics,
		Key:       key,
		Kills:     kills,
		Issue:     r.signer.issue,
		Decisions: r.decided,
		Mined:     r.mined,
		Now:       time.Now,
		Logger:    logger,
		Shadow:    r.shadow,
	})
	r.tables = &control.Tables{
		FS:       os.DirFS(s.routes),
		Name:     filepath.Base(s.routes),
		Snapshot: control.SnapshotIn(s.state, s.routes),
		Lookup:   os.LookupEnv,
		Publish:  r.pipeline.Publish,
		Metrics:  r.metrics,
		Changes:  r.changes,
		Logger:   logger,
		Now:      time.Now,
	}
	r.kills = &control.KillSwitch{Kills: kills, Table: r.pipeline.Table, Metrics: r.metrics, Changes: r.changes, Logger: logger, Now: time.Now}
	r.history = history.New(history.Config{Metrics: r.metrics, Table: r.pipeline.Table, File: history.ProgressIn(s.state), Now: time.Now, Logger: logger})
	if err := r.startRemote(logger); err != nil {
		return nil, errors.Join(err, r.decided.Close())
	}
	r.tables.UseMaxRemoval(maxRemoval)
	keepFloor()
	_, _ = r.tables.Load() // which reports by itself
	r.kills.Resume()
	return r, nil
}

// watch starts the watch of the route folder, the keeping of snapshots and what the console
// lives on, once.
func (r *runtime) watch() {
	r.startWatch.Do(func() {
		r.watching.Go(func() { r.tables.KeepSnapshots(r.stopped) })
		r.watching.Go(func() { r.history.Run(r.stopped) })
		r.watching.Go(func() { r.mined.Run(r.stopped) })
		r.watching.Go(func() {
			err := routefile.Watch(r.stopped, r.settings.routes, routefile.Timing{}, func() { _, _ = r.tables.Load() })
			if err != nil {
				slog.New(r.log).Error("the route folder is no longer watched: edits take effect at the next restart", "error", err)
			}
		})
	})
}

// tell starts to tell others of changes, once.
func (r *runtime) tell() {
	r.startTelling.Do(func() {
		ctx, stop := context.WithCancel(context.Background())
		r.stopTelling = stop
		r.telling.Go(func() { r.emitter.changes.Run(ctx, r.emitter.emit) })
		r.telling.Go(func() { r.annotator.Run(ctx) })
	})
}

// Destruct ends the runtime: the watch stops, idle connections to backends close,
// requests in flight end as usual, and others are told of the last changes.
func (r *runtime) Destruct() error {
	r.stop()
	r.watching.Wait()
	if r.remote != nil {
		r.remote.Close(context.Background())
	}
	r.pipeline.Close()
	r.shadow.Close()
	r.startTelling.Do(func() { r.stopTelling = func() {} }) // nobody was told, and nobody will be
	r.stopTelling()
	r.telling.Wait()
	return errors.Join(r.signer.close(), r.decided.Close(), dropFloor())
}
