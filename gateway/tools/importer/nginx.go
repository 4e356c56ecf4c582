package importer

import (
	"cmp"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
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
	for _, f := range n.found {
		n.add(f.candidate)
	}
	return b.finish(), nil
}

// nginxImporter walks the tree of a configuration.
type nginxImporter struct {
	*builder
	upstreams map[string]string // name to key of the target
	found     []found
	redirects bool // noted that nginx redirects /a to the location /a/
}

// found is a candidate with how nginx ranks it.
type found struct {
	*candidate
	rank   rank
	length int // of the prefix
}

// rank says when nginx looks at a location.
type rank uint8

const (
	rankExact      rank = iota // =
	rankPreferred              // ^~
	rankExpression             // ~ and ~*
	rankPrefix
)

// top walks what stands outside of servers: the file's top, and http.
func (n *nginxImporter) top(directives []directive) {
	var servers []*nginxServer
	var locations []directive
	for _, d := range directives { // servers may name upstreams that follow them
		if d.name == "upstream" && len(d.args) == 1 {
			n.upstream(d)
		}
	}
	for _, d := range directives {
		switch d.name {
		case "http":
			n.top(d.block)
		case "stream", "mail":
			n.lose(d.place, "%s: the gateway speaks HTTP alone", d.name)
		case "server":
			servers = append(servers, n.server(d))
		case "location":
			locations = append(locations, d)
		case "upstream":
		default:
			n.other(d)
		}
	}
	if len(locations) > 0 { // a part of a server
		servers = append(servers, &nginxServer{directive: directive{name: "server", block: locations, place: locations[0].place}})
	}
	n.walkServers(servers)
}

// order puts candidates in the order in which nginx prefers them.
func (n *nginxImporter) order() {
	n.raiseWithin()
	slices.SortStableFunc(n.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(hostRank(a.host), hostRank(b.host)), cmp.Compare(a.rank, b.rank), cmp.Compare(b.length, a.length))
	})
}

// hostRank puts hosts first, then wildcards, the longest first, then all other hosts.
func hostRank(host string) int {
	switch {
	case host == "":
		return math.MaxInt
	case host[0] == '*':
		return math.MaxInt - len(host)
	}
	return 0
}

// raiseWithin gives a prefix inside of one with ^~ the rank of that: the longest prefix
// wins. But it lets expressions come first, which no order says.
func (n *nginxImporter) raiseWithin() {
	var outer []found
	expressions := map[string]bool{} // by host
	for _, f := range n.found {
		switch f.rank {
		case rankPreferred:
			outer = append(outer, f)
		case rankExpression:
			expressions[f.host] = true
		}
	}
	for i := range n.found {
		f := &n.found[i]
		j := slices.IndexFunc(outer, func(o found) bool { return f.host == o.host && strings.HasPrefix(f.path, o.path) })
		if j < 0 || f.rank != rankPrefix {
			continue
		}
		f.rank = rankPreferred
		if expressions[f.host] {
			n.note(f.place, "%s: taken before all expressions, as what is around it (%s)", f.path, outer[j].place)
		}
	}
}
