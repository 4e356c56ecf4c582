package app

import (
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"ficus/modules/internal/block"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("ficus", parseGlobalOption)
}

// parseGlobalOption reads the global option:
//
//	ficus {
//	    routes     <folder>
//	    state      <folder>
//	    cohort_key <secret>
//	    opa_config <file>
//	    max_removal <percent>
//	    identity { … }
//	    capacity { … }
//	    faults     on|off
//	    tracing { … }
//	    grafana { … }
//	}
//
// The keys are those of [App], [Identity], [Capacity], [Tracing] and [Grafana]. An empty value counts as
// none: so one may come from an environment variable that need not be set.
func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		return nil, d.Err("ficus is configured twice")
	}
	app := new(App)
	if err := app.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "ficus", Value: caddyconfig.JSON(app, nil)}, nil
}

// UnmarshalCaddyfile reads the block that the grammar above describes.
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the option's name
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{
		"routes": block.Text(&a.Routes), "state": block.Text(&a.State),
		"cohort_key": block.Text(&a.CohortKey), "opa_config": block.Text(&a.OPAConfig),
		"max_removal": percent(&a.MaxRemoval),
		"identity":    block.Block(&a.Identity), "capacity": block.Block(&a.Capacity),
		"faults": block.OnOff(&a.Faults), "tracing": block.Block(&a.Tracing),
		"grafana": block.Block(&a.Grafana),
	}.Read(d)
}

// Interface guard
var _ caddyfile.Unmarshaler = (*App)(nil)
