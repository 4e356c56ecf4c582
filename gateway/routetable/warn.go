package routetable

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"ficus/gateway/route"
)

// warnings looks for what can be served and is hardly meant.
func (c *compiler) warnings(now time.Time) route.Problems {
	var found route.Problems
	for i := range c.set.Routes {
		d := &c.set.Routes[i]
		if _, known := c.finding(d); known && !d.Expires.PassedBy(now) {
			continue
		}
		of := warnRoute(d, now)
		c.warned[d.Same] = c.warned[d.Same] || len(of) > 0
		found = append(found, of...)
	}
	found = append(found, c.warnRetired()...)
	found = append(found, c.warnBreakers()...)
	for i, fault := range c.set.Rest.Faults {
		found = append(found, route.Problem{
			Code: route.CodeFaults, Severity: route.Warning, Origin: route.Origin{File: c.set.RestOrigin.File},
			Path:  fmt.Sprintf("folder_defaults.faults[%d]", i),
			Route: route.DefaultID, Message: faultsMessage(&fault), Hint: faultsHint,
		})
	}
	return append(found, c.warnUnusedBackends()...)
}

// warnRoute looks at one route alone.
func warnRoute(d *route.Definition, now time.Time) route.Problems {
	var found route.Problems
	warn := func(key string, code route.Code, hint, format string, args ...any) {
		found = append(found, at(d, key, route.Problem{
			Code: code, Severity: route.Warning, Message: fmt.Sprintf(format, args...), Hint: hint,
		}))
	}
	pattern, _ := ParsePattern(d.Match)
	if why := unreachable(pattern, d); why != "" {
		warn("match", route.CodeUnreachable, "remove the route, or mend its match", "no request reaches the route: %s", why)
	}
	if d.Weight != 0 && d.Stage != route.StageCanary {
		warn("weight", route.CodeWeight, "remove the weight, or set stage: canary",
			"the weight %v says nothing at stage %s", d.Weight, d.Stage)
	}
	if d.Policy == "" && changesState(pattern.method) {
		warn("match", route.CodePolicy, "name a policy, or write policy: public",
			"the route may change state, and no policy says who may")
	}
	if d.Expires.PassedBy(now) {
		warn("expires", route.CodeExpired, "remove the route, or set another day",
			"the route should have been gone by %s", d.Expires)
	}
	warnResilience(d, warn)
	return found
}

// unreachable says why no request can match, "" if some can.
func unreachable(p Pattern, d *route.Definition) string {
	switch {
	case p.method == http.MethodConnect:
		return "the gateway refuses CONNECT"
	case (p.method == http.MethodGet || p.method == http.MethodHead) && d.When.GraphQL.Type == route.Mutation:
		return "GraphQL has no mutations by GET"
	}
	return ""
}

// changesState reports whether a method, "" being any, may change state (RFC 9110,
// 9.2.1).
func changesState(method string) bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}, method)
}

// warnRetired finds retired routes some of whose requests go to another route that
// still calls legacy: their code there can't be deleted yet.
func (c *compiler) warnRetired() route.Problems {
	if !slices.ContainsFunc(c.entries, func(e *Entry) bool { return e.Stage == route.StageRetired }) {
		return nil
	}
	inside := map[*Entry]*Entry{} // retired ones, and the first that calls legacy inside
	for _, inner := range c.entries[:len(c.entries)-1] {
		if !inner.CallsLegacy() {
			continue
		}
		c.hosts.beaten(inner, func(outer *Entry) {
			if outer.Stage == route.StageRetired && inside[outer] == nil {
				inside[outer] = inner
			}
		})
	}
	var found route.Problems
	for _, outer := range c.entries {
		if inner := inside[outer]; inner != nil {
			found = append(found, placed(outer.Origin, outer.ID, "stage", route.Problem{
				Code: route.CodeRetired, Severity: route.Warning,
				Message: fmt.Sprintf("the route is retired, and legacy still serves a part of it: %s, %q (%s)", inner.ID, inner.Pattern, inner.Origin),
				Hint:    "move that route first, or take this one back to stage new",
			}))
		}
	}
	return found
}

func (c *compiler) warnUnusedBackends() route.Problems {
	used := map[string]bool{route.LegacyBackend: true}
	for i := range c.set.Routes {
		used[c.set.Routes[i].Backend] = true
	}
	var found route.Problems
	for _, b := range c.backends {
		if !used[b.Name] {
			found = append(found, route.Problem{
				Code: route.CodeUnused, Severity: route.Warning,
				Origin: route.Origin{File: b.Origin.File}, Path: "backends." + b.Name,
				Message: fmt.Sprintf("no route uses the backend %q", b.Name),
				Hint:    "remove it, or name it in a route",
			})
		}
	}
	return found
}
