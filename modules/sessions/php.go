package sessions

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/identity/sessions"
	"ficus/modules/internal/block"
)

// PHP reads PHP's own sessions, in a folder or in Redis (phpredis). The user's id is where
// the application puts it in $_SESSION.
type PHP struct {
	Common

	// Folder of the session files, PHP's session.save_path. The files are readable for
	// PHP's user alone, so the gateway must run as that user or as root.
	Folder string `json:"folder,omitempty"`

	// Redis where the sessions are, in place of a folder.
	Redis Redis `json:"redis,omitzero"`

	// Serializer is PHP's session.serialize_handler: "php" or "php_serialize".
	// Default: php.
	Serializer string `json:"serializer,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (PHP) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "ficus.sessions.php", New: func() caddy.Module { return new(PHP) }}
}

// Provision builds the source.
func (p *PHP) Provision(caddy.Context) error {
	return p.provision(sessions.PHP{Options: p.options(), Folder: resolve(p.Folder), Redis: p.Redis.description(), Serializer: p.Serializer})
}

// UnmarshalCaddyfile reads the keys of [Common] and:
//
//	folder <path>
//	redis <url> {
//	    prefix  <text>
//	    timeout <duration>
//	}
//	serializer php|php_serialize
func (p *PHP) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return p.unmarshal(d, block.Keys{"folder": block.Text(&p.Folder), "redis": p.Redis.server, "serializer": block.Text(&p.Serializer)})
}

// Interface guards
var (
	_ caddy.Provisioner     = (*PHP)(nil)
	_ caddy.CleanerUpper    = (*PHP)(nil)
	_ caddyfile.Unmarshaler = (*PHP)(nil)
)
