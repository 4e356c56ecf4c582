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

	// Among, if set, says which entries there are; the others take nothing, and the default
	// entry guards nothing unless it is one of them.
	Among func(*Entry) bool

	// Refused is set by a match where a GraphQL condition did not get to see what the
	// request asks for, and Mixed where it asks for fields that are not all of them
	// the condition's; neither where another GraphQL condition holds.
	Refused graphql.Refusal
	Mixed   bool

	operation *graphql.Operation
	asked     bool

	// slash asks for the path with a slash behind it.
	slash bool

	// visit, if set, is called for each pattern that matches, and none is taken.
	visit func(place *Entry)
}

// has reports whether an entry is one of those that there are.
func (r *Request) has(e *Entry) bool { return r.Among == nil || r.Among(e) }

// guardedBy reports whether the policy of an entry counts.
func (r *Request) guardedBy(e *Entry) bool { return e.Guarded() && r.has(e) }

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

// value returns what a request says about a fact; ok is false where it says nothing.
func (r *Request) value(f fact) (value string, ok bool) {
	switch f.kind {
	case aHeader:
		if values := r.Header[f.name]; len(values) > 0 {
			return values[0], true
		}
		return "", false
	case aCookie:
		return r.cookie(f.name)
	case aParameter:
		return r.parameter(f.name)
	}
	return r.mediaType()
}

// A request with more cookies or parameters than these counts as one without any, as
// in net/http and net/url. It bounds the work that a client can make.
const (
	maxCookies    = 3_000
	maxParameters = 10_000
)

// cookie returns the first cookie of that name, read as net/http reads it: one whose
// value holds a byte that none may hold (RFC 6265, 4.1.1) is passed over.
func (r *Request) cookie(name string) (string, bool) {
	lines := r.Header["Cookie"]
	count := len(lines)
	for _, line := range lines {
		count += strings.Count(line, ";")
	}
	if count > maxCookies {
		return "", false
	}
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			key, value, _ := strings.Cut(textproto.TrimString(pair), "=")
			if textproto.TrimString(key) != name {
				continue
			}
			if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
				value = value[1 : len(value)-1]
			}
			if isCookieValue(value) {
				return value, true
			}
		}
	}
	return "", false
}

func isCookieValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == ';' || c == '\\' {
			return false
		}
	}
	return true
}

// parameter returns the first value of a parameter of the query, decoded. Like
// net/url, it passes over what is malformed, or separated by a semicolon.
func (r *Request) parameter(name string) (string, bool) {
	if strings.Count(r.RawQuery, "&")+1 > maxParameters {
		return "", false
	}
	for query := r.RawQuery; query != ""; {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if pair == "" || !isEscaped(key, name) || strings.IndexByte(pair, ';') >= 0 {
			continue
		}
		if decoded, err := url.QueryUnescape(value); err == nil {
			return decoded, true
		}
	}
	return "", false
}

// isEscaped reports whether key, as it stands in a query, decodes to name.
func isEscaped(key, name string) bool {
	for ; key != "" && name != ""; name = name[1:] {
		c, size := key[0], 1
		switch {
		case c == '+':
			c = ' '
		case c == '%' && len(key) > 2:
			high, ok1 := unhex(key[1])
			low, ok2 := unhex(key[2])
			if !ok1 || !ok2 {
				return false
			}
			c, size = high<<4|low, 3
		case c == '%':
			return false
		}
		if c != name[0] {
			return false
		}
		key = key[size:]
	}
	return key == name
}

// mediaType returns the content type without parameters, in lower case.
func (r *Request) mediaType() (string, bool) {
	values := r.Header["Content-Type"]
	if len(values) == 0 {
		return "", false
	}
	media, _, _ := strings.Cut(values[0], ";")
	return strings.ToLower(strings.TrimSpace(media)), true
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
