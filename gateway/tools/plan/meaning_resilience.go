package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ficus/gateway/route"
)

// resilienceMeaning says what changes for clients when something is slow, fails or is
// flooded.
func resilienceMeaning(a, b *unit) []string {
	return slices.Concat(shadowMeaning(a, b), fallbackMeaning(a, b), timeoutMeaning(a, b), floodMeaning(a, b), faultMeaning(a, b))
}

// shadowMeaning is about the copies that the new side gets.
func shadowMeaning(a, b *unit) []string {
	was, is := a.written.Stage == route.StageShadow, b.written.Stage == route.StageShadow
	switch {
	case is && !was:
		part := ""
		if share := b.written.Shadow.Filled().Share; share < 100 {
			part = number(share) + " % of "
		}
		return []string{fmt.Sprintf("copies of %sits safe requests go to %s", part, b.written.Backend)}
	case was && !is:
		return []string{"no copies go to " + a.written.Backend + " any more"}
	case is && a.written.Backend != b.written.Backend:
		return []string{fmt.Sprintf("copies go to %s instead of %s", b.written.Backend, a.written.Backend)}
	}
	return nil
}

// fallbackMeaning is about what becomes of requests that fail on the new side. That
// legacy answers them is nothing to speak of, unless it did not.
func fallbackMeaning(a, b *unit) []string {
	was, is := resilienceOf(a.written.Resilience), resilienceOf(b.written.Resilience)
	could, can := fallsBack(a.written.Stage), fallsBack(b.written.Stage)
	backend := b.written.Backend
	var words []string
	say := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	on := func(s route.Switch) bool { return s == route.On }
	switch {
	case !can:
	case !on(is.Fallback.Enabled) && (!could || on(was.Fallback.Enabled)):
		say("fallback off: where %s fails, clients get the failure", backend)
	case on(is.Fallback.Enabled) && could && !on(was.Fallback.Enabled):
		say("fallback on: where %s fails, legacy answers", backend)
	}
	if can && on(is.Fallback.Enabled) && on(is.Fallback.Unsafe) && !(could && on(was.Fallback.Unsafe)) {
		say("requests may run on %s and on legacy, whatever they change: unsafe is on", backend)
	}
	if callsNew(b.written.Stage) && on(is.Idempotent) && !(callsNew(a.written.Stage) && on(was.Idempotent)) {
		say("requests may be sent twice, whatever they change: idempotent is on")
	}
	return words
}

// timeoutMeaning is about times that get shorter, or end.
func timeoutMeaning(a, b *unit) []string {
	var words []string
	was, is := a.written.Resilience, b.written.Resilience
	switch {
	case shorter(was.Timeout, is.Timeout):
		words = []string{fmt.Sprintf("timeout shortened: requests that take longer than %v fail", is.Timeout)}
	case was.Timeout > 0 && is.Timeout == 0:
		words = []string{"requests may take as long as they like"}
	}
	if was.TryTimeout > 0 && shorter(was.TryTimeout, is.TryTimeout) { // else the backend's was the one before
		words = append(words, fmt.Sprintf("try_timeout shortened: a try without an answer fails after %v", is.TryTimeout))
	}
	if was.IdleTimeout > 0 && shorter(was.IdleTimeout, is.IdleTimeout) {
		words = append(words, fmt.Sprintf("idle_timeout shortened: bodies that stand still are cut after %v", is.IdleTimeout))
	}
	if is.MinBodyRate > was.MinBodyRate {
		words = append(words, fmt.Sprintf("min_body_rate raised: clients that send less than %d bytes of a body a second get 408", is.MinBodyRate))
	}
	return words
}

// shorter reports whether a time is shorter than another, of which 0 is no end.
func shorter(was, is time.Duration) bool { return is > 0 && (was == 0 || is < was) }

// floodMeaning is about who is refused when there is too much.
func floodMeaning(a, b *unit) []string {
	var words []string
	was, is := a.written.RateLimit.Rate, b.written.RateLimit.Rate
	limit := func(what string) string {
		return fmt.Sprintf("rate limit %s: a client that asks more often than %v gets 429", what, is)
	}
	switch {
	case was.IsZero() && !is.IsZero():
		words = []string{limit("begins")}
	case is.IsZero() && !was.IsZero():
		words = []string{"no rate limit any more"}
	case is.PerSecond() < was.PerSecond():
		words = []string{limit("tightened")}
	case is.PerSecond() > was.PerSecond():
		words = []string{limit("loosened")}
	}
	switch rank := slices.Index[[]route.Priority]; cmp.Compare(rank(byPriority, b.written.Priority), rank(byPriority, a.written.Priority)) {
	case -1:
		words = append(words, "refused earlier when the gateway is out of capacity")
	case 1:
		words = append(words, "refused later when the gateway is out of capacity")
	}
	return words
}

// byPriority lists the priorities, the lowest first.
var byPriority = []route.Priority{route.LowPriority, route.NormalPriority, route.HighPriority, route.CriticalPriority}

// faultMeaning is about what is broken on purpose; what it is stands with the key.
func faultMeaning(a, b *unit) []string {
	switch was, is := a.written.Faults, b.written.Faults; {
	case slices.EqualFunc(was, is, func(f, g route.Fault) bool { return f.String() == g.String() }):
		return nil
	case len(is) == 0:
		return []string{"the rehearsal ends: nothing is broken on purpose any more"}
	}
	return []string{"a rehearsal: requests fail on purpose, if the Caddyfile allows it"}
}

// meaningOfBackend says what it means for a backend that some of its keys change. What an
// edit does not touch goes on over it: connections, breaker, what is under way.
func meaningOfBackend(a, b route.Backend, changed []Change) []string {
	touched := func(keys ...string) bool {
		return slices.ContainsFunc(changed, func(c Change) bool {
			top, _, _ := strings.Cut(c.Property, ".")
			return slices.Contains(keys, top)
		})
	}
	var words []string
	switch {
	case touched("transport", "connect_timeout"):
		words = []string{"its connections are made anew"}
	case touched("addresses"):
		words = []string{"the addresses that stay keep their connections"}
	}
	if touched("breaker") && a.HasBreaker() && b.HasBreaker() {
		words = append(words, "its breaker begins anew, closed")
	}
	say := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	switch was, is := a.HasBreaker(), b.HasBreaker(); {
	case was && !is:
		say("breaker off: %s is asked however often it fails", b.Name)
	case is && !was:
		say("breaker on: while %s fails, it is asked no more", b.Name)
	}
	if limit := b.MaxInflight; limit > 0 && (a.MaxInflight == 0 || limit < a.MaxInflight) {
		say("limited to %d requests at a time: those that find the queue full fall back, or get 503", limit)
	}
	switch was, is := a.Health.Active(), b.Health.Active(); {
	case is && !was:
		say("each address is asked for %s every %v, and gets no requests while it fails", b.Health.Path, b.Health.Filled().Every)
	case was && !is:
		say("addresses are asked no more whether they can serve")
	}
	if left := leaving(a.Addresses, b.Addresses); left != "" && a.Drain > 0 {
		say("streams on %s end after %v", left, a.Drain)
	}
	return words
}

// leaving lists the addresses that go.
func leaving(old, new []string) string {
	gone := slices.DeleteFunc(slices.Clone(old), func(address string) bool { return slices.Contains(new, address) })
	return strings.Join(gone, ", ")
}
