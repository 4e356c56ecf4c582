// Package accesslog reads requests out of access logs, line by line, so that a tool can
// ask what a table would do with them. A line is either JSON or in the common log format
// that most servers write; the two may be mixed, and the whole may be gzip.
//
// JSON is Caddy's access log,
//
//	{"request":{"method":"GET","host":"shop.example","uri":"/cart?x=1","headers":{…}}}
//
// or has the same keys at its top, where uri may also be called url or path. The common
// format, with anything behind it ("combined" adds referer and user agent) and perhaps a
// host in front of it, is
//
//	203.0.113.7 - - [01/Jun/2026:10:00:00 +0000] "GET /cart?x=1 HTTP/1.1" 200 17
//
// Nothing of a log is trusted, and no more of it is kept than the line at hand.
package accesslog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A Request is what a line tells of a request.
type Request struct {
	Method string
	Host   string      // "" where the line names none
	Path   string      // raw, begins with a slash
	Query  string      // raw
	Header http.Header // nil where the line holds no headers
}

// MaxLine is the longest line that is read, in bytes.
const MaxLine = 1 << 20

// A BadLine is a line that tells of no request that a route could take.
type BadLine struct {
	Line int // counts from 1
	Why  string
}

func (b *BadLine) Error() string { return fmt.Sprintf("line %d: %s", b.Line, b.Why) }

// A Reader reads a log once, from its beginning to its end.
type Reader struct {
	in   *bufio.Reader
	line int
}

// NewReader returns a reader of a log, packed or not.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		return &Reader{in: bufio.NewReaderSize(unpacked, MaxLine)}, nil
	}
	return &Reader{in: bufio.NewReaderSize(in, MaxLine)}, nil
}

// Next returns the request of the next line that is not empty. The error is a *BadLine
// where it holds none, after which reading may go on, io.EOF at the end, or what
// reading ended with.
func (r *Reader) Next() (Request, error) {
	for {
		line, err := r.next()
		if err != nil {
			return Request{}, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		request, err := Parse(line)
		if err != nil {
			return Request{}, &BadLine{r.line, err.Error()}
		}
		return request, nil
	}
}

// next returns the next line, which is valid until the next call.
func (r *Reader) next() ([]byte, error) {
	r.line++
	line, err := r.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.in.ReadSlice('\n')
		}
		return nil, &BadLine{r.line, "longer than 1 MiB"}
	case errors.Is(err, io.EOF) && len(line) > 0:
		return line, nil // the last line, without an end
	}
	return line, err
}

// Parse reads one line.
func Parse(line []byte) (Request, error) {
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	if len(line) > 0 && line[0] == '{' {
		return parseJSON(line)
	}
	return parseCommon(string(line))
}

var (
	errNone   = errors.New("no request in it")
	errTarget = errors.New("the request target is neither a path nor an http URL")
)

// newRequest takes the target of a request line apart (RFC 9112, 3.2). The host of a
// whole URL goes before that of a header.
func newRequest(method, host, target string, header http.Header) (Request, error) {
	if !isToken(method) || target == "" {
		return Request{}, errNone
	}
	if scheme, rest, ok := strings.Cut(target, "://"); ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			host, target = rest[:i], rest[i:]
		} else {
			host, target = rest, ""
		}
		if target == "" || target[0] != '/' {
			target = "/" + target
		}
	}
	if target[0] != '/' || method == http.MethodConnect {
		return Request{}, errTarget
	}
	target, _, _ = strings.Cut(target, "#") // some logs keep it; no request has it
	path, query, _ := strings.Cut(target, "?")
	return Request{Method: method, Host: host, Path: path, Query: query, Header: header}, nil
}

// isToken reports whether s is what RFC 9110, 5.6.2 calls so, as methods are.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
