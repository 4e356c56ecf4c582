package route

import (
	"cmp"
	"time"
)

// Resilience is what keeps clients from noticing that a backend is slow, fails or is
// flooded. All of it is optional, and the defaults suit most routes.
type Resilience struct {
	// Timeout is how long a request may take, from its arrival to the end of its answer,
	// with all tries. Event streams, upgrades and gRPC only have to begin in that time.
	// What is left of it travels on in the deadline header: 1ms to 24h. Default: as long
	// as it takes.
	Timeout time.Duration `yaml:"timeout"`

	// TryTimeout is how long one try may take until the answer's headers are here, after
	// which it has failed: 1ms to 24h. It is not for legacy in the place of the new side,
	// which has the time of its backend. Default: the backend's; where that has none, and
	// legacy may answer in time, half of what is left of timeout.
	TryTimeout time.Duration `yaml:"try_timeout"`

	// IdleTimeout is how long the body of a request or an answer may go without a byte,
	// whoever is slow, until the request is cut: 1ms to 24h. Event streams, upgrades and
	// gRPC are exempt. Default: the backend's.
	IdleTimeout time.Duration `yaml:"idle_timeout"`

	// MinBodyRate is how many bytes a second of a request's body a client has to send, on
	// average over the idle timeout, while nobody but the client is awaited: 1 to 1048576.
	// One that sends less is answered 408. Upgrades and gRPC are exempt; a route whose clients
	// stream a body now and then should have none. Default: a byte in the idle timeout is
	// enough.
	MinBodyRate int `yaml:"min_body_rate"`

	// Deadline names a header in which clients say how many milliseconds they wait, and
	// backends are told how many are left: the shorter of the client's and timeout's. That
	// of gRPC (grpc-timeout) is always understood. Default: none.
	Deadline string `yaml:"deadline"`

	// Idempotent says that a request of the route may be sent twice whatever its method:
	// "on" or "off". Requests with an Idempotency-Key may be as well. Default: off, which
	// leaves it to the method (RFC 9110, 9.2.2).
	Idempotent Switch `yaml:"idempotent"`

	// Retry says how often a request that may be sent twice is sent to the new side.
	Retry Retry `yaml:"retry"`

	// Fallback says when legacy answers because the new side failed.
	Fallback Fallback `yaml:"fallback"`

	// MaxReplay is how much of a request's body is kept so that it can be sent again, in
	// bytes: 1 to 1048576. A request with a longer one is sent once. Default: 65536.
	MaxReplay int `yaml:"max_replay"`

	// Priority says which requests are refused last when the gateway is out of capacity:
	// "low", "normal", "high" or "critical". Default: normal.
	Priority Priority `yaml:"priority"`

	// RateLimit bounds how often one client may ask.
	RateLimit RateLimit `yaml:"rate_limit"`

	// Faults lists what is broken on purpose, for rehearsals. The Caddyfile has to allow
	// it. Default: nothing.
	Faults []Fault `yaml:"faults"`

	// Shadow says what is copied and compared at stage shadow.
	Shadow Shadow `yaml:"shadow"`
}

// ReplayLimit is how much of a body is kept, in bytes.
func (r *Resilience) ReplayLimit() int { return cmp.Or(r.MaxReplay, 64<<10) }

// MaxBodyRate is the largest MinBodyRate, in bytes a second.
const MaxBodyRate = 1 << 20

// MaxReplayLimit is the largest MaxReplay, in bytes.
const MaxReplayLimit = 1 << 20

// DefaultIdleTimeout is how long a body may go without a byte where neither route nor
// backend say.
const DefaultIdleTimeout = 2 * time.Minute

// DefaultConnectTimeout is how long a connection may take where the backend does not say.
const DefaultConnectTimeout = 3 * time.Second
