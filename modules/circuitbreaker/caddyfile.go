package circuitbreaker

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"ficus/modules/internal/block"
)

// UnmarshalCaddyfile reads the transport:
//
//	transport circuit_breaker {
//	    window        <duration>
//	    min_requests  <number>
//	    failure_ratio <share>
//	    open_for      <duration>
//	    slow          <duration>
//	    ramp          <duration>
//	    retry {
//	        attempts <number>
//	        wait     <duration>
//	        max_wait <duration>
//	        budget   <share>
//	    }
//	    transport <name> {
//	        ...
//	    }
//	}
//
// The keys are those of [Transport] and [Retry]; retry alone has its defaults.
func (t *Transport) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the transport's name
	if d.NextArg() {
		return d.ArgErr()
	}
	err := block.Keys{
		"window":        block.Duration(&t.Window),
		"min_requests":  block.Number(&t.MinRequests, 20),
		"failure_ratio": block.Number(&t.FailureRatio, 0.5),
		"open_for":      block.Duration(&t.OpenFor),
		"slow":          block.Duration(&t.Slow),
		"ramp":          block.Duration(&t.Ramp),
		"retry":         block.Block(&t.Retry),
		"transport":     t.unmarshalTransport,
	}.Read(d)
	if err != nil {
		return err
	}
	if t.inner == nil {
		t.inner, t.name = new(reverseproxy.HTTPTransport), "http"
	}
	t.encode()
	return nil
}

// UnmarshalCaddyfile reads the block.
func (r *Retry) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{
		"attempts": block.Number(&r.Attempts, 2),
		"wait":     block.Duration(&r.Wait),
		"max_wait": block.Duration(&r.MaxWait),
		"budget":   block.Number(&r.Budget, 0.1),
	}.Read(d)
}

func (t *Transport) unmarshalTransport(d *caddyfile.Dispenser) error {
	if t.inner != nil {
		return d.Err("transport is given twice")
	}
	if !d.NextArg() {
		return d.ArgErr()
	}
	t.name = d.Val()
	id := "http.reverse_proxy.transport." + t.name
	module, err := caddyfile.UnmarshalModule(d, id)
	if err != nil {
		return err
	}
	inner, ok := module.(http.RoundTripper)
	if !ok {
		return d.Errf("%s is no transport", id)
	}
	t.inner = inner
	return nil
}

// encode writes the transport within as JSON, where it has been read or changed.
func (t *Transport) encode() {
	if t.name != "" {
		t.TransportRaw = caddyconfig.JSONModuleObject(t.inner, "protocol", t.name, nil)
	}
}

// Interface guards
var (
	_ caddyfile.Unmarshaler = (*Transport)(nil)
	_ caddyfile.Unmarshaler = (*Retry)(nil)
)
