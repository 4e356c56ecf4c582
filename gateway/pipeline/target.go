package pipeline

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// target is the request target as the client sent it (RFC 9112, 3.2), without
// scheme and authority.
type target struct {
	path      string // raw; begins with a slash
	bareQuery bool   // a "?" with nothing after it
}

var (
	errTarget = errors.New("the request target is neither a path nor an http URL")
	errHost   = errors.New("the request does not say for which host it is, or the host is none")
	errNUL    = errors.New("the path holds a NUL")
	errExact  = errors.New("the request target begins with // and can't be passed on unchanged")
)

// parseTarget reads the request line. Requests to a proxy (CONNECT, and targets
// such as "http:admin") are refused: no backend should have to make sense of them. So are
// a NUL, which no backend has a use for, and a host that backends could read in two ways.
func parseTarget(r *http.Request) (target, error) {
	uri := r.RequestURI
	if r.Method == http.MethodConnect {
		return target{}, errTarget
	}
	if !strings.HasPrefix(uri, "/") {
		var err error
		if uri, err = originForm(uri); err != nil {
			return target{}, err
		}
	}
	if !isHost(r.Host) && (r.Host != "" || r.ProtoAtLeast(1, 1)) {
		return target{}, errHost
	}
	path, query, hasQuery := strings.Cut(uri, "?")
	if strings.Contains(path, "%00") {
		return target{}, errNUL
	}
	if strings.HasPrefix(path, "//") && r.URL.EscapedPath() != path {
		return target{}, errExact
	}
	return target{path: path, bareQuery: hasQuery && query == ""}, nil
}

// originForm takes "http://host/path?query" to "/path?query".
func originForm(uri string) (string, error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", errTarget
	}
	i := strings.IndexAny(rest, "/?")
	authority := rest
	if i >= 0 {
		authority = rest[:i]
	}
	switch {
	case authority == "", strings.IndexByte(authority, '@') >= 0: // RFC 9110, 4.2.1 and 4.2.4
		return "", errTarget
	case i < 0:
		return "/", nil
	case rest[i] == '?':
		return "/" + rest[i:], nil
	}
	return rest[i:], nil
}

// maxHost is the length of the longest host with a port.
const maxHost = 253 + len(":65535")

// isHost reports whether a Host is one name or address, and maybe a port: what stands in
// certificates and in DNS, and not all that RFC 3986 calls a name. It is more than net/http
// asks for, which takes "a,b", "user@a" and "a:80:90".
func isHost(host string) bool {
	if host == "" || len(host) > maxHost {
		return false
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name, port = host[:i], host[i+1:]
	}
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return false
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		address, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && address.Is6() && strings.HasSuffix(inner, "]")
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return name != ""
}

// writeTo makes out, the copy of the request's own URL in, yield exactly this
// target when net/http writes it. Opaque is the only field that net/http does not
// encode anew: with Path, one byte such as "|" would turn every %2F of the path
// into a slash.
func (t target) writeTo(out, in *url.URL) {
	out.RawQuery, out.ForceQuery = in.RawQuery, t.bareQuery
	if !strings.HasPrefix(t.path, "//") { // which as Opaque would be read as an authority
		out.Opaque = t.path
	}
}
