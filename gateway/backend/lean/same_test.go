package lean

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// script is a backend that reads requests from pipes and answers each connection's with
// bytes of the test's.
type script struct {
	answer string
	read   chan string // the requests' bytes
}

func (s *script) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		var request strings.Builder
		in := bufio.NewReader(io.TeeReader(server, &request))
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		if s.read != nil {
			s.read <- request.String()
		}
		_, _ = io.WriteString(server, s.answer)
	}()
	return client, nil
}

// both returns the two transports to such a backend.
func both(t testing.TB, s *script) (lean, plain http.RoundTripper) {
	p := &http.Transport{DisableCompression: true, DialContext: s.dial, MaxResponseHeaderBytes: 1 << 14}
	l := &Transport{Dial: s.dial, Behind: forbidden{}, MaxIdle: 8, IdleFor: time.Minute, MaxHeader: 1 << 14}
	t.Cleanup(p.CloseIdleConnections)
	t.Cleanup(l.Close)
	return l, p
}

type forbidden struct{}

func (forbidden) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("not for here")
}

// outcome is what a caller sees of an exchange.
type outcome struct {
	Status         int
	Proto          string
	Header         http.Header
	Trailer        http.Header
	Length         int64
	Body           string
	Told           []int
	Failed, Cut    bool
	TransferCoding []string
}

func ask(t testing.TB, transport http.RoundTripper, method string) outcome {
	var o outcome
	trace := &httptrace.ClientTrace{Got1xxResponse: func(status int, _ textproto.MIMEHeader) error {
		if o.Told = append(o.Told, status); len(o.Told) > 5 {
			return errors.New("too many")
		}
		return nil
	}}
	ctx, cancel := context.WithTimeout(httptrace.WithClientTrace(t.Context(), trace), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://backend/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		o.Failed = true
		return o
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	o.Status, o.Proto, o.Header, o.Length, o.TransferCoding = answer.StatusCode, answer.Proto, answer.Header, answer.ContentLength, answer.TransferEncoding
	o.Body, o.Cut, o.Trailer = string(text), err != nil, answer.Trailer
	return o
}

var answers = []string{
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nX-A: 2\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5;ext=1\r\nhello\r\n0\r\nX-T: end\r\n\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\n\r\nuntil it closes",
	"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
	"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nEtag: \"a\"\r\n\r\n",
	"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 10) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
	"HTTP/1.1 200 OK\r\nX A: 1\r\n\r\n",
	"HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nX-Big: " + strings.Repeat("x", 1<<15) + "\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
	"HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n", "\r\n", "", "HTTP/1.1 200", "garbage",
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
}

// To a caller both transports are the same, whatever a backend says.
func TestSameAsPlain(t *testing.T) {
	for _, text := range answers {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			compare(t, method, text)
		}
	}
}

func FuzzSameAsPlain(f *testing.F) {
	for _, text := range answers {
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, head bool) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		compare(t, method, text)
	})
}

func compare(t *testing.T, method, text string) {
	t.Helper()
	lean, plain := both(t, &script{answer: text})
	got, want := ask(t, lean, method), ask(t, plain, method)
	if s := want.Status; !want.Failed && (s == http.StatusSwitchingProtocols || s < 100) { // nobody asked for it, or no status at all
		want = outcome{Failed: true, Told: want.Told}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s %.200q (-net/http +lean)\n%s", method, text, diff)
	}
}

// What leaves is the same too.
func TestSameRequests(t *testing.T) {
	for _, change := range []func(*http.Request){
		func(*http.Request) {},
		func(r *http.Request) { r.Method = http.MethodHead },
		func(r *http.Request) { r.Host = "shop.example" },
		func(r *http.Request) { r.Host = "bücher.example" },
		func(r *http.Request) { r.URL.Opaque, r.URL.RawQuery = "/a%2Fb/..|x", "q=%zz&;" },
		func(r *http.Request) { r.URL.ForceQuery = true },
		func(r *http.Request) { r.Header["User-Agent"] = nil },
		func(r *http.Request) { r.Header["x-as-it-came"] = []string{"a", "b"} },
		func(r *http.Request) { r.Header.Set("Content-Length", "9") },
		func(r *http.Request) { r.Header.Set("Te", "trailers") },
	} {
		s := &script{answer: "HTTP/1.1 204 No Content\r\n\r\n", read: make(chan string, 2)}
		var wrote [2]string
		lean, plain := both(t, s)
		for i, transport := range []http.RoundTripper{lean, plain} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://backend/path?a=b", nil)
			if err != nil {
				t.Fatal(err)
			}
			change(r)
			if _, err := transport.RoundTrip(r); err != nil {
				t.Fatal(err)
			}
			wrote[i] = <-s.read
		}
		if wrote[0] != wrote[1] {
			t.Errorf("lean\n%s\nnet/http\n%s", wrote[0], wrote[1])
		}
	}
}

// What needs more than the caller's goroutine is for the transport behind.
func TestSimple(t *testing.T) {
	request := func(change func(*http.Request)) *http.Request {
		r := &http.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "a"}, Header: http.Header{"X-A": {"1"}}}
		change(r)
		return r
	}
	for name, change := range map[string]func(*http.Request){
		"method":        func(r *http.Request) { r.Method = "POST" },
		"body":          func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("")) },
		"length":        func(r *http.Request) { r.ContentLength = -1 },
		"coding":        func(r *http.Request) { r.TransferEncoding = []string{"chunked"} },
		"trailer":       func(r *http.Request) { r.Trailer = http.Header{} },
		"close":         func(r *http.Request) { r.Close = true },
		"scheme":        func(r *http.Request) { r.URL.Scheme = "https" },
		"host":          func(r *http.Request) { r.URL.Host = "" },
		"upgrade":       func(r *http.Request) { r.Header.Set("Upgrade", "websocket") },
		"connection":    func(r *http.Request) { r.Header.Set("Connection", "x") },
		"expect":        func(r *http.Request) { r.Header.Set("Expect", "100-continue") },
		"header name":   func(r *http.Request) { r.Header["a b"] = []string{"1"} },
		"header value":  func(r *http.Request) { r.Header["A"] = []string{"1\r\nb: c"} },
		"no URL at all": func(r *http.Request) { r.URL = nil },
	} {
		if simple(request(change)) {
			t.Errorf("%s: it is taken for simple", name)
		}
	}
	if !simple(request(func(r *http.Request) { r.Body = http.NoBody })) {
		t.Error("a simple request is not taken for one")
	}
}
