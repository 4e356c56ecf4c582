package export

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"ficus/gateway/route"
)

// loseResilience reports what of a rule keeps clients from noticing failures. Other
// gateways have words that look alike: their retries know no budget and replay what must
// not run twice, their timeouts cut streams, and none of them has a fallback. What all
// tables have by default is a note.
func (s *source) loseResilience(r *rule) {
	rules := r.Resilience
	if r.Stage >= route.StageCanary {
		s.note(CodeFallback, "a backend that fails is not asked again, no breaker keeps requests from it, and legacy does not answer in its place")
	}
	if r.Stage == route.StageShadow {
		s.lose(r, CodeShadow, "no copies go to %s any more", r.Backend)
	}
	var times []string
	for _, t := range []struct {
		key  string
		time time.Duration
	}{{"timeout", rules.Timeout}, {"try_timeout", rules.TryTimeout}, {"idle_timeout", rules.IdleTimeout}} {
		if t.time > 0 {
			times = append(times, fmt.Sprintf("%s %v", t.key, t.time))
		}
	}
	if rules.MinBodyRate > 0 {
		times = append(times, fmt.Sprintf("min_body_rate %d", rules.MinBodyRate))
	}
	if rules.Deadline != "" {
		times = append(times, "the deadline in "+rules.Deadline)
	}
	if times != nil {
		s.lose(r, CodeTimeout, "nothing keeps to %s any more", strings.Join(times, ", "))
	}
	if !rules.RateLimit.Rate.IsZero() {
		s.lose(r, CodeLimit, "clients may ask more often than %v", rules.RateLimit.Rate)
	}
	if rules.Priority != route.NormalPriority {
		s.lose(r, CodeLimit, "its priority %s counts no more", rules.Priority)
	}
	if len(rules.Faults) > 0 {
		s.lose(r, CodeFaults, "its requests do not fail on purpose any more")
	}
}

// loseOfBackend reports what keeps a backend from failing, and that it can't be told which
// of its addresses is fast.
func (s *source) loseOfBackend(b *route.Backend) {
	if len(b.Addresses) > 1 && b.Balance == route.LeastTime {
		s.loseBackend(b, "balance: its addresses are no longer chosen by how fast they answer")
	}
	var without []string
	if b.Health.Active() {
		without = append(without, "its health checks ("+b.Health.Path+")")
	}
	if b.MaxInflight > 0 {
		without = append(without, fmt.Sprintf("its limit of %d requests at a time", b.MaxInflight))
	}
	for _, t := range []struct {
		key  string
		time time.Duration
	}{{"try_timeout", b.TryTimeout}, {"idle_timeout", b.IdleTimeout}, {"slow_start", b.SlowStart}, {"drain", b.Drain}} {
		if t.time > 0 {
			without = append(without, fmt.Sprintf("its %s %v", t.key, t.time))
		}
	}
	if without != nil {
		s.loseBackend(b, "it goes without %s", strings.Join(without, ", "))
	}
}

// loseConnectTimeouts is for targets that have no word for it.
func (s *source) loseConnectTimeouts() {
	for _, b := range s.used() {
		if b.ConnectTimeout > 0 {
			s.loseBackend(b, "it goes without its connect_timeout %v", b.ConnectTimeout)
		}
	}
}

// connectTimeout is how long a connection to a backend may take.
func connectTimeout(b *route.Backend) time.Duration {
	return cmp.Or(b.ConnectTimeout, route.DefaultConnectTimeout)
}
