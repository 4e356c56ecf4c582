package route

import (
	"cmp"
	"slices"
	"time"
)

// Retry is how often a request is sent to the new side until it has an answer. A request
// that may not be sent twice is sent once, unless nothing of it has left the gateway.
type Retry struct {
	// Attempts is how often it is sent at most, the first time included: 1 to 3. Each
	// further one costs the backend's retry_budget. A request is sent three times in all:
	// where it may fall back, the third time is legacy's. Default: 2.
	Attempts int `yaml:"attempts"`

	// Status lists answers that are tried again: of 500, 502, 503, 504 and 429. Default:
	// [502, 503, 504].
	Status []int `yaml:"status"`

	// Wait is how long the first retry waits; the second waits twice as long, and both up
	// to half of it less, by chance. A Retry-After of the backend counts where it is
	// longer, and where legacy may answer, it does so at once: 1ms to 10s. Default: 25ms.
	Wait time.Duration `yaml:"wait"`

	// MaxWait is the longest wait; where a backend asks for a longer one, there is no
	// retry: 1ms to 1m. Default: 1s.
	MaxWait time.Duration `yaml:"max_wait"`
}

// Filled returns the retry with its defaults filled in.
func (r Retry) Filled() Retry {
	r.Attempts = cmp.Or(r.Attempts, 2)
	if r.Status == nil {
		r.Status = slices.Clone(badGateway)
	}
	r.Wait, r.MaxWait = cmp.Or(r.Wait, 25*time.Millisecond), cmp.Or(r.MaxWait, time.Second)
	return r
}

var badGateway = []int{502, 503, 504}

// Fallback is when legacy answers in the place of the new side: at the stages canary and
// new, never at retired. A breaker that is open, a backend that is full and a request of
// which nothing has left the gateway always fall back; what has left it does where it may
// be sent twice.
type Fallback struct {
	// Enabled says whether there is any: "on" or "off". Default: on.
	Enabled Switch `yaml:"enabled"`

	// Status lists answers of the new side in whose place legacy answers: of 500 to 599.
	// Default: [502, 503, 504].
	Status []int `yaml:"status"`

	// Unsafe says whether those answers fall back for requests, too, that may not be sent
	// twice: "on" or "off". Turn it on where the new side changes nothing when it gives
	// one. Default: off.
	Unsafe Switch `yaml:"unsafe"`
}

// Filled returns the fallback with its defaults filled in.
func (f Fallback) Filled() Fallback {
	if f.Status == nil {
		f.Status = slices.Clone(badGateway)
	}
	return f
}
