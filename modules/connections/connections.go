// Package connections is the Caddy listener wrapper "connections": it bounds how many
// connections clients may have open.
package connections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"ficus/gateway/connections"
	"ficus/gateway/limit"
	"ficus/modules/app"
	"ficus/modules/internal/logto"
)

func init() {
	caddy.RegisterModule(Wrapper{})
}

// Wrapper bounds how many connections clients may have open at each address of a server,
// all together and each of them. One beyond that is reset at once, counted, and logged, a
// line in ten seconds at most. It works in any Caddy site; with Ficus there are metrics,
// too.
//
// It stands first among a server's listener wrappers, and tls after it: so it sees what
// the kernel accepts. Clients are told apart by the address of the connection, which is
// the proxy's where one is in front. HTTP/3 has no connections of the kernel, and is not
// bounded by it.
//
// A reload changes the bounds, and what is open goes on to count. Where handover keeps the
// socket, the wrapper itself comes and goes with the socket: at the next start.
type Wrapper struct {
	// Max is how many connections of clients may be open at an address; -1 is no bound.
	// Default: 50000, or fewer where the process may open less than two files for each, or
	// has less than 64 KiB of memory for each (GOMEMLIMIT), but at least 200.
	Max int `json:"max,omitempty"`

	// MaxPerClient is how many of them one client may have: one IPv4 address, or the first
	// 64 bits of an IPv6 address; -1 is no bound. Many people may share an address, so it
	// should be well above what one browser opens (6 for HTTP/1.1). Default: 1000.
	MaxPerClient int `json:"max_per_client,omitempty"`

	// Except lists addresses and ranges (CIDR) that only Max is for, such as those of
	// proxies in front; private_ranges stands for all that are not routed in public.
	// Default: none.
	Except []string `json:"except,omitempty"`

	bounds   connections.Bounds
	address  string // as configured, where the server has just one
	log      slog.Handler
	limiters map[string]*shared // by their key in the pool
}

const defaultPerClient = 1000

// CaddyModule returns the Caddy module information.
func (Wrapper) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.listeners.connections", New: func() caddy.Module { return new(Wrapper) }}
}

// Provision reads the bounds, has the metrics read what is open, and hooks into the event
// after which they count.
func (w *Wrapper) Provision(ctx caddy.Context) error {
	w.log, w.limiters = ctx.Slogger().Handler(), map[string]*shared{}
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok {
		return errors.New("connections wraps listeners of HTTP servers only")
	}
	if err := checkOrder(server.ListenerWrappersRaw); err != nil {
		return err
	}
	if len(server.Listen) == 1 {
		w.address = server.Listen[0]
	}
	var err error
	if w.bounds, err = w.read(); err != nil {
		return err
	}
	switch ficus, err := ctx.AppIfConfigured("ficus"); {
	case err == nil:
		ficus.(*app.App).ReadConnections(statuses)
	case !errors.Is(err, caddy.ErrNotConfigured):
		return fmt.Errorf("loading the ficus app: %w", err)
	}
	events, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("loading the events app: %w", err)
	}
	return events.(*caddyevents.App).On("started", w)
}

// checkOrder refuses what would hide TLS from the server, or the connection's end from us.
func checkOrder(raw []json.RawMessage) error {
	names := make([]string, len(raw))
	for i, text := range raw {
		var wrapper struct{ Wrapper string }
		if err := json.Unmarshal(text, &wrapper); err != nil {
			return err
		}
		names[i] = wrapper.Wrapper
	}
	if names[0] != "connections" || !slices.Contains(names, "tls") || slices.Contains(names[1:], "connections") {
		return fmt.Errorf("listener_wrappers are %s: connections has to stand first, and tls after it", strings.Join(names, ", "))
	}
	return nil
}

func (w *Wrapper) read() (b connections.Bounds, err error) {
	b.All, b.PerClient = w.Max, w.MaxPerClient
	if b.All == 0 {
		b.All = limit.DefaultConnections()
	}
	if b.PerClient == 0 {
		b.PerClient = defaultPerClient
	}
	b.All, b.PerClient = max(b.All, 0), max(b.PerClient, 0)
	for _, text := range w.Except {
		ranges := []string{text}
		if text == "private_ranges" {
			ranges = caddyhttp.PrivateRangesCIDR()
		}
		for _, one := range ranges {
			prefix, err := caddyhttp.CIDRExpressionToPrefix(one)
			if err != nil {
				return b, fmt.Errorf("except: %q is neither an address nor a range: %w", one, err)
			}
			b.Except = append(b.Except, netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()))
		}
	}
	return b, nil
}

// limiters holds the limiter of each address for as long as anyone listens there.
var limiters = caddy.NewUsagePool()

type shared struct {
	*connections.Limiter
	log *logto.Handler
}

// Destruct has nothing to end.
func (*shared) Destruct() error { return nil }

// statuses returns how all addresses stand.
func statuses() (list []connections.Status) {
	limiters.Range(func(_, value any) bool {
		list = append(list, value.(*shared).Status())
		return true
	})
	return list
}

// WrapListener puts the listener under the limiter of its address. The address as
// configured is the better name for it: it keeps a port that the system chose.
func (w *Wrapper) WrapListener(inner net.Listener) net.Listener {
	key := w.address
	if key == "" || len(w.limiters) > 0 { // a second one: the address is a range of ports
		key = inner.Addr().Network() + "/" + inner.Addr().String()
	}
	log := &logto.Handler{}
	log.Set(w.log)
	config := connections.Config{Place: key, Logger: slog.New(log), Now: time.Now}
	value, _ := limiters.LoadOrStore(key, &shared{connections.New(config, w.bounds), log})
	limiter := value.(*shared)
	w.limiters[key] = limiter
	return &listener{limiter.Wrap(inner), sync.OnceFunc(func() { _, _ = limiters.Delete(key) })}
}

// Handle runs when all of the new configuration has started: from now on its bounds count.
func (w *Wrapper) Handle(context.Context, caddy.Event) error {
	for key, limiter := range w.limiters {
		limiter.log.Set(w.log)
		limiter.Set(w.bounds)
		if _, used := limiters.References(key); !used {
			slog.New(w.log).Warn("connections are not bounded yet: the socket of before is kept, until the next start", "listener", key)
		}
	}
	return nil
}

// listener gives its limiter back when it is closed.
type listener struct {
	net.Listener
	release func()
}

func (l *listener) Close() error {
	defer l.release()
	return l.Listener.Close()
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Wrapper)(nil)
	_ caddy.ListenerWrapper = (*Wrapper)(nil)
	_ caddyevents.Handler   = (*Wrapper)(nil)
)
