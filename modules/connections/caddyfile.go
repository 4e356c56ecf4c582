package connections

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/modules/internal/block"
)

// UnmarshalCaddyfile reads:
//
//	connections {
//	    max            <number>|off
//	    max_per_client <number>|off
//	    except         <address or range>...
//	}
//
// The keys are those of [Wrapper].
func (w *Wrapper) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the wrapper's name
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{
		"max":            block.NumberOrOff(&w.Max, 10_000_000),
		"max_per_client": block.NumberOrOff(&w.MaxPerClient, 10_000_000),
		"except":         block.Texts(&w.Except),
	}.Read(d)
}

// Interface guard
var _ caddyfile.Unmarshaler = (*Wrapper)(nil)
