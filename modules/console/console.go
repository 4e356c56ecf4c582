// Package console is the Caddy handler "ficus_console": the page that the gateway serves
// about itself. It belongs on a site of its own, bound to loopback, or behind what says who
// may look: whoever sees it can kill routes.
package console

import (
	"context"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"ficus/gateway/console"
	"ficus/modules/app"
	"ficus/modules/internal/block"
)

func init() {
	caddy.RegisterModule(Handler{})
	httpcaddyfile.RegisterHandlerDirective("ficus_console", parse)
	httpcaddyfile.RegisterDirectiveOrder("ficus_console", httpcaddyfile.Before, "reverse_proxy")
}

// Handler answers every request with a page of the console.
type Handler struct {
	// Hosts are the names under which the console is asked for. Others are refused, beside
	// localhost and addresses, so that no page elsewhere can have its own name point here.
	// Default: none.
	Hosts []string `json:"hosts,omitempty"`

	console *console.Console
	ending  context.Context // of the server
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.ficus_console", New: func() caddy.Module { return new(Handler) }}
}

// Provision takes the console of the ficus app. When the server begins to shut down, open
// streams end at once: a reload need not wait for pages that are kept current.
func (h *Handler) Provision(ctx caddy.Context) error {
	module, err := ctx.App("ficus")
	if err != nil {
		return fmt.Errorf("loading the ficus app: %w", err)
	}
	h.console = module.(*app.App).Console(h.Hosts)
	ending, end := context.WithCancel(ctx)
	h.ending = ending
	if server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server); ok {
		server.RegisterOnShutdown(end)
	} else {
		context.AfterFunc(ctx, end)
	}
	return nil
}

// ServeHTTP serves a page.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.ending, cancel)()
	h.console.ServeHTTP(w, r.WithContext(ctx))
	return nil
}

// UnmarshalCaddyfile reads the directive:
//
//	ficus_console [<matcher>] {
//	    hosts <name>...
//	}
//
// The keys are those of [Handler].
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{"hosts": block.Texts(&h.Hosts)}.Read(d)
}

func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
)
