package authz

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
)

// Host is the host of a Host header as a policy sees it: without port, in lower case.
func Host(hostport string) string {
	if strings.IndexByte(hostport, ':') < 0 { // as most are
		return strings.ToLower(hostport)
	}
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	return strings.ToLower(hostport)
}

// Headers are those of a request that a policy gets to see, by their names in lower case;
// nil where none is asked for.
func Headers(from http.Header, names []string) map[string][]string {
	if len(names) == 0 {
		return nil
	}
	headers := make(map[string][]string, len(names))
	for _, name := range names {
		if values := from.Values(name); len(values) > 0 {
			headers[strings.ToLower(name)] = values
		}
	}
	return headers
}

// Body is what a policy gets to see of a body of at most limit bytes: the JSON value,
// whole or not at all. The text has at most one byte more.
func Body(text []byte, limit int) (value any, state BodyState) {
	switch {
	case len(text) > limit:
		return nil, BodyTooLarge
	case len(text) == 0:
		return nil, BodyEmpty
	case json.Unmarshal(text, &value) != nil:
		return nil, BodyMalformed
	}
	return value, BodyWhole
}
