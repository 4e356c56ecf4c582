package identity

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// A Stripper removes from requests what only the gateway may say: headers and cookies
// that carry identity inward. It is safe for concurrent use.
type Stripper struct {
	headers, cookies foldedSet
	begins           []string // folded beginnings of headers
}

// NewStripper returns what removes headers and cookies of these names in every spelling
// that a backend could fold to one of them: other case, "_", "." or a blank for "-". A
// header "X-Told-*" stands for all that begin so.
func NewStripper(headers, cookies []string) (*Stripper, error) {
	s := &Stripper{}
	var whole []string
	for _, name := range headers {
		if begin, ok := strings.CutSuffix(name, "*"); ok {
			var room [maxName]byte
			if len(begin) > maxName || !httpguts.ValidHeaderFieldName(begin) {
				return nil, fmt.Errorf("identity: %q is no beginning of a header's name, or has more than %d bytes", name, maxName)
			}
			s.begins = append(s.begins, string(fold(&room, begin)))
		} else {
			whole = append(whole, name)
		}
	}
	for _, name := range slices.Concat(whole, cookies) {
		if len(name) > maxName || !httpguts.ValidHeaderFieldName(name) {
			return nil, fmt.Errorf("identity: %q is no name of a header or cookie, or has more than %d bytes", name, maxName)
		}
	}
	s.headers, s.cookies = newFoldedSet(whole), newFoldedSet(cookies)
	return s, nil
}

// isHeader reports whether a header is one of those that are removed.
func (s *Stripper) isHeader(name string) bool {
	if s.headers.has(name) {
		return true
	}
	for _, begin := range s.begins {
		name := trimSpaceLike(name)
		if len(name) >= len(begin) && foldsTo(name[:len(begin)], begin) {
			return true
		}
	}
	return false
}

// Strip removes from a request, as the client sent it, headers, trailers and cookies, and
// from Connection the names of such headers: a proxy would remove what the gateway sets
// (golang/go#50580). Trailers come after the body, so the body of a request that announces
// some is wrapped. It returns how many it has removed before the body was read; a request
// with none costs no allocation. The slices of the header are not written to.
func (s *Stripper) Strip(r *http.Request) (removed int) {
	removed = s.stripFields(r.Header)
	removed += s.stripTokens(r.Header, "Connection")
	removed += s.stripTokens(r.Header, "Trailer")
	removed += s.stripCookies(r.Header)
	if r.Trailer != nil {
		removed += s.stripFields(r.Trailer)
		r.Body = &trailed{ReadCloser: r.Body, request: r, stripper: s}
	}
	return removed
}

func (s *Stripper) stripFields(h http.Header) (removed int) {
	for name, lines := range h {
		if s.isHeader(name) {
			delete(h, name)
			removed += max(len(lines), 1)
		}
	}
	return removed
}

// stripTokens removes names from a header that lists names.
func (s *Stripper) stripTokens(h http.Header, list string) (removed int) {
	lines := h[list]
	for _, line := range lines {
		for token := range strings.SplitSeq(line, ",") {
			if s.isHeader(token) {
				removed++
			}
		}
	}
	if removed == 0 {
		return 0
	}
	var kept []string
	for _, line := range lines {
		tokens := slices.DeleteFunc(strings.Split(line, ","), func(token string) bool { return s.isHeader(token) })
		if left := strings.TrimSpace(strings.Join(tokens, ",")); left != "" {
			kept = append(kept, left)
		}
	}
	setLines(h, list, kept)
	return removed
}

func (s *Stripper) stripCookies(h http.Header) (removed int) {
	if len(s.cookies.names) == 0 {
		return 0
	}
	lines := h["Cookie"]
	for _, line := range lines {
		for part := range cookieParts(line) {
			if s.carries(part) {
				removed++
			}
		}
	}
	if removed == 0 {
		return 0
	}
	var kept []string
	for _, line := range lines {
		var b strings.Builder
		for part := range cookieParts(line) {
			if !s.carries(part) {
				b.WriteString(part)
			}
		}
		if left := strings.TrimLeft(b.String(), ";, "); left != "" {
			kept = append(kept, left)
		}
	}
	setLines(h, "Cookie", kept)
	return removed
}

// cookieParts yields the cookies of a line, each with the separator before it. Old readers
// of cookies know the comma as a separator too (RFC 2109).
func cookieParts(line string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line != "" {
			end := len(line)
			if i := strings.IndexAny(line[1:], ";,"); i >= 0 {
				end = i + 1
			}
			if !yield(line[:end]) {
				return
			}
			line = line[end:]
		}
	}
}

// carries tells whether a cookie could be taken for one that is stripped. PHP cuts names
// at "[", and older ones decode escapes in them (CVE-2020-7070).
func (s *Stripper) carries(part string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(part, ";, \t"), "=")
	if strings.IndexByte(name, '%') >= 0 {
		if decoded, err := url.PathUnescape(name); err == nil {
			name = decoded
		}
	}
	if i := strings.IndexByte(name, '['); i >= 0 {
		name = name[:i]
	}
	return s.cookies.has(name)
}

func setLines(h http.Header, name string, lines []string) {
	if len(lines) == 0 {
		delete(h, name)
	} else {
		h[name] = lines
	}
}

// trailed is a body after which trailers come. net/http adds to them whatever has come,
// announced or not, before it tells the end of the body.
type trailed struct {
	io.ReadCloser
	request  *http.Request
	stripper *Stripper
}

func (t *trailed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err != nil {
		t.stripper.stripFields(t.request.Trailer)
	}
	return n, err
}
