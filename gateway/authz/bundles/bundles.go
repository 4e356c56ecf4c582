// Package bundles brings policies from an OPA bundle server: room 3's policies where a
// company has OPA's control plane already. It runs OPA's own plugins (bundle, discovery,
// status, decision_logs) by OPA's own configuration file, but none of OPA's decisions:
// each bundle becomes an [authz.Set], compiled, tested and prepared before any request
// sees it.
//
// A bundle that is no good is refused before OPA activates it, so that OPA too goes on
// with the bundle before, its status report says why, and no broken bundle is kept on
// disk for the next start.
package bundles

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/plugins"
	"github.com/open-policy-agent/opa/v1/plugins/bundle"
	"github.com/open-policy-agent/opa/v1/plugins/discovery"
	"github.com/open-policy-agent/opa/v1/plugins/logs"
	"github.com/prometheus/client_golang/prometheus"

	"ficus/gateway/authz"
	"ficus/gateway/route"
)

// Config is what a [Remote] is made of. Text and Changed are needed.
type Config struct {
	// Text is OPA's configuration, YAML or JSON. "${NAME}" in it is that environment
	// variable, as with OPA, but one that is not set is an error.
	Text []byte

	// Changed is told which policies decide now, nil for none yet, and what is wrong
	// with the bundle or its download, if anything. It is called from one goroutine at a
	// time, and only if something is new. With errors the policies
	// are those from before. It must not call methods of the Remote but Set and Revisions.
	Changed func(*authz.Set, route.Problems)

	// Accept says what is wrong with policies although they compile, such as one that
	// routes name and that is missing. Errors refuse the bundle. Default: nothing is.
	Accept func(*authz.Set) route.Problems

	ID      string                      // this instance's, for OPA's services. Default: random
	Getenv  func(string) (string, bool) // Default: the environment
	Logger  *slog.Logger                // gets what OPA logs. Default: nothing is logged
	Metrics prometheus.Registerer       // for "prometheus: true" in Text. Default: none that anyone reads
}

// compileLimit bounds the compilation of a bundle and its own tests.
const compileLimit = 30 * time.Second

// A Remote keeps policies as a bundle server has them. Its methods may be called
// concurrently.
type Remote struct {
	accept  func(*authz.Set) route.Problems
	manager *plugins.Manager
	active  atomic.Pointer[active]

	telling telling
}

// active is what decides.
type active struct {
	set       *authz.Set
	revisions map[string]string // of the bundles, by name
}

// Start begins to load bundles, and returns without waiting for any. The error is of
// the configuration.
func Start(ctx context.Context, c Config) (*Remote, error) {
	r, err := create(c.withDefaults())
	if err != nil {
		return nil, err
	}
	if err := r.start(ctx); err != nil {
		r.manager.Stop(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("OPA's configuration: %w", err)
	}
	return r, nil
}

func create(c Config) (*Remote, error) {
	text, err := expand(c.Text, c.Getenv)
	if err != nil {
		return nil, err
	}
	r := &Remote{accept: c.Accept}
	r.telling.changed = c.Changed
	r.active.Store(&active{})
	log := &logger{to: c.Logger}
	r.manager, err = plugins.New(text, c.ID, newGate(r.judge),
		plugins.Logger(log), plugins.ConsoleLogger(log),
		plugins.WithParserOptions(ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true}),
		plugins.WithPrometheusRegister(c.Metrics),
	)
	if err != nil {
		return nil, fmt.Errorf("OPA's configuration: %w", err)
	}
	return r, nil
}

func (r *Remote) start(ctx context.Context) error {
	discover, err := discovery.New(r.manager)
	if err != nil {
		return err
	}
	r.manager.Register(discovery.Name, discover)
	discover.RegisterListener(r, func(s bundle.Status) {
		r.listen() // discovery may have brought the bundle plugin, or another configuration for it
		r.heard(s)
	})
	r.listen()
	// OPA's plugins live longer than this call.
	return r.manager.Start(context.WithoutCancel(ctx))
}

// listen has OPA tell what becomes of each download.
func (r *Remote) listen() {
	if plugin := bundle.Lookup(r.manager); plugin != nil {
		plugin.Register(r, r.heard)
	}
}

// Set returns the policies that decide now; nil until the first bundle is active.
func (r *Remote) Set() *authz.Set { return r.active.Load().set }

// Revisions returns the revisions of the bundles that decide now, by name.
func (r *Remote) Revisions() map[string]string { return r.active.Load().revisions }

// Look does now what the configuration leaves to someone else ("trigger: manual"): it has
// OPA look for a new configuration and new bundles, send off the decision log, and
// returns when that is done. What OPA does by itself is left to it. The error is what is
// told too.
func (r *Remote) Look(ctx context.Context) error {
	var failures []error
	if plugin := discovery.Lookup(r.manager); plugin != nil && manual(plugin.TriggerMode()) {
		failures = append(failures, plugin.Trigger(ctx))
	}
	if plugin := bundle.Lookup(r.manager); plugin != nil && allManual(plugin.Config().Bundles) {
		failures = append(failures, plugin.Trigger(ctx))
	}
	if plugin := logs.Lookup(r.manager); plugin != nil && manual(plugin.Config().Reporting.Trigger) {
		failures = append(failures, plugin.Trigger(ctx))
	}
	return errors.Join(failures...)
}

func manual(mode *plugins.TriggerMode) bool { return mode != nil && *mode == plugins.TriggerManual }

// allManual guards a trigger of OPA's that takes all bundles, and must not meet one that
// is being polled.
func allManual(bundles map[string]*bundle.Source) bool {
	for _, source := range bundles {
		if !manual(source.Trigger) {
			return false
		}
	}
	return true
}

// Close ends all that OPA does, and sends off what of the decision log is still here
// until the context ends. Changed is not called any more when it returns. Idle
// connections to OPA's services end by themselves, within 90 s.
func (r *Remote) Close(ctx context.Context) {
	r.manager.Stop(ctx)
	r.telling.end()
}

func (c Config) withDefaults() Config {
	if c.ID == "" {
		c.ID = "ficus-" + rand.Text()
	}
	if c.Getenv == nil {
		c.Getenv = os.LookupEnv
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if c.Accept == nil {
		c.Accept = func(*authz.Set) route.Problems { return nil }
	}
	return c
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// expand replaces the environment variables. OPA takes one that is not set for empty,
// which makes of a forgotten token an anonymous request.
func expand(text []byte, getenv func(string) (string, bool)) ([]byte, error) {
	var missing []error
	expanded := variable.ReplaceAllFunc(text, func(ref []byte) []byte {
		name := string(ref[2 : len(ref)-1])
		value, ok := getenv(name)
		if !ok {
			missing = append(missing, fmt.Errorf("the environment variable %q is not set", name))
		}
		return []byte(value)
	})
	return expanded, errors.Join(missing...)
}
