package handler

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"ficus/modules/internal/block"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("ficus", parseDirective)
	httpcaddyfile.RegisterDirectiveOrder("ficus", httpcaddyfile.Before, "reverse_proxy")
}

func parseDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads the directive:
//
//	ficus [<matcher>] {
//	    forwarded
//	    request_id [<header>]
//	}
//
// The keys are those of [Handler]. The header is X-Request-ID where none is named.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{"forwarded": block.Flag(&h.Forwarded), "request_id": h.readRequestID}.Read(d)
}

func (h *Handler) readRequestID(d *caddyfile.Dispenser) error {
	if h.RequestID != "" {
		return d.Err("request_id is given twice")
	}
	h.RequestID = "X-Request-Id"
	if d.NextArg() {
		h.RequestID = d.Val()
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
