package identity

import (
	"cmp"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/identity/bearer"
	"ficus/modules/internal/block"
)

// Bearer knows JSON Web Tokens in the Authorization header.
type Bearer struct {
	// Name of the source, as route files and policies know it. Default: bearer.
	Name string `json:"name,omitempty"`

	// Issuer is what "iss" has to be, byte for byte. Required.
	Issuer string `json:"issuer,omitempty"`

	// Audiences of which "aud" has to hold one. Required.
	Audiences []string `json:"audiences,omitempty"`

	// KeysURL is the address of a JSON Web Key Set. It is fetched again every ten
	// minutes, and when a token names a key that is not in it.
	KeysURL string `json:"keys_url,omitempty"`

	// KeysFile is a file with a key set, or with public keys and certificates in PEM.
	KeysFile string `json:"keys_file,omitempty"`

	// Secret of HS256, at least 32 bytes; no other algorithm counts then. Give it by
	// placeholder, as {env.NAME} or {file./path}.
	Secret string `json:"secret,omitempty"`

	// Algorithms that count, of RS256, ES256, EdDSA and PS256. Default: all of them.
	Algorithms []string `json:"algorithms,omitempty"`

	// Leeway for clocks that differ. Default: 30s.
	Leeway caddy.Duration `json:"leeway,omitempty"`

	module
}

// CaddyModule returns the Caddy module information.
func (Bearer) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "ficus.identity.bearer", New: func() caddy.Module { return new(Bearer) }}
}

// Provision begins to fetch the keys.
func (b *Bearer) Provision(ctx caddy.Context) error {
	log := ctx.Slogger()
	config := bearer.Config{
		Name: b.Name, Issuer: resolve(b.Issuer), Audiences: resolveAll(b.Audiences),
		KeysURL: resolve(b.KeysURL), KeysFile: resolve(b.KeysFile),
		Algorithms: b.Algorithms, Leeway: time.Duration(b.Leeway), Transport: b.newTransport(),
		OnKeys: func(err error) {
			if err != nil {
				log.Warn("the key set can't be had: the last good one counts", "issuer", b.Issuer, "error", err)
			}
		},
	}
	if secret := resolve(b.Secret); secret != "" {
		config.Secret = []byte(secret)
	}
	source, err := bearer.New(config)
	if err != nil {
		return err
	}
	b.name, b.source = cmp.Or(b.Name, "bearer"), source
	return nil
}

// UnmarshalCaddyfile reads:
//
//	bearer [<name>] {
//	    issuer     <text>
//	    audience   <text>...
//	    keys_url   <url>
//	    keys_file  <file>
//	    secret     <secret>
//	    algorithm  <name>...
//	    leeway     <duration>
//	}
func (b *Bearer) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	return block.Module(d, &b.Name, block.Keys{
		"issuer": block.Text(&b.Issuer), "audience": block.Texts(&b.Audiences), "keys_url": block.Text(&b.KeysURL), "keys_file": block.Text(&b.KeysFile),
		"secret": block.Text(&b.Secret), "algorithm": block.Texts(&b.Algorithms), "leeway": block.Duration(&b.Leeway),
	})
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Bearer)(nil)
	_ caddy.CleanerUpper    = (*Bearer)(nil)
	_ caddyfile.Unmarshaler = (*Bearer)(nil)
)
