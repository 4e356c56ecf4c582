package sessions

import (
	"maps"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// keys of a block, and what reads the rest of each line.
type keys map[string]func(d *caddyfile.Dispenser) error

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
func (c *Common) unmarshal(d *caddyfile.Dispenser, own keys) error {
	d.Next() // the module's name
	if d.NextArg() {
		c.Name = d.Val()
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	all := keys{"cookie": text(&c.Cookie), "max_age": duration(&c.MaxAge), "subject": text(&c.Subject), "claim": c.claim, "issued": text(&c.Issued)}
	maps.Copy(all, own)
	return all.block(d)
}

func (k keys) block(d *caddyfile.Dispenser) error {
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		read, ok := k[d.Val()]
		if !ok {
			return d.Errf("unknown key %q (known: %s)", d.Val(), strings.Join(slices.Sorted(maps.Keys(k)), ", "))
		}
		if err := read(d); err != nil {
			return err
		}
	}
	return nil
}

func (c *Common) claim(d *caddyfile.Dispenser) error {
	var name, path string
	if !d.AllArgs(&name, &path) {
		return d.ArgErr()
	}
	if _, ok := c.Claims[name]; ok {
		return d.Errf("the claim %s is given twice", name)
	}
	if c.Claims == nil {
		c.Claims = map[string]string{}
	}
	c.Claims[name] = path
	return nil
}

func text(value *string) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		if *value != "" {
			return d.Errf("%s is given twice", d.Val())
		}
		if !d.AllArgs(value) {
			return d.ArgErr()
		}
		return nil
	}
}

// texts reads one or more, and more from further lines.
func texts(values *[]string) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		more := d.RemainingArgs()
		if len(more) == 0 {
			return d.ArgErr()
		}
		*values = append(*values, more...)
		return nil
	}
}

func duration(value *caddy.Duration) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		key, given := d.Val(), ""
		if *value != 0 {
			return d.Errf("%s is given twice", key)
		}
		if !d.AllArgs(&given) {
			return d.ArgErr()
		}
		parsed, err := caddy.ParseDuration(given)
		if err != nil || parsed <= 0 {
			return d.Errf("%s: %q is no duration such as 500ms, 12h or 14d", key, given)
		}
		*value = caddy.Duration(parsed)
		return nil
	}
}

func flag(value *bool) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		if d.NextArg() {
			return d.ArgErr()
		}
		*value = true
		return nil
	}
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
	return keys{"prefix": text(&r.Prefix), "timeout": duration(&r.Timeout)}.block(d)
}
