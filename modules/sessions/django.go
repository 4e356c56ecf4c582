package sessions

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/identity/sessions"
	"ficus/modules/internal/block"
)

// Django reads the sessions of Django's signed cookies (SESSION_ENGINE
// "django.contrib.sessions.backends.signed_cookies" with the JSON serializer, Django 3.1 or
// later). The user's id is at "_auth_user_id". A changed password does not end such a
// session here: only its age does.
type Django struct {
	Common

	// Secrets that sign sessions: SECRET_KEY and SECRET_KEY_FALLBACKS.
	// The first is the one in use, others are accepted while keys rotate. Give them by
	// placeholder, as {env.NAME} or {file./path}. Required.
	Secrets []string `json:"secrets,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (Django) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "ficus.sessions.django", New: func() caddy.Module { return new(Django) }}
}

// Provision builds the source.
func (j *Django) Provision(caddy.Context) error {
	return j.provision(sessions.Django{Options: j.options(), Secrets: resolveAll(j.Secrets)})
}

// UnmarshalCaddyfile reads the keys of [Common] and:
//
//	secret <secret>...
func (j *Django) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return j.unmarshal(d, block.Keys{"secret": block.Texts(&j.Secrets)})
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Django)(nil)
	_ caddy.CleanerUpper    = (*Django)(nil)
	_ caddyfile.Unmarshaler = (*Django)(nil)
)
