package resilience

import (
	"mime"
	"net/http"
	"net/textproto"
	"strings"
)

// kind is what decides what may become of a request.
type kind struct {
	idempotent bool // it may be sent twice
	grpc       bool
	upgrade    bool
}

// kindOf tells what a request is. r is as the client sent it, out as it goes out.
func (p *Policy) kindOf(r, out *http.Request) kind {
	return kind{
		idempotent: p.idempotent || IsIdempotent(r.Method) || len(r.Header["Idempotency-Key"]) > 0,
		grpc:       isGRPC(r),
		upgrade:    len(out.Header["Upgrade"]) > 0,
	}
}

// replays reports whether the request may be sent again after its headers left.
func (k kind) replays() bool { return k.idempotent && !k.grpc && !k.upgrade }

// IsIdempotent reports whether a request of the method may be sent twice (RFC 9110, 9.2.2).
func IsIdempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// isGRPC knows gRPC by its content type, application/grpc with or without a suffix.
// gRPC-Web is plain HTTP.
func isGRPC(r *http.Request) bool {
	const media = "application/grpc"
	values := r.Header["Content-Type"]
	if r.Method != http.MethodPost || len(values) != 1 || len(values[0]) < len(media) || !strings.EqualFold(values[0][:len(media)], media) {
		return false
	}
	rest := values[0][len(media):]
	return rest == "" || rest[0] == '+' || rest[0] == ';'
}

// IsEventStream knows answers that stay open as long as anybody listens.
func IsEventStream(answer http.Header) bool {
	const events = "text/event-stream"
	kind := answer["Content-Type"]
	if len(kind) != 1 || len(kind[0]) < len(events) || !strings.EqualFold(kind[0][:len(events)], events) {
		return false // nearly all are none, and cost nothing
	}
	media, _, _ := mime.ParseMediaType(kind[0])
	return media == events
}

// ownResends are headers by which net/http takes a request for one that it may send again
// by itself, after its headers left.
var ownResends = [...]string{"Idempotency-Key", "X-Idempotency-Key"}

// ResentByTransport reports whether net/http takes a request for one that it may send
// again by itself, whatever its method.
func ResentByTransport(h http.Header) bool {
	return len(h[ownResends[0]]) > 0 || len(h[ownResends[1]]) > 0
}

// HideFromTransport keeps net/http from sending a request twice that is not idempotent:
// it looks for these names as they are usually written, and on the wire case means nothing.
func HideFromTransport(h http.Header) {
	for _, name := range ownResends {
		if values, ok := h[name]; ok {
			delete(h, name)
			h[strings.ToLower(name)] = values
		}
	}
}

func canonical(name string) string { return textproto.CanonicalMIMEHeaderKey(name) }
