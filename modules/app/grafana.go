package app

import (
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/change/grafana"
	"ficus/modules/internal/block"
)

// Grafana makes annotations of changes: lines across the graphs of boards, for each edit,
// route that moves, kill, breaker that opens or closes, address that goes down, policies that
// come, and the end of the process. They belong to the organization and have the tags ficus
// and the change's kind, and where they are known route:…, backend:… and address:…. A burst
// becomes one of each kind. What Grafana doesn't take after five tries is lost, and counted
// in ficus_changes_delivered_total.
type Grafana struct {
	// URL is that of Grafana, as https://grafana.example.com, or with the path below which it
	// is served. May have placeholders. An empty one, as of an environment variable that need
	// not be set, means that there are no annotations.
	URL string `json:"url,omitempty"`

	// Token is that of a service account that may create annotations. Keep it out of the
	// Caddyfile: {env.GRAFANA_TOKEN}, or {file./run/secrets/grafana}, which is read anew at
	// each annotation. Default: none is sent.
	Token string `json:"token,omitempty"`

	// Tags are what else each annotation has, as the name of the environment. May have
	// placeholders. Default: none.
	Tags []string `json:"tags,omitempty"`
}

// provision returns where annotations go; nil: nowhere.
func (g *Grafana) provision() (*grafana.Target, error) {
	if g == nil {
		return nil, nil
	}
	repl := caddy.NewReplacer()
	config := grafana.Config{URL: repl.ReplaceKnown(g.URL, ""), Token: func() string { return caddy.NewReplacer().ReplaceKnown(g.Token, "") }}
	for _, tag := range g.Tags {
		if tag = repl.ReplaceKnown(tag, ""); tag != "" {
			config.Tags = append(config.Tags, tag)
		}
	}
	if config.URL == "" {
		return nil, nil
	}
	target, err := grafana.NewTarget(config)
	if err != nil {
		return nil, fmt.Errorf("grafana: %w", err)
	}
	return target, nil
}

// UnmarshalCaddyfile reads the block:
//
//	grafana {
//	    url   <url>
//	    token <token>
//	    tags  <tag>...
//	}
func (g *Grafana) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	given := false
	err := block.Keys{
		"url":   func(d *caddyfile.Dispenser) error { given = true; return block.Text(&g.URL)(d) },
		"token": block.Text(&g.Token), "tags": block.Texts(&g.Tags),
	}.Read(d)
	if err == nil && !given {
		err = d.WrapErr(errors.New("grafana needs a url"))
	}
	return err
}
