package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"ficus/gateway/backend"
	"ficus/gateway/backend/lean"
	"ficus/gateway/route"
	"ficus/gateway/surplus"
)

const transportModule = "http.reverse_proxy.transport.http"

// transportDefaults differ from Caddy's where Caddy's would show: its transport
// asks for gzip and unpacks it, sends a body without waiting for 100 Continue, and
// takes a forward proxy from the environment. The idle pool is sized for a
// gateway; Caddy's is 32 connections an address. A header of an answer may take a mebibyte,
// net/http's ten are more than anyone sends on purpose.
func transportDefaults() map[string]any {
	return map[string]any{
		"compression":              false,
		"expect_continue_timeout":  "1s",
		"network_proxy":            map[string]any{"from": "none"},
		"max_response_header_size": 1 << 20,
		"keep_alive":               map[string]any{"max_idle_conns_per_host": 512},
	}
}

// leaf is Caddy's http transport, provisioned outside any configuration: so its
// connections survive reloads. Where nothing is said about the transport, requests without
// a body go past it, the lean way.
type leaf struct {
	http.RoundTripper
	module *reverseproxy.HTTPTransport
	cancel context.CancelFunc // runs the module's Cleanup
	lean   *lean.Transport    // nil for none
}

func (l leaf) Close() error {
	if l.lean != nil {
		l.lean.Close()
	}
	l.cancel()
	return nil
}

// withLean puts the lean way before a transport, with its dialling and its bounds.
func (l leaf) withLean(dial dialFunc) leaf {
	behind := l.module.Transport
	l.lean = &lean.Transport{
		Dial: dial, Behind: l.RoundTripper,
		MaxIdle: behind.MaxIdleConnsPerHost, IdleFor: behind.IdleConnTimeout,
		MaxHeader: behind.MaxResponseHeaderBytes,
	}
	l.RoundTripper = l.lean
	return l
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
	defaults := transportDefaults()
	maps.Copy(defaults, shadowDefaults())
	return leafOf(b, defaults)
}

func newLeaf(b route.Backend) (backend.Leaf, error) { return leafOf(b, transportDefaults()) }

// leafOf makes a transport; what the backend says of it goes before the defaults, which
// become the transport's own.
func leafOf(b route.Backend, config map[string]any) (backend.Leaf, error) {
	connect := cmp.Or(b.ConnectTimeout, route.DefaultConnectTimeout)
	config["dial_timeout"] = connect.String()
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
	t := module.(*reverseproxy.HTTPTransport)
	if t.Transport.TLSHandshakeTimeout == 0 { // Caddy's default is to wait for ever
		t.Transport.TLSHandshakeTimeout = connect
	}
	dial := dialSockets(t.Transport.DialContext) // the lean way looks after surplus itself
	t.Transport.DialContext = dial
	made := leaf{RoundTripper: surplus.Guard(t.Transport, t), module: t, cancel: cancel}
	if len(b.Transport) == 0 {
		made = made.withLean(dial)
	}
	return made, nil
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialSockets dials a Unix socket where the host is the path of one; see route.Target.
func dialSockets(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "/") {
			network, address = "unix", address[:strings.LastIndexByte(address, ':')]
		}
		return dial(ctx, network, address)
	}
}
