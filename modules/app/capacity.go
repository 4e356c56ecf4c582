package app

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/limit"
	"ficus/gateway/pipeline"
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

	// MaxHeaders is how many header fields a request may have; one with more is answered
	// 431. -1 is no limit. How large they may be together is the server's max_header_size.
	// Default: 100.
	MaxHeaders int `json:"max_headers,omitempty"`
}

// requests is what the pipeline is told: 0 is no limit.
func (c *Capacity) requests() int {
	if c == nil || c.MaxRequests == 0 {
		return limit.DefaultCapacity()
	}
	return max(c.MaxRequests, 0)
}

// headers is what the pipeline is told: 0 is no limit.
func (c *Capacity) headers() int {
	if c == nil || c.MaxHeaders == 0 {
		return pipeline.DefaultMaxHeaders
	}
	return max(c.MaxHeaders, 0)
}

// UnmarshalCaddyfile reads the block:
//
//	capacity {
//	    max_requests <number>|off
//	    max_headers  <number>|off
//	}
func (c *Capacity) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{
		"max_requests": block.NumberOrOff(&c.MaxRequests, 10_000_000),
		"max_headers":  block.NumberOrOff(&c.MaxHeaders, 10_000),
	}.Read(d)
}
