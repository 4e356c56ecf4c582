package app

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// percent reads a percentage from 1% to 100%, once.
func percent(to *int) func(*caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		key, given := d.Val(), ""
		if *to != 0 {
			return d.Errf("%s is given twice", key)
		}
		if !d.AllArgs(&given) {
			return d.ArgErr()
		}
		n, err := strconv.Atoi(strings.TrimSuffix(given, "%"))
		if err != nil || n < 1 || n > 100 {
			return d.Errf("%s: %q is no whole percentage from 1%% to 100%%", key, given)
		}
		*to = n
		return nil
	}
}

// checkMaxRemoval is for who writes JSON.
func (a *App) checkMaxRemoval() error {
	if a.MaxRemoval < 0 || a.MaxRemoval > 100 {
		return fmt.Errorf("max_removal: %d is no percentage from 1 to 100", a.MaxRemoval)
	}
	return nil
}
