package route

import (
	"cmp"
	"time"
)

// A Backend is a named destination with one or more addresses.
type Backend struct {
	// Name is the backend's key in the file: lower-case letters, digits, "-" and
	// "_", at most 64 characters. The name "legacy" is the monolith and must exist.
	Name string `yaml:"-"`

	// Addresses lists where the backend listens, each "http://host:port" or
	// "https://host:port" with no path, where the port may be left out for the scheme's
	// own, or a Unix socket, "unix:///run/shop.sock", with HTTP on it. "{$NAME:default}" takes the value from the environment. Required, at
	// least one.
	Addresses []string `yaml:"addresses"`

	// Balance says how an address is chosen where there are several:
	// "least_requests" (of two picked at random, the one with fewer requests in
	// flight), "least_time" (of two, the one that answers faster, by its latency of late
	// and its requests in flight) or "round_robin". Default: least_requests.
	Balance Balance `yaml:"balance"`

	// Health says how the gateway asks each address whether it can serve.
	Health Health `yaml:"health"`

	// Breaker stops sending requests to a backend that fails.
	Breaker Breaker `yaml:"breaker"`

	// MaxInflight is how many requests may be under way to the backend: 1 to 1000000. The
	// next ones wait in the queue; who finds that full falls back, or gets 503. Streams
	// and upgrades count until they end. Default: no limit.
	MaxInflight int `yaml:"max_inflight"`

	// Adaptive lets the limit of requests under way follow the backend's latency, between
	// 1 and max_inflight: "on" or "off". Default: off.
	Adaptive Switch `yaml:"adaptive"`

	// Queue is where requests wait that exceed max_inflight.
	Queue Queue `yaml:"queue"`

	// RetryBudget bounds how much of the backend's traffic may be retries.
	RetryBudget RetryBudget `yaml:"retry_budget"`

	// FallbackLimit bounds how much the backend takes in the place of others: it is for
	// legacy alone, which a failing new side must not drown.
	FallbackLimit FallbackLimit `yaml:"fallback_limit"`

	// ShadowLimit bounds what copies of requests at stage shadow may cost the backend.
	ShadowLimit ShadowLimit `yaml:"shadow_limit"`

	// ConnectTimeout is how long a connection, TLS included, may take: 1ms to 5m.
	// Default: 3s.
	ConnectTimeout time.Duration `yaml:"connect_timeout"`

	// TryTimeout is how long one try may take until the answer's headers are here, where
	// the route does not say: 1ms to 24h. Default: as long as it takes.
	TryTimeout time.Duration `yaml:"try_timeout"`

	// IdleTimeout is how long the body of a request or an answer may go without a byte,
	// where the route does not say: 1ms to 24h. Default: 2m.
	IdleTimeout time.Duration `yaml:"idle_timeout"`

	// SlowStart is how long an address that is new, or healthy again, gets less than its
	// share: up to 1h. It takes several addresses. Default: 10s.
	SlowStart time.Duration `yaml:"slow_start"`

	// Drain is how long streams and upgrades may stay open on an address that has left the
	// table: up to 24h. Default: as long as they like.
	Drain time.Duration `yaml:"drain"`

	// Identity says how the backend is told who asks.
	Identity Told `yaml:"identity"`

	// Transport is the configuration of Caddy's http transport
	// (http.reverse_proxy.transport.http), key by key as in Caddy's JSON: versions,
	// tls, dial_timeout and so on. Ficus sets compression off, 100-continue to 1s
	// and no forward proxy unless this says otherwise. Default: none.
	Transport map[string]any `yaml:"transport"`

	// Origin is where the backend was written; the parser fills it in.
	Origin Origin `yaml:"-"`
}

// Told is how a backend is told who asks. Whatever clients send in these headers is
// removed.
type Told struct {
	// Token says whether requests carry an internal token, a short-lived JWT for this
	// backend alone: "on" or "off". Default: on; for legacy off, which has the client's
	// own session.
	Token Switch `yaml:"token"`

	// Headers maps names of headers to claims of the principal, such as
	// X-User: sub. A list is joined by commas. Default: none.
	Headers map[string]string `yaml:"headers"`
}

// Health is how the gateway asks each address of a backend whether it can serve. One that
// can't gets no requests, unless none of them can: then all do.
type Health struct {
	// Path is asked for by GET, such as /healthz. Default: none, and no address is asked.
	Path string `yaml:"path"`

	// Every is the time between two questions: 100ms to 1h. Default: 5s.
	Every time.Duration `yaml:"every"`

	// Timeout is how long the answer may take: 1ms to 1m. Default: 2s.
	Timeout time.Duration `yaml:"timeout"`

	// Status is the status that says yes. Default: any of 200 to 299.
	Status int `yaml:"status"`

	// Failures is how many questions in a row have to fail until the address counts as
	// down: 1 to 100. Default: 2.
	Failures int `yaml:"failures"`

	// Passes is how many questions in a row have to succeed until the address counts as up
	// again: 1 to 100. Default: 2.
	Passes int `yaml:"passes"`
}

// Active reports whether addresses are asked at all.
func (h Health) Active() bool { return h.Path != "" }

