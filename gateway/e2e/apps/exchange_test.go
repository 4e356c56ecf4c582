package apps

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// An exchange is what a client saw of one request, as raw as it came.
type exchange struct {
	Step    string   // the request line, and what else tells it apart
	Interim []string // 1xx answers, with their fields
	Status  int
	Reason  string
	Fields  []string // "Name: value", in the order and the case of the wire
	Framing string   // how the client knows where the body ends
	Body    string
	Trailer []string // likewise

	Surplus int // bytes seen after the end: no part of the answer
}

// A visitor is one client: it writes requests onto a connection as they are given, keeps
// cookies as a browser does and the connection as long as the server lets it, and notes
// what comes back.
type visitor struct {
	t       testing.TB
	network string // "tcp" or "unix"
	address string // where it connects to, wherever it is
	cookies map[string]string
	seen    []exchange

	conn net.Conn
	in   *bufio.Reader
}

// host is whom all visitors ask for, so that applications that say their own name say the
// same to all.
const host = "app.example"

func newVisitor(t testing.TB, url string) *visitor {
	t.Helper()
	network, address, _ := strings.Cut(url, "://")
	if network != "unix" {
		network = "tcp"
	}
	v := &visitor{t: t, network: network, address: address, cookies: map[string]string{}}
	t.Cleanup(v.hangUp)
	return v
}

func (v *visitor) hangUp() {
	if v.conn != nil {
		_ = v.conn.Close()
		v.conn = nil
	}
}

// dial connects anew.
func (v *visitor) dial() {
	v.t.Helper()
	v.hangUp()
	conn, err := net.DialTimeout(v.network, v.address, 10*time.Second)
	if err != nil {
		v.t.Fatal(err)
	}
	v.conn, v.in = conn, bufio.NewReader(conn)
}

// get asks for a path; fields are "Name: value".
func (v *visitor) get(path string, fields ...string) exchange {
	v.t.Helper()
	return v.do("GET", path, "", fields...)
}

// post sends a body of a type.
func (v *visitor) post(path, contentType, body string, fields ...string) exchange {
	v.t.Helper()
	return v.do("POST", path, body, append(fields, "Content-Type: "+contentType)...)
}

// do sends a request with the cookies kept and, if it has a body, its length.
func (v *visitor) do(method, path, body string, fields ...string) exchange {
	v.t.Helper()
	return v.doAs(strings.Join(append([]string{method, path}, fields...), " "), method, path, body, fields...)
}

// doAs does the same as a step of another name: where the request holds what chance has
// drawn.
func (v *visitor) doAs(step, method, path, body string, fields ...string) exchange {
	v.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, host)
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	if len(v.cookies) > 0 {
		pairs := make([]string, 0, len(v.cookies))
		for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
			pairs = append(pairs, name+"="+v.cookies[name])
		}
		b.WriteString("Cookie: " + strings.Join(pairs, "; ") + "\r\n")
	}
	if body != "" || method == "POST" || method == "PUT" || method == "PATCH" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return v.raw(step, method, b.String())
}

// raw sends a request as it is given and notes the answer. A kept connection that the
// server has closed meanwhile is opened anew, as clients do.
func (v *visitor) raw(step, method, text string) exchange {
	v.t.Helper()
	kept := v.conn != nil
	if !kept {
		v.dial()
	}
	x, last, err := v.attempt(step, method, text)
	if kept && errors.Is(err, errNoAnswer) {
		v.dial()
		x, last, err = v.attempt(step, method, text)
	}
	if err != nil {
		v.t.Fatalf("%s: %v", step, err)
	}
	if last {
		v.hangUp()
	}
	v.keep(x.Fields)
	v.seen = append(v.seen, x)
	return x
}

var errNoAnswer = errors.New("the connection ended without an answer")

// attempt sends one request. last says that the connection carries no more.
func (v *visitor) attempt(step, method, text string) (x exchange, last bool, err error) {
	_ = v.conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(v.conn, text); err != nil {
		return x, true, errNoAnswer
	}
	if _, err := v.in.Peek(1); err != nil {
		return x, true, errNoAnswer
	}
	x, last, err = readExchange(v.in, method)
	x.Step = step
	return x, last, err
}

// readExchange reads an answer from the wire.
func readExchange(in *bufio.Reader, method string) (x exchange, last bool, err error) {
	for {
		line, fields, err := readHead(in)
		if err != nil {
			return x, true, err
		}
		head := line + "\r\n" + strings.Join(fields, "\r\n") + "\r\n\r\n"
		if code, _, _ := strings.Cut(afterSpace(line), " "); strings.HasPrefix(code, "1") && code != "101" {
			x.Interim = append(x.Interim, strings.Join(append([]string{code}, fields...), " | "))
			continue
		}
		rest := bufio.NewReaderSize(io.MultiReader(strings.NewReader(head), in), len(head)+4096) // the head in one read, and nothing of what follows an upgrade
		response, err := http.ReadResponse(rest, &http.Request{Method: method})
		if err != nil {
			return x, true, err
		}
		defer response.Body.Close()
		x.Status, x.Fields, x.Framing = response.StatusCode, fields, framing(response)
		_, x.Reason, _ = strings.Cut(afterSpace(line), " ")
		if response.StatusCode == http.StatusSwitchingProtocols {
			return x, false, nil
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(response.Body); err != nil {
			return x, true, fmt.Errorf("the body: %w", err)
		}
		x.Body = body.String()
		for _, name := range slices.Sorted(maps.Keys(response.Trailer)) {
			for _, value := range response.Trailer[name] {
				x.Trailer = append(x.Trailer, name+": "+value)
			}
		}
		x.Surplus = rest.Buffered() + in.Buffered()
		return x, response.Close || x.Surplus > 0, nil
	}
}

func readHead(in *bufio.Reader) (line string, fields []string, err error) {
	for i := 0; ; i++ {
		text, err := in.ReadString('\n')
		if err != nil {
			return "", nil, fmt.Errorf("the head: %w", err)
		}
		switch text = strings.TrimRight(text, "\r\n"); {
		case i == 0:
			line = text
		case text == "":
			return line, fields, nil
		default:
			fields = append(fields, text)
		}
	}
}

func afterSpace(line string) string {
	_, rest, _ := strings.Cut(line, " ")
	return rest
}

func framing(r *http.Response) string {
	switch {
	case slices.Contains(r.TransferEncoding, "chunked"):
		return "chunked"
	case r.ContentLength >= 0:
		return "length"
	}
	return "end of connection"
}

// keep takes in the cookies of an answer.
func (v *visitor) keep(fields []string) {
	header := http.Header{}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		header.Add(name, strings.TrimSpace(value))
	}
	for _, c := range (&http.Response{Header: header}).Cookies() {
		v.cookies[c.Name] = c.Value
		if c.MaxAge < 0 || c.Value == "" {
			delete(v.cookies, c.Name)
		}
	}
}

// field returns the first value of a field, "" where there is none.
func (x *exchange) field(name string) string {
	for _, f := range x.Fields {
		if n, value, _ := strings.Cut(f, ":"); strings.EqualFold(n, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
