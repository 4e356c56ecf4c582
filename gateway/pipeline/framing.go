package pipeline

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
)

// EndsConnection reports whether the answer to a request has to be the last one on its
// connection, because a proxy in front may see another end of the request than the server
// did, and what it takes for a body could be served as a request of its own. net/http
// prefers chunks where there is a length, too, and ignores chunks over HTTP/1.0, and tells
// of neither; of both RFC 9112, 6.1 wants the connection to end. So it ends after every
// request that is chunked, or HTTP/1.0.
func EndsConnection(r *http.Request) bool {
	return r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0)
}

// withoutH2C takes away the wish to go on in HTTP/2 on a connection of HTTP/1.1, which only
// whoever speaks to the client could fulfil: a backend that agrees would read requests
// that nobody has matched or authorized.
func withoutH2C(h http.Header) {
	asked, ok := h["Upgrade"]
	if !ok {
		return
	}
	var rest []string
	for token := range strings.SplitSeq(strings.Join(asked, ","), ",") {
		token = strings.TrimSpace(token)
		if name, _, _ := strings.Cut(token, "/"); !strings.EqualFold(name, "h2c") && token != "" {
			rest = append(rest, token)
		}
	}
	h.Del("Http2-Settings")
	if len(rest) > 0 {
		h["Upgrade"] = []string{strings.Join(rest, ", ")}
		return
	}
	delete(h, "Upgrade")
	delete(h, "Connection")
}

// DefaultMaxHeaders is how many header fields a request may have.
const DefaultMaxHeaders = 100

var errManyHeaders = errors.New("the request has more header fields than the gateway takes (max_headers)")

// headerLimit is how many fields a request may have.
type headerLimit struct{ most atomic.Int64 }

// UseMaxHeaders says how many header fields a request may have from now on; 0 is no limit.
// Until the first call it is DefaultMaxHeaders.
func (p *Pipeline) UseMaxHeaders(most int) { p.headers.most.Store(int64(most)) }

// exceeded counts lines, as they came: a name may have many.
func (l *headerLimit) exceeded(h http.Header) bool {
	most := int(l.most.Load())
	if most == 0 {
		return false
	}
	n := 0
	for _, values := range h {
		if n += len(values); n > most {
			return true
		}
	}
	return false
}
