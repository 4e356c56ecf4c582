package pipeline

import (
	"errors"
	"net/http"
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
	errExact  = errors.New("the request target begins with // and can't be passed on unchanged")
)

// parseTarget reads the request line. Requests to a proxy (CONNECT, and targets
// such as "http:admin") are refused: no backend should have to make sense of them.
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
	path, query, hasQuery := strings.Cut(uri, "?")
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
	switch {
	case i < 0:
		return "/", nil
	case rest[i] == '?':
		return "/" + rest[i:], nil
	}
	return rest[i:], nil
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
