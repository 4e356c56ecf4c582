package export

import (
	"regexp"
	"strings"

	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// prefixes are the beginnings of a path on the two sides of a rewrite, as on the wire.
type prefixes struct{ inner, outer string }

// prefixesOf returns what the backend knows, and what the client does. ok is false where
// more than the beginning of the path was changed.
func prefixesOf(p routetable.Pattern, r *route.SideRewrite) (prefixes, bool) {
	c := changeOf(p, r)
	switch {
	case c == nil:
		return prefixes{}, true
	case !c.prefix:
		return prefixes{}, false
	}
	return prefixes{routetable.Escape(c.replace[0].literal), routetable.Escape(joined(c.find))}, true
}

func (p prefixes) differ() bool { return p.inner != p.outer }

// backPrefixes is prefixesOf, with a report.
func (s *source) backPrefixes(r *rule, share share) prefixes {
	p, ok := prefixesOf(r.Pattern, share.rewrite)
	if len(share.rewrite.MapBack) == 0 {
		return p
	}
	if !ok {
		s.lose(r, CodeMapBack, "the address of the backend is mapped back, and the path is not: more than its beginning was changed")
	}
	s.note(CodeMapBack, "of references without a host only those that begin with a slash are mapped back")
	for _, other := range s.rules {
		for _, o := range other.shares {
			if other != r && o.backend == share.backend && o.rewrite.ChangesPath() {
				s.lose(r, CodeMapBack, "paths that other routes to %s change, such as %s, are not mapped back", o.backend.Name, other.ID)
				return p
			}
		}
	}
	return p
}

// urlChange is a URL to be changed. Find ends with a group, which stays: it is what
// follows the beginning of the path. Host says that the client's own takes the place of
// a host.
type urlChange struct {
	find string
	host bool
	path string // on the wire
}

// rest is what may follow the beginning of a URL: after a prefix, and after none.
type rest struct{ afterPrefix, path string }

var (
	restOfValue = rest{`([/?#"'].*)?$`, `(/(?:[^/].*)?)$`} // two slashes begin with a host
	restOfLink  = rest{`([/?#>])`, `(/[^/])`}
)

// urls lists the changes of URLs that name an address of the backend, and of paths alone.
func (p prefixes) urls(addresses []address, rest rest) []urlChange {
	host := "https?://(?:" + strings.Join(hostExpressions(addresses), "|") + ")"
	changes := []urlChange{{host + regexp.QuoteMeta(p.inner) + rest.afterPrefix, true, p.outer}}
	switch {
	case p.differ() && p.inner == "":
		changes = append(changes, urlChange{rest.path, false, p.outer})
	case p.differ():
		changes = append(changes, urlChange{regexp.QuoteMeta(p.inner) + rest.afterPrefix, false, p.outer})
	}
	return changes
}

// hostExpressions matches host and port; a scheme's own port may be left out.
func hostExpressions(addresses []address) []string {
	var hosts []string
	for _, a := range addresses {
		host := regexp.QuoteMeta(a.host)
		for _, port := range []string{":80", ":443"} {
			if name, own := strings.CutSuffix(a.host, port); own {
				host = regexp.QuoteMeta(name) + "(?:" + port + ")?"
			}
		}
		hosts = append(hosts, host)
	}
	return hosts
}
