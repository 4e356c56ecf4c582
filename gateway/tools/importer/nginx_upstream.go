package importer

import (
	"slices"
	"strings"

	"ficus/gateway/route"
)

// upstream reads the addresses of a backend.
func (n *nginxImporter) upstream(d directive) {
	var addresses []string
	balance := route.RoundRobin
	for _, s := range d.block {
		switch {
		case s.name == "server" && len(s.args) > 0:
			if url, ok := n.upstreamServer(s); ok && !slices.Contains(addresses, url) {
				addresses = append(addresses, url)
			}
		case s.name == "least_conn" || s.name == "random":
			balance = route.LeastRequests
		case strings.HasPrefix(s.name, "keepalive"), s.name == "zone":
		default:
			n.lose(s.place, "upstream %s: %s", d.args[0], s.text())
		}
	}
	if len(addresses) == 0 {
		n.lose(d.place, "upstream %s: no address that a backend can have", d.args[0])
		return
	}
	if len(addresses) == 1 {
		balance = route.LeastRequests
	}
	n.upstreams[d.args[0]] = n.target(d.args[0], balance, addresses...)
}

// upstreamServer reads one server of an upstream.
func (n *nginxImporter) upstreamServer(s directive) (string, bool) {
	url, rest, ok := address("http://" + s.args[0])
	if !ok || rest != "" {
		n.lose(s.place, "server %s: a backend has addresses of host and port", s.args[0])
		return "", false
	}
	for _, parameter := range s.args[1:] {
		name, value, _ := strings.Cut(parameter, "=")
		switch name {
		case "down", "backup":
			n.lose(s.place, "%s: left out, a backend has no addresses in reserve", s.text())
			return "", false
		case "max_fails", "fail_timeout", "max_conns", "resolve":
		case "weight":
			if value != "1" {
				n.note(s.place, "%s: all addresses of a backend weigh the same", s.text())
			}
		default:
			n.note(s.place, "%s: %s has no counterpart", s.text(), parameter)
		}
	}
	return url, true
}
