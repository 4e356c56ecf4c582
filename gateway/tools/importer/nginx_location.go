package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// locations imports all locations of a block for a host.
func (n *nginxImporter) locations(block []directive, host string) {
	for _, d := range block {
		if d.name == "location" {
			n.location(d, host)
		} else {
			n.other(d)
		}
	}
}

// location imports one location and those inside of it.
func (n *nginxImporter) location(d directive, host string) {
	n.locations(slices.DeleteFunc(slices.Clone(d.block), func(inner directive) bool { return inner.name != "location" }), host)
	modifier, path := "", ""
	switch len(d.args) {
	case 1:
		path = d.args[0]
		for _, m := range []string{"=", "^~", "~*", "~"} {
			if rest, ok := strings.CutPrefix(path, m); ok {
				modifier, path = m, rest
				break
			}
		}
	case 2:
		modifier, path = d.args[0], d.args[1]
	}
	if strings.HasPrefix(path, "@") && modifier == "" {
		n.lose(d.place, "%s: a named location is a way inside nginx, no route", d.text())
		return
	}
	if why := answersByItself(d.block); why != "" {
		n.lose(d.place, "%s: nginx answers it by itself (%s); no route is made of it", d.text(), why)
		return
	}
	found, ok := n.patterns(d, modifier, path)
	if !ok {
		return
	}
	for i := range found {
		c := found[i].candidate
		c.host, c.place = host, d.place
		c.comment = fmt.Sprintf("%s:%d: %s", d.place.File, d.place.Line, d.text())
		n.serve(c, d.block, modifier, path)
	}
	n.found = append(n.found, found...)
	for _, inner := range d.block {
		if inner.name != "location" {
			n.other(inner)
		}
	}
}

// patterns are the paths of a location as candidates.
func (n *nginxImporter) patterns(d directive, modifier, path string) ([]found, bool) {
	switch modifier {
	case "=":
		p := escapePath(path)
		if strings.HasSuffix(p, "/") {
			n.noteRedirect(d, path)
			p += "{$}"
		}
		return []found{{&candidate{path: p}, rankExact, len(path)}}, true
	case "", "^~":
		rank := rankPrefix
		if modifier != "" {
			rank = rankPreferred
		}
		if !strings.HasPrefix(path, "/") {
			break
		}
		if strings.HasSuffix(path, "/") {
			n.noteRedirect(d, path)
			return []found{{&candidate{path: escapePath(path)}, rank, len(path)}}, true
		}
		p := escapePath(path)
		n.note(d.place, "%s: narrower: the routes take %s and what is below it, not %s-more", d.text(), p, p)
		return []found{{&candidate{path: p}, rank, len(path)}, {&candidate{path: p + "/"}, rank, len(path)}}, true
	case "~", "~*":
		if modifier == "~*" {
			path = "(?i)" + path
		}
		p, err := fromRegexp(path)
		if err != nil {
			n.lose(d.place, "%s: %v", d.text(), err)
			return nil, false
		}
		for _, note := range p.notes {
			n.note(d.place, "%s: %s", d.text(), note)
		}
		var all []found
		for _, pattern := range p.patterns {
			all = append(all, found{&candidate{path: pattern}, rankExpression, 0})
		}
		return all, true
	}
	n.lose(d.place, "%s: not understood", d.text())
	return nil, false
}

// noteRedirect says once what nginx does of itself with the path of a location without
// its slash.
func (n *nginxImporter) noteRedirect(d directive, path string) {
	passes := slices.ContainsFunc(d.block, func(inner directive) bool { return inner.name == "proxy_pass" })
	if path == "/" || n.redirects || !passes {
		return
	}
	n.redirects = true
	n.note(d.place, "%s: nginx sends who asks for %s there by a redirect, unless a location takes it; in the table, here and for locations alike, what else matches gets it", d.text(), strings.TrimSuffix(path, "/"))
}

// escapePath writes a decoded path as a pattern has it.
func escapePath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = escapeSegment(s)
	}
	return strings.Join(segments, "/")
}

// answersByItself says what makes nginx answer all of a location without a backend.
func answersByItself(block []directive) string {
	why := ""
	for _, d := range block {
		switch d.name {
		case "return", "internal", "stub_status", "empty_gif", "deny":
			why = cmp.Or(why, d.text())
		case "proxy_pass", "allow":
			return ""
		}
	}
	return why
}

// serve finds out where a location's requests go.
func (n *nginxImporter) serve(c *candidate, block []directive, modifier, path string) {
	for _, d := range block {
		if d.name == "proxy_pass" && len(d.args) == 1 {
			n.proxyPass(c, d, modifier, path)
			return
		}
	}
	n.answeredByItself(c, block)
}

// answeredByItself lists what nginx serves from files or through a protocol that is not
// HTTP: legacy has to, and that may be this nginx.
func (n *nginxImporter) answeredByItself(c *candidate, block []directive) {
	how := "files"
	for _, d := range block {
		if slices.Contains([]string{"fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass", "try_files", "root", "alias"}, d.name) {
			how = d.text()
			break
		}
	}
	n.lose(c.place, "%s: nginx answers it by itself (%s): the backend legacy has to, or be this nginx", cmp.Or(c.host+c.path, "/"), how)
}

// proxyPass reads the backend, and what becomes of the path.
func (n *nginxImporter) proxyPass(c *candidate, d directive, modifier, path string) {
	target := d.args[0]
	if strings.Contains(target, "$") {
		n.lose(d.place, "%s: where it goes is known to nginx alone; the route is on legacy", d.text())
		return
	}
	url, rest, ok := address(target)
	if !ok {
		n.lose(d.place, "%s: a backend has addresses of host and port; the route is on legacy", d.text())
		return
	}
	scheme, name, _ := strings.Cut(url, "://")
	switch key, known := n.upstreams[name]; {
	case known && scheme == "http":
		c.target = key
	case known:
		c.target = n.overTLS(name, key)
	default:
		c.target = n.target(strings.Split(name, ":")[0], route.LeastRequests, url)
	}
	if rest == "" || rest == path && modifier != "=" {
		return
	}
	n.rewrite(c, d, modifier, path, rest)
}

// overTLS is an upstream's target by https.
func (n *nginxImporter) overTLS(name, key string) string {
	backend := n.targets[key]
	var addresses []string
	for _, a := range backend.Addresses {
		addresses = append(addresses, "https"+strings.TrimPrefix(a, "http"))
	}
	return n.target(name, backend.Balance, addresses...)
}

// rewrite makes a rewrite of a proxy_pass with a path: what the location's prefix is
// becomes that path.
func (n *nginxImporter) rewrite(c *candidate, d directive, modifier, path, rest string) {
	from, to := strings.TrimSuffix(escapePath(path), "/"), strings.TrimSuffix(rest, "/")
	switch {
	case modifier == "=":
		c.rewrite.Path = rest
	case modifier == "~" || modifier == "~*" || strings.HasSuffix(path, "/") != strings.HasSuffix(rest, "/"):
		n.lose(d.place, "%s: how it changes the path can't be said; the backend gets the path as it is", d.text())
	case strings.ContainsAny(to, "{}%") || from+to == "":
		n.lose(d.place, "%s: how it changes the path can't be said; the backend gets the path as it is", d.text())
	default:
		c.rewrite.StripPrefix, c.rewrite.AddPrefix = from, to
		c.rewrite.MapBack = []route.MapBack{route.MapLocation} // proxy_redirect does so, unless told otherwise
	}
}
