package plan

import (
	"cmp"
	"net/http"
	"time"

	"ficus/gateway/route"
)

// resilienceOf returns what a route says of resilience with its defaults filled in, so
// that to write one out is no change.
func resilienceOf(r route.Resilience) route.Resilience {
	r.Deadline = http.CanonicalHeaderKey(r.Deadline)
	r.Idempotent = cmp.Or(r.Idempotent, route.Off)
	r.Retry, r.Fallback, r.Shadow = r.Retry.Filled(), r.Fallback.Filled(), r.Shadow.Filled()
	r.Fallback.Enabled, r.Fallback.Unsafe = cmp.Or(r.Fallback.Enabled, route.On), cmp.Or(r.Fallback.Unsafe, route.Off)
	r.MaxReplay = r.ReplayLimit()
	r.RateLimit.Headers = cmp.Or(r.RateLimit.Headers, route.Off)
	if len(r.RateLimit.By) == 0 {
		r.RateLimit.By = []route.Source{{Kind: route.FromClaim, Name: "sub"}, {Kind: route.FromClientIP}}
	}
	return r
}

// backendOf returns a backend with its defaults filled in.
func backendOf(b route.Backend) route.Backend {
	legacy := b.Name == route.LegacyBackend
	b.Breaker.Enabled = switchOf(b.HasBreaker())
	b.Health, b.Breaker = b.Health.Filled(), b.Breaker.Filled()
	b.Adaptive = cmp.Or(b.Adaptive, route.Off)
	b.Identity.Token = cmp.Or(b.Identity.Token, switchOf(!legacy))
	b.Queue.Timeout = cmp.Or(b.Queue.Timeout, 100*time.Millisecond)
	b.RetryBudget, b.ShadowLimit = b.RetryBudget.Filled(), b.ShadowLimit.Filled()
	if legacy {
		b.FallbackLimit.MaxInflight = cmp.Or(b.FallbackLimit.MaxInflight, 512)
	}
	if _, set := b.Transport["dial_timeout"]; !set {
		b.ConnectTimeout = cmp.Or(b.ConnectTimeout, route.DefaultConnectTimeout)
	}
	b.IdleTimeout = cmp.Or(b.IdleTimeout, route.DefaultIdleTimeout)
	b.SlowStart = cmp.Or(b.SlowStart, 10*time.Second)
	return b
}

func switchOf(on bool) route.Switch {
	if on {
		return route.On
	}
	return route.Off
}
