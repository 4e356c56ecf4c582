package sessions

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/identity/sessions"
	"ficus/modules/internal/block"
)

// Rails reads the sessions of Rails' encrypted cookies (the cookie store with AES-256-GCM
// and the JSON serializer, Rails 5.2 or later). The cookie must be named. With Devise the
// user's id is at "warden.user.user.key.0.0".
type Rails struct {
	Common

	// Secrets that encrypt sessions: secret_key_base, and older ones.
	// The first is the one in use, others are accepted while keys rotate. Give them by
	// placeholder, as {env.NAME} or {file./path}. Required.
	Secrets []string `json:"secrets,omitempty"`

	// Digest that keys are derived with (hash_digest_class): "sha256", Rails' default
	// from 7.0 on, or "sha1". Default: sha256.
	Digest string `json:"digest,omitempty"`

	// AllowNoPurpose accepts cookies that don't say which cookie they are, as Rails 5.2
	// makes them. Then any encrypted cookie of the application passes for a session.
	// Default: false.
	AllowNoPurpose bool `json:"allow_no_purpose,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (Rails) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "ficus.sessions.rails", New: func() caddy.Module { return new(Rails) }}
}

// Provision builds the source.
func (r *Rails) Provision(caddy.Context) error {
	return r.provision(sessions.Rails{
		Options:        r.options(),
		Secrets:        resolveAll(r.Secrets),
		Digest:         r.Digest,
		AllowNoPurpose: r.AllowNoPurpose,
	})
}

// UnmarshalCaddyfile reads the keys of [Common] and:
//
//	secret <secret>...
//	digest sha256|sha1
//	allow_no_purpose
func (r *Rails) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return r.unmarshal(d, block.Keys{
		"secret":           block.Texts(&r.Secrets),
		"digest":           block.Text(&r.Digest),
		"allow_no_purpose": block.Flag(&r.AllowNoPurpose),
	})
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Rails)(nil)
	_ caddy.CleanerUpper    = (*Rails)(nil)
	_ caddyfile.Unmarshaler = (*Rails)(nil)
)
