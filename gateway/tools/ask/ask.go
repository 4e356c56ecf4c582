// Package ask makes requests of what people write down for a tool: a method, a URL,
// some headers. The verbs explain and test ask the matcher with them.
package ask

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// A Question is a request as written down.
type Question struct {
	Method   string            `json:"method"`              // default: GET
	URL      string            `json:"url"`                 // "/path?query" or "http://host/path?query", as it goes over the wire
	Target   string            `json:"target,omitempty"`    // instead of URL, a request target that need not be one
	Header   http.Header       `json:"header,omitempty"`    // cookies among them
	ClientIP string            `json:"client_ip,omitempty"` // default: 127.0.0.1
	Claims   map[string]string `json:"claims,omitempty"`    // of who is logged in
	Body     string            `json:"body,omitempty"`      // JSON, unless the header says otherwise
}

// DefaultHost is the host of a question that names none.
const DefaultHost = "localhost"

// DefaultClientIP is the client's address where a question gives none.
const DefaultClientIP = "127.0.0.1"

// Client returns the client's address.
func (q *Question) Client() string {
	if q.ClientIP == "" {
		return DefaultClientIP
	}
	return q.ClientIP
}

// ErrRefused says that a request is no HTTP: net/http's server answers it with 400
// before the gateway sees it.
var ErrRefused = errors.New("a server would refuse it")

// HTTP returns the request as a server would see it.
func (q *Question) HTTP() (*http.Request, error) {
	host, target, err := q.target()
	if err != nil {
		return nil, err
	}
	method := q.Method
	if method == "" {
		method = http.MethodGet
	}
	if !httpguts.ValidHeaderFieldName(method) { // both are tokens
		return nil, fmt.Errorf("%q is no method", method)
	}
	header := http.Header{}
	for name, values := range q.Header { // in whatever spelling
		header[http.CanonicalHeaderKey(name)] = append(header[http.CanonicalHeaderKey(name)], values...)
	}
	if given := header.Get("Host"); given != "" {
		host = given
	}
	header.Del("Host")
	if !httpguts.ValidHostHeader(host) {
		return nil, fmt.Errorf("%q is no host", host)
	}
	if q.Body != "" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	for _, framing := range []string{"Content-Length", "Transfer-Encoding"} {
		header.Del(framing)
	}
	return parse(method, target, host, header, q.Body)
}

// parse has net/http read the request, so that it means here what it means there.
func parse(method, target, host string, header http.Header, body string) (*http.Request, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target, host)
	for name, values := range header {
		for _, value := range values {
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
				return nil, fmt.Errorf("%q: %q is no header", name, value)
			}
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	r, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return r, nil
}

// target returns the host and the request target, whose bytes stay as they are.
func (q *Question) target() (host, target string, err error) {
	url := cmp.Or(q.Target, q.URL)
	switch {
	case strings.ContainsFunc(url, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return "", "", fmt.Errorf("%q holds a space or a control character: write it as it goes over the wire, %%20 for a space", url)
	case q.Target != "":
		return DefaultHost, q.Target, nil
	}
	return splitURL(url)
}

// splitURL takes a URL apart.
func splitURL(url string) (host, target string, err error) {
	url, _, _ = strings.Cut(url, "#") // what browsers keep to themselves
	switch scheme, rest, ok := strings.Cut(url, "://"); {
	case strings.HasPrefix(url, "/"):
		return DefaultHost, url, nil
	case ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) && rest != "":
		i := strings.IndexAny(rest, "/?")
		if i < 0 {
			return rest, "/", nil
		}
		target = rest[i:]
		if target[0] == '?' {
			target = "/" + target
		}
		return rest[:i], target, nil
	}
	return "", "", fmt.Errorf("%q is no URL: write /path?query or http://host/path?query", url)
}

// ParseHeaders reads headers written as "Name: value".
func ParseHeaders(lines []string) (http.Header, error) {
	header := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !httpguts.ValidHeaderFieldName(name) {
			return nil, fmt.Errorf("%q is no header: write 'Name: value'", line)
		}
		header.Add(name, textproto.TrimString(value))
	}
	return header, nil
}

// ParsePairs reads what is written as "name=value".
func ParsePairs(pairs []string) (map[string]string, error) {
	values := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q: write name=value", pair)
		}
		values[name] = value
	}
	return values, nil
}

// AddCookies adds a Cookie header that holds all of the pairs "name=value".
func AddCookies(header http.Header, pairs []string) error {
	for _, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); !ok || !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("%q is no cookie: write name=value", pair)
		}
	}
	all := slices.Concat(header["Cookie"], pairs)
	if len(all) > 0 {
		header.Set("Cookie", strings.Join(all, "; "))
	}
	return nil
}

// MaxBody is the largest body that a question may hold, in bytes.
const MaxBody = 1 << 20

// ReadBody reads a body for a question.
func ReadBody(r io.Reader) (string, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err == nil && len(body) > MaxBody {
		err = errors.New("the body is larger than 1 MiB")
	}
	return string(body), err
}
