package opa

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/authz"
	"ficus/gateway/authz/bundles"
	"ficus/gateway/guard"
	"ficus/gateway/route"
	"ficus/gateway/routefile"
	"ficus/modules/internal/logto"
)

// instances holds the policies of each source for as long as any handler of any
// configuration uses them: a reload of Caddy compiles nothing and loses nothing.
var instances = caddy.NewUsagePool()

// source is where policies come from: absolute paths, "" for none.
type source struct {
	policies string // folder
	config   string // OPA's configuration file
}

// instance is the policies of a source, and the way to OPA's decision log.
type instance struct {
	log    *logto.Handler
	folder *guard.Folder   // nil for none
	remote *bundles.Remote // nil for none
	own    guard.Needs     // of the bundles' policies
	active atomic.Pointer[authz.Set]
}

// closeLimit is how long the end of an instance waits for the rest of the decision log.
const closeLimit = 5 * time.Second

func newInstance(s source, log *slog.Logger) (*instance, error) {
	i := &instance{log: &logto.Handler{}}
	i.log.Set(log.Handler())
	logger := slog.New(i.log)
	if s.config != "" {
		text, err := os.ReadFile(s.config)
		if err != nil {
			return nil, err
		}
		i.remote, err = bundles.Start(context.Background(), bundles.Config{
			Text: text, Logger: logger, Changed: i.changed,
			Accept: func(set *authz.Set) route.Problems { return i.own.Lost(i.active.Load(), set) },
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.config, err)
		}
	}
	if s.policies != "" {
		i.folder = guard.Open(s.policies, routefile.Timing{}, logger)
	}
	return i, nil
}

// changed takes what the bundle server has, or what is wrong with it.
func (i *instance) changed(set *authz.Set, problems route.Problems) {
	logger := slog.New(i.log)
	guard.LogProblems(logger, problems)
	if before := i.active.Swap(set); before != set {
		logger.Info("policies applied", "revision", set.ID(), "policies", set.Names(), "tests", set.Tests)
	} else if problems.HasErrors() {
		logger.Error("bundle rejected or not loaded: the policies from before decide", "revision", set.ID())
	}
}

// Set returns the policies that decide now.
func (i *instance) Set() *authz.Set {
	if i.folder != nil {
		return i.folder.Set()
	}
	return i.active.Load()
}

func (i *instance) needs() *guard.Needs {
	if i.folder != nil {
		return &i.folder.Needs
	}
	return &i.own
}

// Destruct ends the watch of the folder and all of OPA's plugins.
func (i *instance) Destruct() error {
	if i.folder != nil {
		i.folder.Close()
	}
	if i.remote != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
		defer cancel()
		i.remote.Close(ctx)
	}
	return nil
}

// recorder logs decisions, to OPA's decision log too where there is one.
type recorder struct {
	guard.Log
	instance *instance
}

// Decided records the decision.
func (r recorder) Decided(e authz.Event) {
	r.Log.Decided(e)
	if r.instance.remote == nil {
		return
	}
	if err := r.instance.remote.Report(context.Background(), e); err != nil {
		r.To.Error("a decision is missing in OPA's decision log", "request_id", e.RequestID, "error", err)
	}
}
