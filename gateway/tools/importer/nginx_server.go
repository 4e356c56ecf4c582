package importer

import (
	"slices"
	"strings"
)

// nginxServer is a server block.
type nginxServer struct {
	directive
	hosts    []string // of matches; "" for all others
	standard bool     // takes the requests for hosts that no server names
}

// server reads which hosts a server is for.
func (n *nginxImporter) server(d directive) *nginxServer {
	s := &nginxServer{directive: d}
	for _, inner := range d.block {
		switch inner.name {
		case "server_name":
			for _, name := range inner.args {
				s.hosts = append(s.hosts, n.hostsOf(inner, name)...)
			}
		case "listen":
			s.standard = s.standard || slices.Contains(inner.args, "default_server") || slices.Contains(inner.args, "default")
		}
	}
	return s
}

// hostsOf turns a name of a server into hosts of matches.
func (n *nginxImporter) hostsOf(d directive, name string) []string {
	switch {
	case name == "_" || name == "" || strings.HasPrefix(name, "$"):
		return nil
	case name[0] == '~' || strings.HasSuffix(name, ".*"):
		n.lose(d.place, "server_name %s: a match names hosts, or all below one", name)
		return nil
	case name[0] == '.':
		return []string{name[1:], "*" + name}
	}
	return []string{name}
}

// walkServers imports each server for its hosts, and one of them for all other hosts:
// the default server, or the first.
func (n *nginxImporter) walkServers(servers []*nginxServer) {
	servers = slices.DeleteFunc(servers, n.onlyRedirects)
	if len(servers) == 0 {
		return
	}
	i := slices.IndexFunc(servers, func(s *nginxServer) bool { return s.standard })
	standard := servers[max(0, i)]
	for _, s := range servers {
		if s == standard {
			n.walkServer(s, "")
		}
		for _, host := range s.hosts {
			if len(n.found) > maxRoutes {
				return // builder.add says so
			}
			if s != standard || wildcardFor(servers, host) {
				n.walkServer(s, host)
			}
		}
	}
}

// wildcardFor reports whether a server has a wildcard that takes a host: a server that
// names the host itself has to be preferred.
func wildcardFor(servers []*nginxServer, host string) bool {
	return slices.ContainsFunc(servers, func(s *nginxServer) bool {
		return slices.ContainsFunc(s.hosts, func(h string) bool {
			return h != host && strings.HasPrefix(h, "*.") && covers(h+"/", host+"/")
		})
	})
}

// onlyRedirects lists a server that sends all that it has no location for elsewhere,
// such as the one that sends http to https.
func (n *nginxImporter) onlyRedirects(s *nginxServer) bool {
	for _, d := range s.block {
		root := d.name == "location" && len(d.args) == 1 && d.args[0] == "/"
		if d.name == "return" || root && slices.ContainsFunc(d.block, func(inner directive) bool { return inner.name == "return" }) {
			n.lose(s.place, "server %s: it redirects, or answers by itself: none of it is imported", s.title())
			return true
		}
	}
	return false
}

// title names a server by its hosts.
func (s *nginxServer) title() string {
	if len(s.hosts) == 0 {
		return "_"
	}
	return strings.Join(s.hosts, " ")
}

// walkServer imports the locations of a server for a host. A request that no location
// takes stays in its server: so a host of its own gets a route for all.
func (n *nginxImporter) walkServer(s *nginxServer, host string) {
	before := len(n.found)
	n.locations(s.block, host)
	root := func(f found) bool { return f.path == "/" && f.rank == rankPrefix }
	if !slices.ContainsFunc(n.found[before:], root) {
		c := &candidate{host: host, path: "/", place: s.place, comment: "all else of the server"}
		n.answeredByItself(c, s.block)
		n.found = append(n.found, found{c, rankPrefix, 1})
	}
}
