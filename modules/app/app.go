// Package app is the Caddy app "ficus": the deploy clock. It says where the route
// files lie and holds the runtime, which outlives Caddy's configuration reloads.
package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"ficus/gateway/backend"
	"ficus/gateway/change/grafana"
	"ficus/gateway/connections"
	"ficus/gateway/control"
	"ficus/gateway/identity"
	"ficus/gateway/pipeline"
	"ficus/gateway/telemetry/trace"
)

func init() {
	caddy.RegisterModule(App{})
}

// App is the gateway's configuration.
type App struct {
	// Routes is the folder of route files. It is watched: an edit takes effect
	// without a reload of Caddy. Default: "routes" in the working directory.
	Routes string `json:"routes,omitempty"`

	// State is the folder for what the gateway itself keeps: the cohort key, and the
	// last good route files for a start with a broken folder. Default: "ficus" in
	// Caddy's data directory.
	State string `json:"state,omitempty"`

	// CohortKey is the secret by which clients fall into cohorts. Gateways that
	// stand side by side need the same one; give it by environment. Default: random,
	// kept in the state folder.
	CohortKey string `json:"cohort_key,omitempty"`

	// OPAConfig is a file of OPA's own configuration, YAML or JSON: policies then come
	// from the bundle server that it names, and not from the route folder, and OPA's
	// status and decision logs go where it says. Default: none.
	OPAConfig string `json:"opa_config,omitempty"`

	// MaxRemoval is how many percent of the routes an edit of the folder, or a start, may
	// find gone and still be taken, of a table of ten or more; beyond it the table before
	// serves on until somebody confirms the edit (ficus routes confirm). 1 to 100, which
	// takes all. Default: 50.
	MaxRemoval int `json:"max_removal,omitempty"`

	// Identity says how the gateway knows who asks. Default: it knows nobody.
	Identity *Identity `json:"identity,omitempty"`

	// Capacity says how much the gateway takes at a time. Default: what the machine carries.
	Capacity *Capacity `json:"capacity,omitempty"`

	// Faults lets the faults hit that routes have on purpose, for rehearsals. Default:
	// false; then they do nothing.
	Faults bool `json:"faults,omitempty"`

	// Tracing makes OpenTelemetry traces of requests. Default: there are none.
	Tracing *Tracing `json:"tracing,omitempty"`

	// Grafana makes annotations of changes. Default: there are none.
	Grafana *Grafana `json:"grafana,omitempty"`

	context   caddy.Context
	events    *caddyevents.App
	target    *grafana.Target
	gate      *identity.Gate
	tracer    *trace.Tracer
	decisions slog.Handler
	settings  settings
	runtime   *runtime
	log       slog.Handler
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "ficus", New: func() caddy.Module { return new(App) }}
}

// Provision takes the runtime of these settings, or makes it: then the route
// folder is read for the first time. A broken folder is no error, since the
// gateway has to come up: the last good snapshot serves, else legacy, and log, metrics
// and /readyz say so.
func (a *App) Provision(ctx caddy.Context) error {
	a.context = ctx
	a.log, a.decisions = ctx.Slogger().Handler(), newDecisionHandler(ctx)
	err := a.checkMaxRemoval()
	if err != nil {
		return err
	}
	if a.settings, err = a.resolve(); err != nil {
		return err
	}
	if a.Identity != nil {
		if a.gate, err = a.Identity.provision(ctx); err != nil {
			return err
		}
	}
	if a.tracer, err = a.Tracing.provision(ctx, a.log); err != nil {
		return fmt.Errorf("setting up tracing: %w", err)
	}
	if a.target, err = a.Grafana.provision(); err != nil {
		return err
	}
	value, _, err := runtimes.LoadOrNew(a.settings, func() (caddy.Destructor, error) {
		return newRuntime(a.settings, a.MaxRemoval, a.log)
	})
	if err != nil {
		return fmt.Errorf("setting up ficus: %w", err)
	}
	a.runtime = value.(*runtime)
	if err := a.hearCaddy(ctx); err != nil {
		return fmt.Errorf("hearing when Caddy starts and stops: %w", err)
	}
	return a.runtime.metrics.Register(ctx.GetMetricsRegistry())
}

// resolve replaces placeholders and makes paths absolute.
func (a *App) resolve() (settings, error) {
	repl := caddy.NewReplacer()
	s := settings{
		routes:    repl.ReplaceKnown(a.Routes, ""),
		state:     repl.ReplaceKnown(a.State, ""),
		cohortKey: repl.ReplaceKnown(a.CohortKey, ""),
		opaConfig: repl.ReplaceKnown(a.OPAConfig, ""),
	}
	if s.routes == "" {
		s.routes = "routes"
	}
	if s.state == "" {
		s.state = DefaultState()
	}
	for _, dir := range []*string{&s.routes, &s.state, &s.opaConfig} {
		if *dir == "" {
			continue
		}
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return s, fmt.Errorf("the path %s: %w", *dir, err)
		}
		*dir = abs
	}
	return s, nil
}

// Start begins to watch the route folder, and from now on the runtime logs as this
// configuration says.
func (a *App) Start() error {
	a.runtime.log.Set(a.log)
	if _, err := a.runtime.signer.issuer(); err != nil {
		return err
	}
	a.runtime.decisionLog.Set(a.decisions)
	a.runtime.pipeline.UseIdentity(a.gate)
	a.runtime.pipeline.UseTracing(a.tracer)
	a.runtime.pipeline.UseCapacity(a.Capacity.requests())
	a.runtime.pipeline.UseMaxHeaders(a.Capacity.headers())
	a.runtime.pipeline.UseFaults(a.Faults)
	a.runtime.tables.UseMaxRemoval(a.MaxRemoval)
	a.runtime.watch()
	return nil
}

// Stop leaves everything as it is: requests of the old configuration may still be
// in flight, and the new one has taken the runtime already.
func (a *App) Stop() error { return nil }

// Cleanup gives the runtime back. The last configuration to do so ends it.
func (a *App) Cleanup() error {
	if a.runtime == nil {
		endTracing(a.tracer)
		return nil
	}
	defer endTracing(a.tracer)
	if a.target != nil {
		defer a.target.Close()
	}
	_, err := runtimes.Delete(a.settings)
	return err
}

// Pipeline returns what serves requests.
func (a *App) Pipeline() *pipeline.Pipeline { return a.runtime.pipeline }

// Keys returns what publishes the keys of the internal tokens.
func (a *App) Keys() http.Handler { return a.runtime.signer }

// Backends returns the state of the backends, and what an operator may do to it.
func (a *App) Backends() *backend.Registry { return a.runtime.backends }

// Tables returns what brings the route folder to the pipeline.
func (a *App) Tables() *control.Tables { return a.runtime.tables }

// Kills returns the kill switch.
func (a *App) Kills() *control.KillSwitch { return a.runtime.kills }

// ReadConnections says where the metrics learn how the places stand where clients connect.
func (a *App) ReadConnections(status func() []connections.Status) {
	a.runtime.metrics.ReadConnections(status)
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
