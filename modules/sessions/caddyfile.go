package sessions

import (
	"maps"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/modules/internal/block"
)

// unmarshal reads a module's segment:
//
//	<module> [<name>] {
//	    cookie  <name>
//	    max_age <duration>
//	    subject <path>
//	    claim   <name> <path>
//	    issued  <path>
//	    …       the module's own keys
//	}
func (c *Common) unmarshal(d *caddyfile.Dispenser, own block.Keys) error {
	all := block.Keys{
		"cookie": block.Text(&c.Cookie), "max_age": block.Duration(&c.MaxAge), "subject": block.Text(&c.Subject),
		"claim": block.Pairs(&c.Claims), "issued": block.Text(&c.Issued),
	}
	maps.Copy(all, own)
	return block.Module(d, &c.Name, all)
}

// server reads where Redis is:
//
//	redis <url> {
//	    prefix  <text>
//	    timeout <duration>
//	}
func (r *Redis) server(d *caddyfile.Dispenser) error {
	if r.URL != "" {
		return d.Errf("%s is given twice", d.Val())
	}
	if !d.NextArg() {
		return d.ArgErr()
	}
	r.URL = d.Val()
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{"prefix": block.Text(&r.Prefix), "timeout": block.Duration(&r.Timeout)}.Read(d)
}
