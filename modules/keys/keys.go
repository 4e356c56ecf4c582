// Package keys is the Caddy handler "ficus_keys": the public keys of the internal tokens
// by which backends know who asks, as a JSON Web Key Set (RFC 7517).
package keys

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"ficus/modules/app"
	"ficus/modules/internal/refusal"
)

func init() {
	caddy.RegisterModule(Handler{})
	httpcaddyfile.RegisterDirective("ficus_keys", parse)
	httpcaddyfile.RegisterDirectiveOrder("ficus_keys", httpcaddyfile.Before, "metrics") // and so before "ficus", which answers all that it gets
}

// Handler answers with the key set. Nothing in it is secret.
type Handler struct {
	// Path is that of the requests which are answered; all others go on. Default: every
	// request is answered. It costs a request nanoseconds, where a matcher of Caddy's costs
	// about one in a hundred of what proxying does.
	Path string `json:"path,omitempty"`

	keys http.Handler
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.ficus_keys", New: func() caddy.Module { return new(Handler) }}
}

// Provision takes the keys of the ficus app.
func (h *Handler) Provision(ctx caddy.Context) error {
	module, err := ctx.App("ficus")
	if err != nil {
		return fmt.Errorf("loading the ficus app: %w", err)
	}
	h.keys = module.(*app.App).Keys()
	return nil
}

// ServeHTTP serves the key set.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if h.Path != "" && r.URL.Path != h.Path {
		return next.ServeHTTP(w, r)
	}
	refusal.Close(w.Header(), r, http.StatusOK)
	h.keys.ServeHTTP(w, r)
	return nil
}

// UnmarshalCaddyfile reads "ficus_keys [<path>]".
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		if h.Path = d.Val(); !strings.HasPrefix(h.Path, "/") || strings.ContainsRune(h.Path, '*') {
			return d.Errf("%q is not the path of the keys: one path, with no asterisk, such as /.well-known/ficus/jwks.json", h.Path)
		}
	}
	if d.NextArg() || d.NextBlock(0) {
		return d.ArgErr()
	}
	return nil
}

func parse(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return h.NewRoute(nil, handler), nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
)
