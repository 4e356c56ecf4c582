package routetable

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
)

// ranges collects what is out of range. All values are optional: the zero value is none.
type ranges struct {
	report func(key string, p route.Problem)
}

// between checks a value that is given.
func between[T cmp.Ordered](r ranges, key string, given, low, high T) {
	var none T
	if given != none && !(low <= given && given <= high) {
		r.report(key, outOfRange(key, given, low, high))
	}
}

// share checks a part that is above 0.
func (r ranges) share(key string, given, high float64) {
	if given != 0 && !(given > 0 && given <= high) {
		r.report(key, outOfRange(key, given, "above 0", high))
	}
}

func outOfRange(key string, given, low, high any) route.Problem {
	name := key[strings.LastIndexByte(key, '.')+1:]
	if text, ok := low.(string); ok {
		return value("%s %v is not %s and up to %v", name, given, text, high)
	}
	return value("%s %v is not between %v and %v", name, given, low, high)
}

const day = 24 * time.Hour

// checkResilience returns what is wrong with the resilience of one definition.
func checkResilience(d *route.Definition) route.Problems {
	var found route.Problems
	report := func(key string, p route.Problem) { found = append(found, at(d, key, p)) }
	r := ranges{report}
	between(r, "timeout", d.Timeout, time.Millisecond, day)
	between(r, "try_timeout", d.TryTimeout, time.Millisecond, day)
	between(r, "idle_timeout", d.IdleTimeout, time.Millisecond, day)
	between(r, "min_body_rate", d.MinBodyRate, 1, route.MaxBodyRate)
	if d.Timeout > 0 && d.TryTimeout > d.Timeout {
		report("try_timeout", value("one try may take %v, and all of them %v", d.TryTimeout, d.Timeout))
	}
	if d.Deadline != "" && (!httpguts.ValidHeaderFieldName(d.Deadline) || isFraming(d.Deadline)) {
		report("deadline", value("%q can't carry how much time is left: it is no header, or one of the connection", d.Deadline))
	}
	between(r, "max_replay", d.MaxReplay, 1, route.MaxReplayLimit)
	between(r, "retry.attempts", d.Retry.Attempts, 1, 3)
	between(r, "retry.wait", d.Retry.Wait, time.Millisecond, 10*time.Second)
	between(r, "retry.max_wait", d.Retry.MaxWait, time.Millisecond, time.Minute)
	for i, status := range d.Retry.Status {
		if !slices.Contains([]int{429, 500, 502, 503, 504}, status) {
			report(fmt.Sprintf("retry.status[%d]", i), value("the answer %d can't be tried again: of 429, 500, 502, 503 and 504 one", status))
		}
	}
	for i, status := range d.Fallback.Status {
		if status < 500 || status > 599 {
			report(fmt.Sprintf("fallback.status[%d]", i), value("the answer %d is no failure of the new side: 500 to 599 are", status))
		}
	}
	found = append(found, checkLimits(d)...)
	return append(found, checkShadow(d)...)
}

// checkLimits returns what is wrong with rate limit and faults.
func checkLimits(d *route.Definition) route.Problems {
	var found route.Problems
	report := func(key string, p route.Problem) { found = append(found, at(d, key, p)) }
	r := ranges{report}
	between(r, "rate_limit.burst", d.RateLimit.Burst, 1, 1_000_000)
	if d.RateLimit.Rate.IsZero() && (d.RateLimit.Burst != 0 || d.RateLimit.By != nil || d.RateLimit.Headers == route.On) {
		report("rate_limit", required("the rate", "say how many there may be: rate: 10/s"))
	}
	for i, source := range d.RateLimit.By {
		if named := source.Kind == route.FromCookie || source.Kind == route.FromHeader; named && !httpguts.ValidHeaderFieldName(source.Name) {
			report(fmt.Sprintf("rate_limit.by[%d]", i), value("%q is no name of a cookie or header", source.Name))
		}
	}
	for i := range d.Faults {
		f, key := &d.Faults[i], fmt.Sprintf("faults[%d]", i)
		r.share(key+".share", f.Share, 100)
		between(r, key+".delay", f.Delay, 0, 5*time.Minute)
		between(r, key+".abort", f.Abort, 400, 599)
		switch {
		case f.Delay == 0 && f.Abort == 0 && f.Reset != route.On:
			report(key, required("what is broken", "say one of delay: 300ms, abort: 503 and reset: on"))
		case f.Abort != 0 && f.Reset == route.On:
			report(key, value("an answer and a broken connection exclude each other"))
		}
		for _, name := range slices.Sorted(maps.Keys(f.Header)) {
			if !httpguts.ValidHeaderFieldName(name) {
				report(key+".header."+name, value("%q is no name of a header", name))
			}
		}
	}
	return found
}

