// Package block reads blocks of a Caddyfile: keys that each read the rest of their line.
package block

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Keys of a block, and what reads the rest of each line.
type Keys map[string]func(d *caddyfile.Dispenser) error

// Read reads a block.
func (k Keys) Read(d *caddyfile.Dispenser) error {
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

// Text reads one value, once.
func Text(value *string) func(d *caddyfile.Dispenser) error {
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

// Texts reads one or more, and more from further lines.
func Texts(values *[]string) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		more := d.RemainingArgs()
		if len(more) == 0 {
			return d.ArgErr()
		}
		*values = append(*values, more...)
		return nil
	}
}

// Duration reads a duration above zero, once.
func Duration(value *caddy.Duration) func(d *caddyfile.Dispenser) error {
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

// Number reads a number above zero, once. example is for who gives something else.
func Number[T int | float64](value *T, example T) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		key, given := d.Val(), ""
		if *value != 0 {
			return d.Errf("%s is given twice", key)
		}
		if !d.AllArgs(&given) {
			return d.ArgErr()
		}
		parsed, err := strconv.ParseFloat(given, 64)
		if err != nil || !(parsed > 0 && parsed <= math.MaxInt32) || float64(T(parsed)) != parsed {
			return d.Errf("%s: %q is no number such as %v", key, given, example)
		}
		*value = T(parsed)
		return nil
	}
}

// NumberOrOff reads a number from 1 to most, or off, which is -1, once.
func NumberOrOff(value *int, most int) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		key, given := d.Val(), ""
		if *value != 0 {
			return d.Errf("%s is given twice", key)
		}
		if !d.AllArgs(&given) {
			return d.ArgErr()
		}
		if given == "off" {
			*value = -1
			return nil
		}
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > most {
			return d.Errf("%s: %q is neither a number from 1 to %d nor off", key, given, most)
		}
		*value = n
		return nil
	}
}

// Flag reads a key that stands alone.
func Flag(value *bool) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		if d.NextArg() {
			return d.ArgErr()
		}
		*value = true
		return nil
	}
}

// Pairs reads a name and a value, and more from further lines.
func Pairs(values *map[string]string) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		key := d.Val()
		var name, value string
		if !d.AllArgs(&name, &value) {
			return d.ArgErr()
		}
		if _, ok := (*values)[name]; ok {
			return d.Errf("the %s %s is given twice", key, name)
		}
		if *values == nil {
			*values = map[string]string{}
		}
		(*values)[name] = value
		return nil
	}
}

// Module reads a module's segment: its name, perhaps a name of the operator's, and a block.
func Module(d *caddyfile.Dispenser, name *string, k Keys) error {
	d.Next() // the module's name
	if d.NextArg() {
		*name = d.Val()
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	return k.Read(d)
}

// OnOff reads on or off.
func OnOff(value *bool) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		key, given := d.Val(), ""
		if !d.AllArgs(&given) {
			return d.ArgErr()
		}
		if given != "on" && given != "off" {
			return d.Errf("%s: %q is neither on nor off", key, given)
		}
		*value = given == "on"
		return nil
	}
}

// Block reads a block of its own, once.
func Block[T any, P interface {
	*T
	caddyfile.Unmarshaler
}](value *P) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		if *value != nil {
			return d.Errf("%s is given twice", d.Val())
		}
		*value = new(T)
		return (*value).UnmarshalCaddyfile(d)
	}
}
