package opa

import (
	"math"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"

	"ficus/gateway/guard"
)

// The directive stands behind Caddy's authentication, so that the policy knows who asks,
// and before all that answers.
func init() {
	httpcaddyfile.RegisterHandlerDirective("opa", parseDirective)
	httpcaddyfile.RegisterDirectiveOrder("opa", httpcaddyfile.After, "forward_auth")
}

func parseDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile reads the directive:
//
//	opa [<matcher>] {
//	    policies <folder>
//	    config   <file>
//	    policy   <name>
//	    timeout  <duration>
//	    header   <name>...
//	    claim    <name>...
//	    body     [<size>]
//	    observe
//	}
//
// The keys are those of [Handler]; header and claim may be repeated. A body without a
// size is up to 64KiB.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if err := h.unmarshalKey(d); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) unmarshalKey(d *caddyfile.Dispenser) error {
	switch key := d.Val(); key {
	case "policies":
		return text(d, &h.Policies)
	case "config":
		return text(d, &h.Config)
	case "policy":
		return text(d, &h.Policy)
	case "timeout":
		return h.unmarshalTimeout(d)
	case "header":
		return list(d, &h.Headers)
	case "claim":
		return list(d, &h.Claims)
	case "body":
		return h.unmarshalBody(d)
	case "observe":
		h.Observe = true
		if d.NextArg() {
			return d.ArgErr()
		}
		return nil
	default:
		return d.Errf("unknown key %q (known: policies, config, policy, timeout, header, claim, body, observe)", key)
	}
}

func text(d *caddyfile.Dispenser, to *string) error {
	if *to != "" {
		return d.Errf("%s stands twice", d.Val())
	}
	if !d.AllArgs(to) {
		return d.ArgErr()
	}
	return nil
}

func list(d *caddyfile.Dispenser, to *[]string) error {
	names := d.RemainingArgs()
	if len(names) == 0 {
		return d.ArgErr()
	}
	*to = append(*to, names...)
	return nil
}

func (h *Handler) unmarshalTimeout(d *caddyfile.Dispenser) error {
	var value string
	if !d.AllArgs(&value) {
		return d.ArgErr()
	}
	timeout, err := caddy.ParseDuration(value)
	if err != nil || timeout <= 0 {
		return d.Errf("timeout %q is no duration above 0", value)
	}
	h.Timeout = caddy.Duration(timeout)
	return nil
}

func (h *Handler) unmarshalBody(d *caddyfile.Dispenser) error {
	h.Body = guard.DefaultBody
	if !d.NextArg() {
		return nil
	}
	size, err := humanize.ParseBytes(d.Val())
	if err != nil || size == 0 || size > math.MaxInt32 {
		return d.Errf("body %q is no size from 1B to 2GiB", d.Val())
	}
	h.Body = int(size)
	if d.NextArg() {
		return d.ArgErr()
	}
	return nil
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Handler)(nil)