// Filled returns the health check with its defaults filled in.
func (h Health) Filled() Health {
	h.Every = cmp.Or(h.Every, 5*time.Second)
	h.Timeout = cmp.Or(h.Timeout, 2*time.Second)
	h.Failures, h.Passes = cmp.Or(h.Failures, 2), cmp.Or(h.Passes, 2)
	return h
}

// Breaker is when a backend counts as failed, and how it comes back. A breaker that is
// open sends no requests: they fall back to legacy, or get 503.
//
// A request has failed when no answer came, when the answer was a 500, 502, 503 or 504,
// when its body broke off, or when it was slow. What the client did wrong, going away and
// a deadline that was too short included, does not count.
// Each address has a breaker, too: one that fails alone gets no requests, but the last
// one always does.
type Breaker struct {
	// Enabled says whether there is one: "on" or "off". Default: on; for legacy off, of
	// which single addresses are left out all the same.
	Enabled Switch `yaml:"enabled"`

	// Window is the time that counts, as a rolling window: 1s to 10m. Default: 10s.
	Window time.Duration `yaml:"window"`

	// MinRequests is how many requests of the window it takes to open; as many failures in
	// a row open at once: 1 to 1000000. Default: 20.
	MinRequests int `yaml:"min_requests"`

	// FailureRatio is the share of failures in the window from which on it opens: above 0,
	// up to 1. Default: 0.5.
	FailureRatio float64 `yaml:"failure_ratio"`

	// OpenFor is how long it stays open until single requests are let through to try:
	// 100ms to 1h. Default: 5s.
	OpenFor time.Duration `yaml:"open_for"`

	// Slow is how long the headers of an answer may take before it counts as a failure:
	// 1ms to 24h. Default: as long as they take.
	Slow time.Duration `yaml:"slow"`

	// Ramp is how long it takes from the first success until all requests are sent to the
	// backend again, where legacy can answer the others: up to 1h. Default: 10s.
	Ramp time.Duration `yaml:"ramp"`

	// EjectAfter is how many failures in a row an address may have until it gets no
	// requests for a time, where there are several: 1 to 1000. Default: 5.
	EjectAfter int `yaml:"eject_after"`
}

// Filled returns the breaker with its defaults filled in.
func (b Breaker) Filled() Breaker {
	b.Window = cmp.Or(b.Window, 10*time.Second)
	b.MinRequests = cmp.Or(b.MinRequests, 20)
	b.FailureRatio = cmp.Or(b.FailureRatio, 0.5)
	b.OpenFor = cmp.Or(b.OpenFor, 5*time.Second)
	b.Ramp = cmp.Or(b.Ramp, 10*time.Second)
	b.EjectAfter = cmp.Or(b.EjectAfter, 5)
	return b
}

// HasBreaker reports whether the backend has a breaker.
func (b *Backend) HasBreaker() bool {
	if b.Breaker.Enabled == Default {
		return b.Name != LegacyBackend
	}
	return b.Breaker.Enabled == On
}

// Queue is where requests wait until one of those under way ends.
type Queue struct {
	// Size is how many may wait: up to 100000. Default: a quarter of max_inflight.
	Size int `yaml:"size"`

	// Timeout is how long one waits: 1ms to 1m. Default: 100ms.
	Timeout time.Duration `yaml:"timeout"`
}

// RetryBudget is how much of a backend's traffic may be retries: a share of its requests,
// and some for a backend that gets few.
type RetryBudget struct {
	// Ratio is the share of the requests: above 0, up to 0.2. Default: 0.1.
	Ratio float64 `yaml:"ratio"`

	// Floor is how many retries a second there may be beside it: up to 100. Default: 1.
	Floor float64 `yaml:"floor"`
}

// Filled returns the budget with its defaults filled in.
func (b RetryBudget) Filled() RetryBudget {
	b.Ratio, b.Floor = cmp.Or(b.Ratio, 0.1), cmp.Or(b.Floor, 1)
	return b
}

// FallbackLimit is how much legacy takes in the place of others. Who exceeds it gets the
// failure of the new side.
type FallbackLimit struct {
	// MaxInflight is how many fallbacks may be under way: 1 to 1000000. Default: 512, but no
	// more than half of legacy's own max_inflight.
	MaxInflight int `yaml:"max_inflight"`

	// Rate is how many there may be in a time, such as 200/s. Default: no limit.
	Rate Rate `yaml:"rate"`
}

// ShadowLimit is what copies of requests may cost a backend. A copy that exceeds it is
// dropped, and counted.
type ShadowLimit struct {
	// MaxInflight is how many copies may be under way: 1 to 10000. Default: 16.
	MaxInflight int `yaml:"max_inflight"`

	// Queue is how many copies may wait: up to 10000. Default: 64.
	Queue int `yaml:"queue"`

	// Timeout is how long the answer to a copy may take: 1ms to 10m. Default: 10s.
	Timeout time.Duration `yaml:"timeout"`
}

// Filled returns the limit with its defaults filled in.
func (s ShadowLimit) Filled() ShadowLimit {
	s.MaxInflight, s.Queue = cmp.Or(s.MaxInflight, 16), cmp.Or(s.Queue, 64)
	s.Timeout = cmp.Or(s.Timeout, 10*time.Second)
	return s
}
