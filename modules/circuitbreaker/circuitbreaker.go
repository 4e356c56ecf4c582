// Package circuitbreaker is the transport "circuit_breaker" for Caddy's reverse_proxy: a
// breaker for each upstream, and retries with a budget, in front of another transport,
// with or without the rest of Ficus.
package circuitbreaker

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/resilience/alone"
	"ficus/gateway/route"
	"ficus/modules/internal/logto"
)

func init() {
	caddy.RegisterModule(Transport{})
}

// Transport stops sending requests to an upstream that fails, and comes back to it little
// by little. Each upstream address has a breaker of its own, so that reverse_proxy asks
// the next one: what an open breaker refuses counts as never sent, and with lb_retries or
// lb_try_duration it may go elsewhere whatever its method. Where there is nowhere else to
// go, the client gets 503.
//
// A request has failed when no answer came, when the answer was a 500, 502, 503 or 504,
// when it was slow, or when its body broke off. What the client did wrong, going away
// included, does not count. Active health checks pass by the breaker.
//
// Transports with the same settings share the state of an address, and it outlives reloads
// of the configuration.
type Transport struct {
	// Window is the time that counts, as a rolling window: 1s to 10m. Default: 10s.
	Window caddy.Duration `json:"window,omitempty"`

	// MinRequests is how many requests of the window it takes to open; as many failures in
	// a row open at once: 1 to 1000000. Default: 20.
	MinRequests int `json:"min_requests,omitempty"`

	// FailureRatio is the share of failures in the window from which on it opens: above 0,
	// up to 1. Default: 0.5.
	FailureRatio float64 `json:"failure_ratio,omitempty"`

	// OpenFor is how long it stays open until single requests are let through to try:
	// 100ms to 1h. Default: 5s.
	OpenFor caddy.Duration `json:"open_for,omitempty"`

	// Slow is how long the headers of an answer may take before it counts as a failure:
	// 1ms to 24h. Default: as long as they take.
	Slow caddy.Duration `json:"slow,omitempty"`

	// Ramp is how long it takes from the first success until all requests are sent to the
	// upstream again, where reverse_proxy tries another one for the others: 1ms to 1h.
	// Default: 10s.
	Ramp caddy.Duration `json:"ramp,omitempty"`

	// Retry says how often a request is sent to the same upstream. Default: once.
	Retry *Retry `json:"retry,omitempty"`

	// TransportRaw is the transport that sends the requests. Default: http.
	TransportRaw json.RawMessage `json:"transport,omitempty" caddy:"namespace=http.reverse_proxy.transport inline_key=protocol"`

	inner     http.RoundTripper
	name      string // of inner, where a Caddyfile is being read
	lonely    bool   // no other upstream is tried
	key       string // of addresses
	addresses *shared
}

