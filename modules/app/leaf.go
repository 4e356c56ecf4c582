package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	// The transport is loaded by its name; this makes the name known.
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"ficus/gateway/backend"
	"ficus/gateway/route"
)

const transportModule = "http.reverse_proxy.transport.http"

// transportDefaults differ from Caddy's where Caddy's would show: its transport
// asks for gzip and unpacks it, sends a body without waiting for 100 Continue, and
// takes a forward proxy from the environment. The idle pool is sized for a
// gateway; Caddy's is 32 connections an address.
func transportDefaults() map[string]any {
	return map[string]any{
		"compression":             false,
		"expect_continue_timeout": "1s",
		"network_proxy":           map[string]any{"from": "none"},
		"keep_alive":              map[string]any{"max_idle_conns_per_host": 512},
	}
}

// leaf is Caddy's http transport, provisioned outside any configuration: so its
// connections survive reloads.
type leaf struct {
	http.RoundTripper
	cancel context.CancelFunc // runs the module's Cleanup
}

func (l leaf) Close() error {
	l.cancel()
	return nil
}

// shadowDefaults are what the transport of copies has beside the others': headers that no
// client gets need no room, and few connections are idle.
func shadowDefaults() map[string]any {
	return map[string]any{
		"max_response_header_size": 256 << 10,
		"keep_alive":               map[string]any{"max_idle_conns_per_host": 16},
	}
}

// newShadowLeaf is the transport of copies to a backend.
func newShadowLeaf(b route.Backend) (backend.Leaf, error) {
	config := shadowDefaults()
	maps.Copy(config, b.Transport)
	b.Transport = config
	return newLeaf(b)
}

func newLeaf(b route.Backend) (backend.Leaf, error) {
	config := transportDefaults()
	maps.Copy(config, b.Transport)
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	module, err := ctx.LoadModuleByID(transportModule, raw)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("loading %s: %w", transportModule, err)
	}
	return leaf{module.(http.RoundTripper), cancel}, nil
}