// checkShadow returns what is wrong with what is copied and compared.
func checkShadow(d *route.Definition) route.Problems {
	var found route.Problems
	report := func(key string, p route.Problem) { found = append(found, at(d, key, p)) }
	r := ranges{report}
	r.share("shadow.share", d.Shadow.Share, 100)
	between(r, "shadow.max_body", d.Shadow.MaxBody, 1, route.MaxShadowBody)
	for i, name := range d.Shadow.Headers {
		if !httpguts.ValidHeaderFieldName(name) {
			report(fmt.Sprintf("shadow.headers[%d]", i), value("%q is no name of a header", name))
		}
	}
	for i, pointer := range d.Shadow.Ignore {
		if pointer == "" || pointer[0] != '/' {
			p := value("%q is no place in a JSON body", pointer)
			p.Hint = "write a JSON pointer, with * for any key: /items/*/seen"
			report(fmt.Sprintf("shadow.ignore[%d]", i), p)
		}
	}
	return found
}

// checkBackendResilience returns what is wrong with how a backend is kept from failing.
func checkBackendResilience(b *route.Backend, report func(key string, p route.Problem)) {
	r := ranges{report}
	if b.Health.Path != "" && (b.Health.Path[0] != '/' || strings.ContainsAny(b.Health.Path, " #")) {
		report("health.path", value("%q is no path: write /healthz", b.Health.Path))
	}
	if b.Health.Path == "" && b.Health != (route.Health{}) {
		report("health", required("the path", "say what to ask for: path: /healthz"))
	}
	between(r, "health.every", b.Health.Every, 100*time.Millisecond, time.Hour)
	between(r, "health.timeout", b.Health.Timeout, time.Millisecond, time.Minute)
	between(r, "health.status", b.Health.Status, 200, 599)
	between(r, "health.failures", b.Health.Failures, 1, 100)
	between(r, "health.passes", b.Health.Passes, 1, 100)
	checkBreaker(b, r)
	between(r, "max_inflight", b.MaxInflight, 1, 1_000_000)
	if b.MaxInflight == 0 && (b.Adaptive == route.On || b.Queue != (route.Queue{})) {
		report("max_inflight", required("max_inflight", "say how many requests may be under way at most: max_inflight: 256"))
	}
	between(r, "queue.size", b.Queue.Size, 1, 100_000)
	between(r, "queue.timeout", b.Queue.Timeout, time.Millisecond, time.Minute)
	r.share("retry_budget.ratio", b.RetryBudget.Ratio, 0.2)
	r.share("retry_budget.floor", b.RetryBudget.Floor, 100)
	between(r, "connect_timeout", b.ConnectTimeout, time.Millisecond, 5*time.Minute)
	between(r, "try_timeout", b.TryTimeout, time.Millisecond, day)
	between(r, "idle_timeout", b.IdleTimeout, time.Millisecond, day)
	between(r, "slow_start", b.SlowStart, time.Millisecond, time.Hour)
	between(r, "drain", b.Drain, time.Millisecond, day)
	if _, set := b.Transport["dial_timeout"]; set && b.ConnectTimeout != 0 {
		report("connect_timeout", value("connect_timeout and the transport's dial_timeout exclude each other"))
	}
	checkShares(b, r)
}

func checkBreaker(b *route.Backend, r ranges) {
	between(r, "breaker.window", b.Breaker.Window, time.Second, 10*time.Minute)
	between(r, "breaker.min_requests", b.Breaker.MinRequests, 1, 1_000_000)
	r.share("breaker.failure_ratio", b.Breaker.FailureRatio, 1)
	between(r, "breaker.open_for", b.Breaker.OpenFor, 100*time.Millisecond, time.Hour)
	between(r, "breaker.slow", b.Breaker.Slow, time.Millisecond, day)
	between(r, "breaker.ramp", b.Breaker.Ramp, time.Millisecond, time.Hour)
	between(r, "breaker.eject_after", b.Breaker.EjectAfter, 1, 1000)
}

// checkShares checks what a backend takes beside its own requests.
func checkShares(b *route.Backend, r ranges) {
	between(r, "fallback_limit.max_inflight", b.FallbackLimit.MaxInflight, 1, 1_000_000)
	if b.FallbackLimit != (route.FallbackLimit{}) && b.Name != route.LegacyBackend {
		p := value("only legacy takes fallbacks")
		p.Hint = "move it to the backend legacy"
		r.report("fallback_limit", p)
	}
	between(r, "shadow_limit.max_inflight", b.ShadowLimit.MaxInflight, 1, 10_000)
	between(r, "shadow_limit.queue", b.ShadowLimit.Queue, 1, 10_000)
	between(r, "shadow_limit.timeout", b.ShadowLimit.Timeout, time.Millisecond, 10*time.Minute)
}
