package sessions

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/identity/sessions"
	"ficus/modules/internal/block"
)

// Express reads the sessions of express-session in Redis (connect-redis). With Passport
// the user's id is at "passport.user".
type Express struct {
	Common

	// Secrets that sign sessions: express-session's secret.
	// The first is the one in use, others are accepted while keys rotate. Give them by
	// placeholder, as {env.NAME} or {file./path}. Required.
	Secrets []string `json:"secrets,omitempty"`

	// Redis where the sessions are. Required.
	Redis Redis `json:"redis,omitzero"`
}

// CaddyModule returns the Caddy module information.
func (Express) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "ficus.sessions.express", New: func() caddy.Module { return new(Express) }}
}

// Provision builds the source.
func (e *Express) Provision(caddy.Context) error {
	return e.provision(sessions.Express{Options: e.options(), Secrets: resolveAll(e.Secrets), Redis: e.Redis.description()})
}

// UnmarshalCaddyfile reads the keys of [Common] and:
//
//	secret <secret>...
//	redis <url> {
//	    prefix  <text>
//	    timeout <duration>
//	}
func (e *Express) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return e.unmarshal(d, block.Keys{"secret": block.Texts(&e.Secrets), "redis": e.Redis.server})
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Express)(nil)
	_ caddy.CleanerUpper    = (*Express)(nil)
	_ caddyfile.Unmarshaler = (*Express)(nil)
)
