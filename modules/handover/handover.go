// Package handover is the Caddy listener wrapper "handover": with it a reload
// closes no client connection.
package handover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"ficus/gateway/handover"
)

func init() {
	caddy.RegisterModule(Wrapper{})
}

// Wrapper passes keep-alive connections of clients from the server of an old
// configuration to that of the new one. It works alone, in any Caddy site, for
// HTTP/1.1 without TLS; HTTP/2 has its own orderly way to move a client on.
//
// A reload waits with the old server's shutdown until the requests in flight have
// ended, so that none of their answers says "Connection: close".
type Wrapper struct {
	// Settle is the longest that a reload waits so. Answers that take longer end
	// their connection when they end. Default: 1s.
	Settle caddy.Duration `json:"settle,omitempty"`

	address string          // as configured, where the server has just one
	hubs    []*handover.Hub // of the listeners wrapped
}

const defaultSettle = caddy.Duration(time.Second)

// CaddyModule returns the Caddy module information.
func (Wrapper) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.listeners.handover", New: func() caddy.Module { return new(Wrapper) }}
}

// Provision hooks into the server whose listeners it wraps, and into the event
// between the start of a new configuration and the stop of the old one.
func (w *Wrapper) Provision(ctx caddy.Context) error {
	if w.Settle == 0 {
		w.Settle = defaultSettle
	}
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return errors.New("handover wraps listeners of HTTP servers only")
	}
	server.RegisterConnState(handover.ConnState)
	if len(server.Listen) == 1 {
		w.address = server.Listen[0]
	}
	events, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("loading the events app: %w", err)
	}
	return events.(*caddyevents.App).On("started", w)
}

// WrapListener makes the listener one of the hub of its address. The address as
// configured is the better name for it: it keeps a port that the system chose.
func (w *Wrapper) WrapListener(inner net.Listener) net.Listener {
	key := w.address
	if key == "" || len(w.hubs) > 0 { // a second one: the address is a range of ports
		key = inner.Addr().Network() + "/" + inner.Addr().String()
	}
	value, _ := hubs.LoadOrStore(key, new(handover.Hub))
	hub := value.(*handover.Hub)
	w.hubs = append(w.hubs, hub)
	return &listener{
		Listener: hub.Wrap(inner),
		release:  sync.OnceFunc(func() { _, _ = hubs.Delete(key) }),
	}
}

// Handle runs when all of the new configuration has started, and nothing of the old
// one has stopped yet.
func (w *Wrapper) Handle(ctx context.Context, _ caddy.Event) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(w.Settle))
	defer cancel()
	for _, hub := range w.hubs {
		hub.Settle(ctx)
	}
	return nil
}

// hubs holds the hub of each address for as long as anyone listens there.
var hubs = caddy.NewUsagePool()

// listener gives its hub back when it is closed.
type listener struct {
	net.Listener
	release func()
}

func (l *listener) Close() error {
	defer l.release()
	return l.Listener.Close()
}

// UnmarshalCaddyfile reads:
//
//	handover {
//	    settle <duration>
//	}
//
// The keys are those of [Wrapper].
func (w *Wrapper) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the wrapper's name
	if d.NextArg() {
		return d.ArgErr()
	}
	for d.NextBlock(0) {
		if d.Val() != "settle" {
			return d.Errf("unknown key %q (known: settle)", d.Val())
		}
		var text string
		if !d.AllArgs(&text) {
			return d.ArgErr()
		}
		settle, err := caddy.ParseDuration(text)
		if err != nil || settle <= 0 {
			return d.Errf("settle %q is no duration above 0", text)
		}
		w.Settle = caddy.Duration(settle)
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Wrapper)(nil)
	_ caddy.ListenerWrapper = (*Wrapper)(nil)
	_ caddyfile.Unmarshaler = (*Wrapper)(nil)
	_ caddyevents.Handler   = (*Wrapper)(nil)
)
