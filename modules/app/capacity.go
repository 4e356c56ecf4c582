package app

import (
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/limit"
	"ficus/modules/internal/block"
)

// Capacity is how much the gateway takes before it refuses, with 503 and Retry-After, the
// requests of the routes that matter least: those of priority low from 70 % of it on,
// normal from 85 %, high from 95 %, and all that exceed it.
type Capacity struct {
	// MaxRequests is how many requests may be under way, streams and upgrades included;
	// -1 is no limit. Default: 10000, or fewer where the process may open less than two
	// files for each, or has less than 128 KiB of memory for each (GOMEMLIMIT, which Caddy
	// takes from the container), but at least 100.
	MaxRequests int `json:"max_requests,omitempty"`
}

// requests is what the pipeline is told: 0 is no limit.
func (c *Capacity) requests() int {
	switch {
	case c == nil || c.MaxRequests == 0:
		return limit.DefaultCapacity()
	case c.MaxRequests < 0:
		return 0
	}
	return c.MaxRequests
}

// UnmarshalCaddyfile reads the block:
//
//	capacity {
//	    max_requests <number>|off
//	}
func (c *Capacity) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{"max_requests": func(d *caddyfile.Dispenser) error {
		var given string
		if c.MaxRequests != 0 {
			return d.Err("max_requests is given twice")
		}
		if !d.AllArgs(&given) {
			return d.ArgErr()
		}
		if given == "off" {
			c.MaxRequests = -1
			return nil
		}
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > 10_000_000 {
			return d.Errf("max_requests: %q is neither a number from 1 to 10000000 nor off", given)
		}
		c.MaxRequests = n
		return nil
	}}.Read(d)
}
