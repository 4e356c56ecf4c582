package framing

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// An origin is a backend on a raw socket. It reads as strictly as the standard allows
// (RFC 9112): whatever is not exactly a request is noted as such, and ends the connection.
type origin struct {
	address  string
	listener net.Listener
	answer   func(*conversation)

	mu     sync.Mutex
	seen   []string // requests in order, each as readRequest tells it
	open   map[net.Conn]bool
	closed bool
	ended  sync.WaitGroup
}

// A conversation is one connection to an origin.
type conversation struct {
	net.Conn
	r      *bufio.Reader
	origin *origin
	number int // of the request on this connection, from 1
	seen   string
}

func listen(t testing.TB, answer func(*conversation)) *origin {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &origin{address: l.Addr().String(), listener: l, answer: answer, open: map[net.Conn]bool{}}
	o.ended.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			o.ended.Go(func() { o.serve(c) })
		}
	})
	t.Cleanup(o.close)
	return o
}

func (o *origin) serve(c net.Conn) {
	defer c.Close()
	o.mu.Lock()
	o.open[c] = true
	late := o.closed
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.open, c)
	}()
	if late {
		return
	}
	_ = c.SetDeadline(time.Now().Add(time.Minute)) // no test takes that long
	talk := &conversation{Conn: c, r: bufio.NewReader(c), origin: o}
	for {
		seen, err := readRequest(talk.r)
		if seen == "" && errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			seen = fmt.Sprintf("broken: %v: %s", err, seen)
		}
		o.mu.Lock()
		o.seen = append(o.seen, seen)
		o.mu.Unlock()
		if err != nil {
			return
		}
		talk.number++
		talk.seen = seen
		o.answer(talk)
	}
}

func (o *origin) close() {
	_ = o.listener.Close()
	o.mu.Lock()
	o.closed = true
	for c := range o.open {
		_ = c.Close()
	}
	o.mu.Unlock()
	o.ended.Wait()
}

// take returns what was seen since the last time.
func (o *origin) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := o.seen
	o.seen = nil
	return seen
}

// send sends text as it is, and reports whether that worked.
func (c *conversation) send(text string) bool {
	_, err := io.WriteString(c, text)
	return err == nil
}

// ok answers.
func ok(c *conversation) { c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }

// readRequest reads one request as strictly as can be. It returns method and target, what it
// wishes for, the framing, the body and the names of the trailers, as
// "POST /x upgrade websocket chunked \"body\" [sum]".
func readRequest(r *bufio.Reader) (string, error) {
	first, err := readLine(r)
	if err != nil {
		return first, err
	}
	parts := strings.Split(first, " ")
	if len(parts) != 3 || parts[2] != "HTTP/1.1" || !isToken(parts[0]) {
		return first, fmt.Errorf("no request line")
	}
	what := parts[0] + " " + parts[1]
	fields, err := readFields(r)
	if err != nil {
		return what, err
	}
	for _, name := range []string{"upgrade", "http2-settings", "accept-encoding"} {
		for _, value := range values(fields, name) {
			what += " " + name + " " + value
		}
	}
	body, framing, err := readBody(r, fields)
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", what, framing, body)), err
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return line, err
	}
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok || strings.ContainsAny(text, "\r\x00") {
		return line, fmt.Errorf("a line %q", line)
	}
	return text, nil
}

type field struct{ name, value string }

func readFields(r *bufio.Reader) (fields []field, err error) {
	for {
		line, err := readLine(r)
		if err != nil || line == "" {
			return fields, err
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return fields, fmt.Errorf("a field %q", line)
		}
		fields = append(fields, field{strings.ToLower(name), strings.TrimSpace(value)})
	}
}

func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		return c <= ' ' || c > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

func values(fields []field, name string) (all []string) {
	for _, f := range fields {
		if f.name == name {
			all = append(all, f.value)
		}
	}
	return all
}

// readBody reads a body, for which there is at most one framing.
func readBody(r *bufio.Reader, fields []field) (body, framing string, err error) {
	lengths, codings := values(fields, "content-length"), values(fields, "transfer-encoding")
	switch {
	case len(values(fields, "host")) != 1:
		return "", "", fmt.Errorf("hosts %q", values(fields, "host"))
	case len(lengths)+len(codings) > 1:
		return "", "", fmt.Errorf("lengths %q and codings %q", lengths, codings)
	case len(lengths) == 1:
		n, err := strconv.ParseUint(lengths[0], 10, 31)
		if err != nil {
			return "", "", err
		}
		text := make([]byte, n)
		_, err = io.ReadFull(r, text)
		return fmt.Sprintf("%q", text), "length", err
	case len(codings) == 1 && codings[0] != "chunked":
		return "", "", fmt.Errorf("coding %q", codings[0])
	case len(codings) == 1:
		body, trailers, err := readChunks(r)
		if err == nil && len(trailers) > 0 {
			return fmt.Sprintf("%q %s", body, trailers), "chunked", nil
		}
		return fmt.Sprintf("%q", body), "chunked", err
	}
	return "", "", nil
}

func readChunks(r *bufio.Reader) (body string, trailers []string, err error) {
	for {
		line, err := readLine(r)
		if err != nil {
			return body, nil, err
		}
		n, err := strconv.ParseUint(line, 16, 31)
		if err != nil {
			return body, nil, err
		}
		if n == 0 {
			fields, err := readFields(r)
			for _, f := range fields {
				trailers = append(trailers, f.name)
			}
			slices.Sort(trailers)
			return body, trailers, err
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(r, text); err != nil {
			return body, nil, err
		}
		body += string(text)
		if line, err := readLine(r); err != nil || line != "" {
			return body, nil, fmt.Errorf("after a chunk: %q, %w", line, err)
		}
	}
}
