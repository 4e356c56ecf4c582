package routetable

import (
	"fmt"
	"net/http"

	"ficus/gateway/route"
)

// warnResilience looks for what a route says of failures and what says nothing where it
// stands.
func warnResilience(d *route.Definition, warn func(key string, code route.Code, hint, format string, args ...any)) {
	pattern, _ := ParsePattern(d.Match)
	if method := pattern.method; d.Stage == route.StageShadow && method != "" && method != http.MethodGet && method != http.MethodHead {
		warn("stage", route.CodeShadow, "set stage: legacy, or canary when the new side is ready",
			"nothing is copied: of %s no copies are made, only of GET and HEAD", method)
	}
	if d.Stage == route.StageRetired && (d.Fallback.Enabled == route.On || d.Fallback.Unsafe == route.On) {
		warn("fallback", route.CodeFallback, "take the route back to stage new, or remove the fallback",
			"legacy never answers at stage retired, whatever fails")
	}
	retry := d.Retry.Filled()
	if d.Timeout > 0 && d.Stage >= route.StageCanary && retry.Attempts > 1 && retry.Wait >= d.Timeout {
		warn("retry.wait", route.CodeWait, "wait less, or give the request more time",
			"a retry waits %v, and the request may take %v in all", retry.Wait, d.Timeout)
	}
	for i := range d.Faults {
		warn(fmt.Sprintf("faults[%d]", i), route.CodeFaults, faultsHint, "%s", faultsMessage(&d.Faults[i]))
	}
}

// warnBreakers finds backends without a breaker that legacy has to answer for: each
// request waits until it has failed by itself.
func (c *compiler) warnBreakers() route.Problems {
	relied := map[string]*route.Definition{} // on legacy, and the first that does
	for i := range c.set.Routes {
		d := &c.set.Routes[i]
		falls := (d.Stage == route.StageCanary || d.Stage == route.StageNew) && d.Fallback.Enabled != route.Off
		if falls && relied[d.Backend] == nil {
			relied[d.Backend] = d
		}
	}
	var found route.Problems
	for i := range c.backends {
		b := &c.backends[i]
		if d := relied[b.Name]; d != nil && !b.HasBreaker() && b.Name != route.LegacyBackend {
			found = append(found, route.Problem{
				Code: route.CodeBreaker, Severity: route.Warning,
				Origin: route.Origin{File: b.Origin.File}, Path: "backends." + b.Name + ".breaker.enabled",
				Message: fmt.Sprintf("the breaker is off, so requests of %s wait for %s to fail before legacy answers, each of them", d.ID, b.Name),
				Hint:    "remove enabled: off",
			})
		}
	}
	return found
}

const faultsHint = "remove it when the rehearsal is over; it hits only where the Caddyfile says faults on"

func faultsMessage(f *route.Fault) string { return fmt.Sprintf("requests fail on purpose: %v", f) }
