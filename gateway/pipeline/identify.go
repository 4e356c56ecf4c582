package pipeline

import (
	"fmt"
	"net/http"
	"slices"

	"ficus/gateway/authz"
	"ficus/gateway/identity"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/shadow"
	"ficus/gateway/telemetry"
)

// proxyHeaders are what only a proxy in front of the gateway may say: who asked, for which
// host and path, and with which method. Backends take it from whoever sends it. That of a
// client that is no trusted proxy is removed, in every spelling.
var proxyHeaders = []string{
	"Forwarded", "X-Forwarded", "X-Forwarded-*", "X-Original-*", "X-Rewrite-*",
	"X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Host-Override", "X-HTTP-Path-Override",
	"X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP", "Client-IP", "X-Host", "X-Scheme", "X-Script-Name",
	"X-Url-Scheme", "Front-End-Https",
	"Script-Name", "Path-Info", // gunicorn takes them for its own (SCRIPT_NAME)
	"X-Sendfile-Type", "X-Accel-Mapping", // Rack has a proxy in front send files by them (CVE-2025-61780)
	"Proxy", // CGI takes it for HTTP_PROXY (CVE-2016-5385)
}

// stripperFor returns what removes from a client's request what only the gateway may say
// of who asks, on every route and before any room looks at it.
func (s *serving) stripperFor(c Client) *identity.Stripper {
	if c.Trusted {
		return s.stripper
	}
	return s.distrust
}

// identify is room 2: who asks, where anything depends on it. Whoever can't be known is
// anonymous.
func (x *Exchange) identify(metrics *telemetry.Metrics) {
	if x.gate == nil || !x.bound.asksWho {
		return
	}
	defer x.trace.Room("identify").End()
	x.Principal, x.Refused = x.gate.Identify(x.request, x.Entry.Identity)
	switch {
	case x.Principal != nil:
		metrics.Identified(x.Principal.Source)
	case x.Refused != nil:
		metrics.Identified(telemetry.Refused)
	default:
		metrics.Identified(telemetry.Anonymous)
	}
}

func principalOf(p *identity.Principal) authz.Principal {
	if p == nil {
		return authz.Principal{Anonymous: true}
	}
	return authz.Principal{ID: p.ID, Source: p.Source, Claims: p.Claims, Expires: p.Expires}
}

// asksWho reports whether anything depends on who asks for an entry.
func asksWho(e *routetable.Entry, told [len(route.Sides)]*identity.Outward) bool {
	byClaim := slices.ContainsFunc(e.Cohort, func(s route.Source) bool { return s.Kind == route.FromClaim })
	return e.Guarded() || e.Stage == route.StageCanary && byClaim ||
		e.Stage == route.StageNew && told[route.Legacy] != nil || // which may answer in its place
		slices.ContainsFunc(e.Sides(), func(side route.Side) bool { return told[side] != nil })
}

// tell returns how the backend of one side is told who asks, nil where it is not.
func (p *Pipeline) tell(b *route.Backend, claims []string) (*identity.Outward, error) {
	if b == nil {
		return nil, nil
	}
	config := identity.OutwardConfig{Audience: b.Name, Claims: claims, Headers: b.Identity.Headers}
	if b.Identity.Token == route.On || b.Identity.Token == route.Default && b.Name != route.LegacyBackend {
		config.Token = identity.TokenHeader
	}
	if config.Token == "" && len(config.Headers) == 0 {
		return nil, nil
	}
	return identity.NewOutward(config, p.Issue)
}

// toldHeaders are the headers in which backends are told who asks, and that a request is a
// copy.
func toldHeaders(backends []route.Backend) []string {
	names := []string{identity.TokenHeader, shadow.MarkHeader}
	for _, b := range backends {
		for name := range b.Identity.Headers {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// told writes into a request that goes out who asks.
func (x *Exchange) told(out http.Header, to *identity.Outward) error {
	var extra map[string]any
	if x.Decision != nil && x.Decision.Allow {
		extra = x.Decision.Claims
	}
	if err := to.Apply(out, x.Principal, extra); err != nil {
		return fmt.Errorf("telling the backend who asks: %w", err)
	}
	return nil
}
