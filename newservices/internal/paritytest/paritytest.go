// Package paritytest compares what two servers answer to the same requests, over real sockets. Tests of
// the new services use it; it knows neither the monolith nor a service.
//
// A journey is played in worlds that began alike and have clocks of their own that move in step. What
// differs between two runs of the monolith alone is reduced to its shape; all else must be equal.
package paritytest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

// Clock is a clock that moves when told.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock starts at a time with odd nanoseconds, so that formats show.
func NewClock() *Clock { return &Clock{t: time.Date(2026, 3, 9, 11, 22, 33, 456_000_789, time.UTC)} }

// Now is the clock's time.
func (c *Clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

// Add moves the clock.
func (c *Clock) Add(d time.Duration) { c.mu.Lock(); c.t = c.t.Add(d); c.mu.Unlock() }

// Request is sent as it stands.
type Request struct {
	Client string // whose cookies; "" none, and none are kept
	Method string
	Target string // as on the request line
	Header string // "Name: value" lines
	Body   string
	Shop   bool // always to the monolith
}

// Answer is what came back.
type Answer struct {
	Status  int
	Header  http.Header
	Framing string
	Body    []byte
}

// World is a monolith and, perhaps, a service that takes some of its paths.
type World struct {
	Shop, Service *httptest.Server
	Takes         func(Request) bool
	Clock         *Clock
	Identity      func(client string) string // what the gateway says of a client to the service: a token, or ""
	Gateway       *Gateway                   // whose key the service trusts
	jars          map[string]map[string]string
}

// Do sends a request and keeps the cookies.
func (w *World) Do(t testing.TB, r Request) Answer {
	t.Helper()
	to := w.Shop
	if !r.Shop && w.Service != nil && w.Takes(r) {
		to = w.Service
		if w.Identity != nil {
			if token := w.Identity(r.Client); token != "" {
				r.Header += "\nFicus-Identity: " + token
			}
		}
	}
	if w.jars == nil {
		w.jars = map[string]map[string]string{}
	}
	jar := w.jars[r.Client]
	if jar == nil {
		jar = map[string]string{}
		w.jars[r.Client] = jar
	}
	a, err := send(to.Listener.Addr().String(), r, jar)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Target, err)
	}
	if r.Client != "" {
		for _, line := range a.Header.Values("Set-Cookie") {
			if c, err := http.ParseSetCookie(line); err == nil {
				jar[c.Name] = c.Value
			}
		}
	}
	w.Clock.Add(1234567 * time.Microsecond)
	return a
}

func send(addr string, r Request, jar map[string]string) (Answer, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: shop.example\r\n", r.Method, r.Target)
	var cookies []string
	for n, v := range jar {
		cookies = append(cookies, n+"="+v)
	}
	sort.Strings(cookies)
	if len(cookies) > 0 {
		fmt.Fprintf(&b, "Cookie: %s\r\n", strings.Join(cookies, "; "))
	}
	for line := range strings.SplitSeq(strings.TrimSpace(r.Header), "\n") {
		if line != "" {
			b.WriteString(strings.TrimSpace(line) + "\r\n")
		}
	}
	if r.Body != "" && !strings.Contains(r.Header, "Transfer-Encoding") {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	b.WriteString("\r\n" + r.Body)
	go func() { _, _ = conn.Write(b.Bytes()) }() // a server may refuse a large body before it is all sent
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: r.Method})
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Answer{}, err
	}
	length := fmt.Sprint(resp.ContentLength)
	return Answer{resp.StatusCode, resp.Header, fmt.Sprintf("%s te=%v length=%s close=%v", resp.Proto, resp.TransferEncoding, length, resp.Close), body}, nil
}

var (
	token    = regexp.MustCompile(`^shop_session=[0-9a-f]{64}; `)
	csrf     = regexp.MustCompile(`name="csrf_token" value="([0-9a-f]{64})"`)
	dateFmt  = regexp.MustCompile(`^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$`)
	boundary = regexp.MustCompile(`boundary=([0-9a-f]{60})$`)
	lengths  = regexp.MustCompile(`length=\d+`)
)

// CSRF is the token of a page's first form.
func (a Answer) CSRF(t testing.TB) string {
	m := csrf.FindSubmatch(a.Body)
	if m == nil {
		t.Fatalf("no form in %d %s", a.Status, a.Body)
	}
	return string(m[1])
}

// Shape writes an answer down, with what is random in it reduced to its shape: the session's token, the
// order of tags, the server's date, what stands between parts.
func (a Answer) Shape() string {
	h := a.Header.Clone()
	for i, v := range h["Set-Cookie"] {
		h["Set-Cookie"][i] = token.ReplaceAllString(v, "shop_session=<64 hex>; ")
	}
	if dateFmt.MatchString(h.Get("Date")) {
		h.Set("Date", "<date>")
	}
	body, framing := a.Body, a.Framing
	if h.Get("Content-Encoding") == "gzip" && len(body) > 0 {
		if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			if plain, err := io.ReadAll(z); err == nil {
				body = plain
			}
		}
	}
	if h.Get("Content-Encoding") == "gzip" && h.Get("Content-Length") != "" { // the order of tags shows in it
		h.Set("Content-Length", "<n>")
		framing = lengths.ReplaceAllString(framing, "length=<n>")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n%s\n", a.Status, framing)
	names := make([]string, 0, len(h))
	for n := range h {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		fmt.Fprintf(&b, "%s: %q\n", n, h[n])
	}
	b.WriteString("\n" + tags.ReplaceAllStringFunc(string(body), sortTags))
	if m := boundary.FindStringSubmatch(h.Get("Content-Type")); m != nil {
		return strings.ReplaceAll(b.String(), m[1], "<boundary>")
	}
	return b.String()
}

var tags = regexp.MustCompile(`"tags":\[[^\]]*\]`)

func sortTags(s string) string {
	var list []string
	if err := json.Unmarshal([]byte(strings.TrimPrefix(s, `"tags":`)), &list); err != nil {
		return "<broken tags> " + s
	}
	slices.Sort(list)
	out, _ := json.Marshal(list)
	return `"tags":` + string(out)
}
