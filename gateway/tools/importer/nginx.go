package importer

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"ficus/gateway/route"
)

// Nginx imports an nginx configuration: nginx.conf itself, or a file with servers or
// locations. fsys is the folder of the file; folder names it in places and, if it is
// absolute, in includes. The error is one of reading or of syntax; all else is listed
// in the draft.
func Nginx(fsys fs.FS, folder, name string) (Draft, error) {
	b := newBuilder(path.Join(folder, name))
	b.ordered = true
	l := nginxLoader{b: b, fsys: fsys, folder: folder, shown: folder}
	directives, err := l.load(name)
	if err != nil {
		return Draft{}, err
	}
	n := nginxImporter{builder: b, upstreams: map[string]string{}}
	n.top(directives)
	n.order()
	return b.finish(), nil
}

// nginxImporter walks the tree of a configuration.
type nginxImporter struct {
	*builder
	upstreams map[string]string // name to key of the target
	servers   []*nginxServer
	found     []found
}

// nginxServer is a server block.
type nginxServer struct {
	directive
	hosts    []string // of matches; "" for all others
	standard bool     // takes the requests for hosts that no server names
}

// found is a candidate with how nginx ranks it.
type found struct {
	*candidate
	rank   int // 0 an exact location, then ^~, expressions, prefixes
	length int // of the prefix
}

// top walks what stands outside of servers: the file's top, and http.
func (n *nginxImporter) top(directives []directive) {
	var locations []directive
	for _, d := range directives { // servers may name upstreams that follow them
		if d.name == "upstream" && len(d.args) == 1 {
			n.upstream(d)
		}
	}
	for _, d := range directives {
		switch d.name {
		case "http", "stream", "mail":
			if d.name != "http" {
				n.lose(d.place, "%s: the gateway speaks HTTP alone", d.name)
				continue
			}
			n.top(d.block)
		case "server":
			n.servers = append(n.servers, n.server(d))
		case "location":
			locations = append(locations, d)
		case "upstream":
		default:
			n.other(d)
		}
	}
	if len(locations) > 0 { // a part of a server
		n.servers = append(n.servers, &nginxServer{directive: directive{name: "server", block: locations, place: locations[0].place}, hosts: []string{""}})
	}
	if len(n.servers) > 0 {
		n.walkServers()
		n.servers = nil
	}
}

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
func (n *nginxImporter) walkServers() {
	servers := slices.DeleteFunc(slices.Clone(n.servers), n.onlyRedirects)
	if len(servers) == 0 {
		return
	}
	i := slices.IndexFunc(servers, func(s *nginxServer) bool { return s.standard })
	standard := servers[max(0, i)]
	for _, s := range servers {
		if s == standard {
			n.walkServer(s, "")
			continue
		}
		for _, host := range s.hosts {
			n.walkServer(s, host)
		}
	}
}

// onlyRedirects lists a server that sends all that it has no location for elsewhere,
// such as the one that sends http to https.
func (n *nginxImporter) onlyRedirects(s *nginxServer) bool {
	for _, d := range s.block {
		root := d.name == "location" && len(d.args) == 1 && d.args[0] == "/"
		if d.name == "return" || root && slices.ContainsFunc(d.block, func(inner directive) bool { return inner.name == "return" }) {
			n.lose(s.place, "server %s: it redirects, or answers by itself: none of it is imported", cmpName(s))
			return true
		}
	}
	return false
}

func cmpName(s *nginxServer) string {
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
	root := func(f found) bool { return f.path == "/" && f.rank == 3 }
	if !slices.ContainsFunc(n.found[before:], root) {
		c := &candidate{host: host, path: "/", place: s.place, comment: "all else of the server"}
		n.answeredByItself(c, s.block)
		n.found = append(n.found, found{c, 3, 1})
	}
}

// order puts candidates in the order in which nginx prefers them and adds them.
func (n *nginxImporter) order() {
	slices.SortStableFunc(n.found, func(a, b found) int {
		hosts := func(f found) int {
			switch {
			case f.host == "":
				return 1 << 20
			case f.host[0] == '*':
				return 1<<10 - len(f.host)
			}
			return 0
		}
		if c := hosts(a) - hosts(b); c != 0 {
			return c
		}
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return b.length - a.length
	})
	for _, f := range n.found {
		n.add(f.candidate)
	}
}