// Retry is how often a request is sent to the same upstream until it has an answer other
// than 502, 503 or 504. That are requests without a body that may be sent twice: GET,
// HEAD, OPTIONS, TRACE, PUT and DELETE. What lb_retries does comes on top.
type Retry struct {
	// Attempts is how often it is sent at most, the first time included: 1 to 3. Default: 2.
	Attempts int `json:"attempts,omitempty"`

	// Wait is how long the first retry waits; the second waits twice as long, and both up
	// to half of it less, by chance. A Retry-After of the upstream counts where it is
	// longer: 1ms to 10s. Default: 25ms.
	Wait caddy.Duration `json:"wait,omitempty"`

	// MaxWait is the longest wait; where an upstream asks for a longer one, there is no
	// retry: 1ms to 1m. Default: 1s.
	MaxWait caddy.Duration `json:"max_wait,omitempty"`

	// Budget is how many retries there may be for each request to the upstream, beside one
	// a second: above 0, up to 0.2. Default: 0.1.
	Budget float64 `json:"budget,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (Transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.reverse_proxy.transport.circuit_breaker", New: func() caddy.Module { return new(Transport) }}
}

// states holds what is known of addresses, by the settings of the transport, for as long
// as any transport of any configuration has these.
var states = caddy.NewUsagePool()

type shared struct {
	*alone.Addresses
	log *logto.Handler
}

// Destruct has nothing to end.
func (shared) Destruct() error { return nil }

// Provision loads the transport within, and takes what is known of addresses.
func (t *Transport) Provision(ctx caddy.Context) error {
	if t.TransportRaw == nil {
		t.TransportRaw = json.RawMessage(`{"protocol":"http"}`) // so that its connections are closed at the end
	}
	key, err := json.Marshal(t)
	if err != nil {
		return err
	}
	module, err := ctx.LoadModule(t, "TransportRaw")
	if err != nil {
		return fmt.Errorf("loading the transport: %w", err)
	}
	t.inner = module.(http.RoundTripper)
	t.lonely = isLonely(ctx.Modules())
	log := ctx.Slogger().Handler()
	value, _, err := states.LoadOrNew(string(key), func() (caddy.Destructor, error) { return t.newShared(log), nil })
	if err != nil {
		return err
	}
	t.key, t.addresses = string(key), value.(*shared)
	t.addresses.log.Set(log)
	return nil
}

func (t *Transport) newShared(log slog.Handler) *shared {
	handler := &logto.Handler{}
	handler.Set(log)
	config := alone.Config{
		Breaker: route.Breaker{
			Window: time.Duration(t.Window), MinRequests: t.MinRequests, FailureRatio: t.FailureRatio,
			OpenFor: time.Duration(t.OpenFor), Slow: time.Duration(t.Slow), Ramp: time.Duration(t.Ramp),
		}.Filled(),
		Random: rand.Float64,
		Logger: slog.New(handler),
	}
	if r := t.Retry; r != nil {
		config.Retry = route.Retry{Attempts: r.Attempts, Wait: time.Duration(r.Wait), MaxWait: time.Duration(r.MaxWait)}.Filled()
		config.Budget = route.RetryBudget{Ratio: r.Budget}.Filled()
	}
	return &shared{alone.New(config), handler}
}

// isLonely reports whether the reverse_proxy above asks one upstream only.
func isLonely(above []caddy.Module) bool {
	if len(above) < 2 {
		return true
	}
	proxy, ok := above[len(above)-2].(*reverseproxy.Handler)
	if !ok || proxy.LoadBalancing == nil || proxy.LoadBalancing.Retries == 0 && proxy.LoadBalancing.TryDuration == 0 {
		return true
	}
	return len(proxy.Upstreams) < 2 && proxy.DynamicUpstreamsRaw == nil
}

// Cleanup gives the state back. The last transport to do so ends it.
func (t *Transport) Cleanup() error {
	if t.key == "" {
		return nil
	}
	_, err := states.Delete(t.key)
	return err
}

// RoundTrip sends the request to the upstream that reverse_proxy chose, or refuses it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if ctx.Value(caddyhttp.VarsCtxKey) == nil { // a health check, which has to see what there is
		return t.inner.RoundTrip(r)
	}
	address := r.URL.Host
	if dial, ok := reverseproxy.GetDialInfo(ctx); ok {
		address = dial.String()
	}
	only := t.lonely || caddyhttp.GetVar(ctx, triedBefore) != nil
	response, err := t.addresses.RoundTrip(r, address, only, t.inner)
	if err != nil {
		caddyhttp.SetVar(ctx, triedBefore, true)
	}
	if errors.Is(err, breaker.ErrOpen) || errors.Is(err, breaker.ErrRamp) {
		return nil, refused(address, err)
	}
	return response, err
}

// triedBefore marks requests that an upstream has failed, or refused: this try may be the
// last one, and what a client sees is not to come of a ramp.
const triedBefore = "circuit_breaker.tried_before"

// refused is an error after which reverse_proxy may try another upstream, and that is 503
// where there is none.
func refused(address string, why error) error {
	return caddyhttp.HandlerError{
		StatusCode: http.StatusServiceUnavailable,
		Err:        reverseproxy.NewDialError(fmt.Errorf("%s: %w", address, why)),
	}
}

// Interface guards
var (
	_ caddy.Provisioner  = (*Transport)(nil)
	_ caddy.Validator    = (*Transport)(nil)
	_ caddy.CleanerUpper = (*Transport)(nil)
	_ http.RoundTripper  = (*Transport)(nil)
)
