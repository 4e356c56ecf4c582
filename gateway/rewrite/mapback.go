package rewrite

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// A mapper maps the headers of one answer back.
type mapper struct {
	*Rewriter
	seen   Seen
	params map[string]string // of the request, escaped
	sent   origin            // where the backend was told it is: the Host, by the scheme of its address
	path   string            // that the backend saw, escaped
}

func (r *Rewriter) mapBack(h http.Header, sent *http.Request, seen Seen) {
	m := &mapper{
		Rewriter: r, seen: seen,
		params: r.pattern.EscapedParams(seen.Path),
		sent:   origin{sent.URL.Scheme, sent.Host},
		path:   sent.URL.Opaque,
	}
	if m.path == "" {
		m.path = sent.URL.EscapedPath()
	}
	for _, part := range r.rule.MapBack {
		switch part {
		case route.MapLocation:
			mapAll(h["Location"], m.reference)
			mapAll(h["Content-Location"], m.reference)
			mapAll(h["Refresh"], m.refresh)
		case route.MapLink:
			mapAll(h["Link"], m.link)
		case route.MapSetCookie:
			mapAll(h["Set-Cookie"], m.cookie)
		}
	}
}

func mapAll(values []string, change func(string) string) {
	for i, v := range values {
		values[i] = change(v)
	}
}

// reference maps one URI reference back.
func (m *mapper) reference(text string) string {
	r, ok := parseReference(text)
	if !ok {
		return text
	}
	mapped := r
	if r.hasAuthority && !m.mapAuthority(&mapped) {
		return text
	}
	if path, ok := m.pathOf(r); ok {
		mapped.path = path
	}
	if mapped == r {
		return text
	}
	return mapped.String()
}

// mapAuthority puts the client's scheme and host in place of the backend's own, and
// reports whether it is that.
func (m *mapper) mapAuthority(r *reference) bool {
	scheme := strings.ToLower(r.scheme)
	if scheme == "" {
		scheme = m.sent.scheme
	}
	named := origin{scheme, r.authority}
	address := slices.ContainsFunc(m.own, named.sameAuthority)
	if !address && !named.sameAuthority(origin{scheme, m.sent.host}) || !isPlainHost(m.seen.Authority) {
		return false
	}
	r.authority = m.seen.Authority
	// A backend that was asked by http and names itself by https wants its client to
	// change over: "http" instead would send it round in circles.
	if r.scheme != "" && (address || scheme == m.sent.scheme) && scheme != m.seen.Scheme {
		r.scheme = m.seen.Scheme
	}
	return true
}

// pathOf returns the client's path for that of a reference to the backend; ok is
// false where it stays.
func (m *mapper) pathOf(r reference) (path string, ok bool) {
	if r.path == "" && !r.hasAuthority {
		return "", false // the same document, or another query of it
	}
	base := m.path
	if r.hasAuthority {
		base = "/"
	}
	named := resolvePath(base, r.path)
	path, ok = m.back.Path(named, m.params)
	if !ok && !m.leadsBack(named) {
		path, ok = m.backs.Exact(m.seen.Host, named, m.params)
	}
	if !ok || routetable.Canonical(path) == routetable.Canonical(r.path) {
		return "", false
	}
	if r.hasAuthority {
		return path, true
	}
	if !strings.HasPrefix(r.path, "/") && resolvePath(m.seen.RawPath, r.path) == path {
		return "", false // for the client too it leads there
	}
	if strings.HasPrefix(path, "//") || strings.HasPrefix(path, `/\`) {
		path = "/." + path // or its first segment would be a host
	}
	return path, true
}

// leadsBack reports whether a client that asks for a path of the backend's gets to
// the backend, and to that path.
func (m *mapper) leadsBack(path string) bool {
	e := m.table.Match(&routetable.Request{Method: http.MethodGet, Host: m.seen.Host, Path: routetable.Canonical(path)})
	for _, side := range e.Sides() {
		if e.BackendOf(side) == m.backend && (e.Rewrite == nil || !e.Rewrite.Of(side).ChangesPath()) {
			return true
		}
	}
	return false
}

// An origin is a scheme and an authority, as in "http" and "cart.internal:9103".
type origin struct{ scheme, host string }

func originsOf(t *routetable.Table, backend string) []origin {
	var own []origin
	for _, b := range t.Backends {
		if b.Name != backend {
			continue
		}
		for _, address := range b.Addresses {
			if u, err := url.Parse(address); err == nil { // as routetable.CheckBackend has seen
				own = append(own, origin{u.Scheme, u.Host})
			}
		}
	}
	return own
}

// sameAuthority compares host and port, where the port that is left out is that of
// each origin's scheme.
func (o origin) sameAuthority(other origin) bool {
	host, port := o.split()
	otherHost, otherPort := other.split()
	return host != "" && strings.EqualFold(host, otherHost) && port == otherPort
}

// split returns the host without a final dot, and the port.
func (o origin) split() (host, port string) {
	host = o.host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host, port = host[:i], host[i+1:]
	}
	if port == "" {
		port = "80"
		if strings.EqualFold(o.scheme, "https") {
			port = "443"
		}
	}
	return strings.TrimSuffix(host, "."), port
}

// isPlainHost reports whether a client's Host can stand in a reference, within
// angle brackets or quotes. HTTP/2 lets clients send others.
func isPlainHost(host string) bool {
	return host != "" && httpguts.ValidHostHeader(host) && !strings.ContainsAny(host, `'!$%&()*+,;=~`)
}
