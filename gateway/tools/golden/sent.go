package golden

import (
	"net/http"
	"strings"

	"ficus/gateway/rewrite"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
)

// A Backend is one that serves a request or may, with what it gets of it.
type Backend struct {
	Name    string                 `json:"name"`
	Path    string                 `json:"path"` // and the rest as it goes over the wire
	Query   string                 `json:"query,omitempty"`
	Host    string                 `json:"host"`
	Headers []rewrite.HeaderChange `json:"headers,omitempty"` // that the backend gets in another way

	received http.Header // from the client
}

func backendOf(e *routetable.Entry, side route.Side, rewriter *rewrite.Rewriter, r *http.Request, asked *routetable.Request) Backend {
	p := rewriter.Preview(asked)
	b := Backend{
		Name: e.BackendOf(side), Path: p.Path, Query: p.RawQuery, Host: p.Host, Headers: p.Headers,
		received: r.Header,
	}
	if e.Rewrite == nil || !e.Rewrite.Of(side).ChangesPath() {
		b.Path, _, _ = strings.Cut(r.RequestURI, "?") // byte for byte
	}
	return b
}

// header returns the first value of a header that the backend gets, "" for none.
func (b *Backend) header(name string) string {
	name = http.CanonicalHeaderKey(name)
	if name == "Host" {
		return b.Host
	}
	for _, change := range b.Headers {
		if change.Name == name {
			return change.Value
		}
	}
	return b.received.Get(name)
}

// isZero reports whether nothing is wanted.
func (s *Sent) isZero() bool {
	return s.Path == "" && s.Query == nil && s.Host == "" && len(s.Headers) == 0
}
