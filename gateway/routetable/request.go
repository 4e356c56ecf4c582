package routetable

import (
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"ficus/gateway/graphql"
)

// A Request is what the matcher may look at. It is used for one match at a time.
type Request struct {
	Method string
	Host   string // as in the Host header, with or without a port
	Path   string // canonical (see [Canonical])

	// The rest is asked for by conditions alone.

	RawQuery string
	Header   http.Header

	// Body yields the GraphQL operation of the request; nil where there is none to
	// be had. It is asked once at most.
	Body OperationReader

	// Refused is set by a match where a GraphQL condition did not get to see what the
	// request asks for, and Mixed where it asks for fields that belong to several
	// routes.
	Refused graphql.Refusal
	Mixed   bool

	operation *graphql.Operation
	asked     bool
	skip      []*Entry // are passed over, to find the next best
	anyWhen   bool     // all conditions hold
}

// An OperationReader reads the GraphQL operation out of a request's query or body.
type OperationReader interface {
	ReadOperation() *graphql.Operation
}

// graphQL returns the request's operation, nil where nothing is known of it.
func (r *Request) graphQL() *graphql.Operation {
	if !r.asked {
		r.asked = true
		if r.Body != nil {
			r.operation = r.Body.ReadOperation()
		}
		if r.operation != nil && r.operation.Refused != "" {
			r.Refused, r.operation = r.operation.Refused, nil
		}
	}
	return r.operation
}

// cookie returns the first cookie of that name (RFC 6265, 4.2).
func (r *Request) cookie(name string) (string, bool) {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			key, value, ok := strings.Cut(textproto.TrimString(pair), "=")
			if ok && key == name {
				if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
					value = value[1 : len(value)-1]
				}
				return value, true
			}
		}
	}
	return "", false
}

// parameter returns the first value of a parameter of the query, decoded.
func (r *Request) parameter(name string) (string, bool) {
	for query := r.RawQuery; query != ""; {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if unescapeQuery(key) == name {
			return unescapeQuery(value), true
		}
	}
	return "", false
}

func unescapeQuery(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// mediaType returns the content type without parameters, in lower case.
func (r *Request) mediaType() string {
	values := r.Header["Content-Type"]
	if len(values) == 0 {
		return ""
	}
	media, _, _ := strings.Cut(values[0], ";")
	return strings.ToLower(textproto.TrimString(media))
}

// within reports whether all of list are in of, and whether some are.
func within(list, of []string) (all, some bool) {
	all = true
	for _, x := range list {
		if slices.Contains(of, x) {
			some = true
		} else {
			all = false
		}
	}
	return all, some
}
