package sessions

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/identity/sessions"
	"ficus/modules/internal/block"
)

// CookieSession reads the sessions of Express' cookie-session, which are in a signed
// cookie. They don't end by themselves: set Issued and MaxAge where the application
// keeps the time of login.
type CookieSession struct {
	Common

	// Secrets that sign sessions: cookie-session's keys.
	// The first is the one in use, others are accepted while keys rotate. Give them by
	// placeholder, as {env.NAME} or {file./path}. Required.
	Secrets []string `json:"secrets,omitempty"`

	// Digest is keygrip's algorithm: "sha1", "sha256", "sha384" or "sha512". Default: sha1.
	Digest string `json:"digest,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (CookieSession) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "ficus.sessions.cookie_session", New: func() caddy.Module { return new(CookieSession) }}
}

// Provision builds the source.
func (c *CookieSession) Provision(caddy.Context) error {
	return c.provision(sessions.CookieSession{Options: c.options(), Secrets: resolveAll(c.Secrets), Digest: c.Digest})
}

// UnmarshalCaddyfile reads the keys of [Common] and:
//
//	secret <secret>...
//	digest sha1|sha256|sha384|sha512
func (c *CookieSession) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return c.unmarshal(d, block.Keys{"secret": block.Texts(&c.Secrets), "digest": block.Text(&c.Digest)})
}

// Interface guards
var (
	_ caddy.Provisioner     = (*CookieSession)(nil)
	_ caddy.CleanerUpper    = (*CookieSession)(nil)
	_ caddyfile.Unmarshaler = (*CookieSession)(nil)
)
