package app

import (
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
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
//	    identity { … }
//	}
//
// The keys are those of [App] and [Identity]. An empty value counts as none: so one may come from
// an environment variable that need not be set.
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
	for d.NextBlock(0) {
		if d.Val() == "identity" {
			if a.Identity != nil {
				return d.Errf("identity is given twice")
			}
			a.Identity = new(Identity)
			if err := a.Identity.UnmarshalCaddyfile(d); err != nil {
				return err
			}
			continue
		}
		var value *string
		switch d.Val() {
		case "routes":
			value = &a.Routes
		case "state":
			value = &a.State
		case "opa_config":
			value = &a.OPAConfig
		case "cohort_key":
			value = &a.CohortKey
		default:
			return d.Errf("unknown key %q (known: routes, state, cohort_key, opa_config, identity)", d.Val())
		}
		if *value != "" {
			return d.Errf("%s is given twice", d.Val())
		}
		if !d.AllArgs(value) {
			return d.ArgErr()
		}
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*App)(nil)
