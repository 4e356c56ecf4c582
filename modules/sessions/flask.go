package sessions

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/identity/sessions"
	"ficus/modules/internal/block"
)

// Flask reads the sessions of Flask's signed cookies, its default. With Flask-Login the
// user's id is at "_user_id".
type Flask struct {
	Common

	// Secrets that sign sessions: SECRET_KEY and SECRET_KEY_FALLBACKS.
	// The first is the one in use, others are accepted while keys rotate. Give them by
	// placeholder, as {env.NAME} or {file./path}. Required.
	Secrets []string `json:"secrets,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (Flask) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "ficus.sessions.flask", New: func() caddy.Module { return new(Flask) }}
}

// Provision builds the source.
func (f *Flask) Provision(caddy.Context) error {
	return f.provision(sessions.Flask{Options: f.options(), Secrets: resolveAll(f.Secrets)})
}

// UnmarshalCaddyfile reads the keys of [Common] and:
//
//	secret <secret>...
func (f *Flask) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return f.unmarshal(d, block.Keys{"secret": block.Texts(&f.Secrets)})
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Flask)(nil)
	_ caddy.CleanerUpper    = (*Flask)(nil)
	_ caddyfile.Unmarshaler = (*Flask)(nil)
)
