package accesslog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, line string
		want       Request
	}{
		{"Caddy", `{"level":"info","logger":"http.log.access","msg":"handled request","request":{"remote_ip":"::1","proto":"HTTP/2.0",` +
			`"method":"GET","host":"shop.example:443","uri":"/cart%2F7?x=1&y","headers":{"Accept":["*/*"],"Cookie":["REDACTED"]},"tls":{"resumed":false}},"status":200}`,
			Request{"GET", "shop.example:443", "/cart%2F7", "x=1&y", http.Header{"Accept": {"*/*"}, "Cookie": {"REDACTED"}}}},
		{"header names in any case", `{"request":{"method":"GET","uri":"/","headers":{"x-tenant":["a"]}}}`,
			Request{"GET", "", "/", "", http.Header{"X-Tenant": {"a"}}}},
		{"plain with path", `{"method":"PUT","host":"shop","path":"/a"}`, Request{"PUT", "shop", "/a", "", nil}},
		{"plain with uri", `{"method":"PUT","uri":"/a?"}`, Request{"PUT", "", "/a", "", nil}},
		{"plain with url", `{"method":"GET","host":"other","url":"https://shop:8443/a?b#c"}`, Request{"GET", "shop:8443", "/a", "b", nil}},
		{"URL without path", `{"method":"GET","url":"HTTP://shop?b"}`, Request{"GET", "shop", "/", "b", nil}},
		{"BOM", "\ufeff" + `{"method":"GET","uri":"/a"}`, Request{"GET", "", "/a", "", nil}},
		{"common", `203.0.113.7 - - [01/Jun/2026:10:00:00 +0000] "GET /a?b HTTP/1.1" 200 17`, Request{"GET", "", "/a", "b", nil}},
		{"combined", `203.0.113.7 - me [01/Jun/2026:10:00:00 +0000] "POST /a HTTP/2.0" 200 17 "-" "curl \"7\""`, Request{"POST", "", "/a", "", nil}},
		{"with host", `shop.example:80 203.0.113.7 - - [01/Jun/2026:10:00:00 +0000] "GET / HTTP/1.0" 200 17`, Request{"GET", "shop.example:80", "/", "", nil}},
		{"escapes", `1.2.3.4 - - [x] "GET /\x22\"\\\t\xc3\xa9 b HTTP/1.1" 400 0`, Request{"GET", "", "/\"\"\\\té b", "", nil}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse([]byte(tc.line))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ line, why string }{
		{`garbage`, "no request in it"},
		{`1.2.3.4 - - [x] "-" 408 0`, "no request in it"},
		{`1.2.3.4 - - [x] "\x16\x03\x01" 400 0`, "no request in it"},
		{`1.2.3.4 - - [x] "GET /a" 200 0`, "no request in it"},
		{`1.2.3.4 - - [x] "GET  HTTP/1.1" 400 0`, "no request in it"},
		{`1.2.3.4 - - [x] "G(T /a HTTP/1.1" 400 0`, "no request in it"},
		{`1.2.3.4 - - [x] "GET /\xg0 HTTP/1.1" 400 0`, "no request in it"},
		{`1.2.3.4 - - [x] "GET / HTTP/1.1`, "no request in it"},
		{`1.2.3.4 - - [x] "PRI * HTTP/2.0" 400 0`, "neither a path nor an http URL"},
		{`1.2.3.4 - - [x] "CONNECT shop:443 HTTP/1.1" 400 0`, "neither a path nor an http URL"},
		{`{"method":"CONNECT","url":"http://shop/"}`, "neither a path nor an http URL"},
		{`{"level":"info","msg":"server running"}`, "no request in it"},
		{`{"request":{"method":"GET"}}`, "no request in it"},
		{`{"method":"GET","uri":"/a"`, "no JSON of a request"},
		{`{"request":"GET / HTTP/1.1"}`, "no JSON of a request"},
		{`{"method":7,"uri":"/a"}`, "no JSON of a request"},
	} {
		if r, err := Parse([]byte(tc.line)); err == nil || !strings.Contains(err.Error(), tc.why) {
			t.Errorf("%s: got %+v, %v", tc.line, r, err)
		}
	}
}

// A log is read to its end whatever stands in it, packed or not, and lines are counted.
func TestReader(t *testing.T) {
	text := "\n" + `{"method":"GET","uri":"/1"}` + "\r\n" +
		"bad\n" +
		strings.Repeat("x", 3*MaxLine) + "\n" +
		`1.2.3.4 - - [x] "GET /2 HTTP/1.1" 200 1` // the last line has no end
	for name, r := range map[string]io.Reader{
		"plain":           strings.NewReader(text),
		"gzip":            bytes.NewReader(packed(t, text)),
		"gzip, two parts": io.MultiReader(bytes.NewReader(packed(t, text[:40])), bytes.NewReader(packed(t, text[40:]))),
	} {
		log, err := NewReader(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := all(log)
		want := []string{"/1", "line 3: no request in it", "line 4: longer than 1 MiB", "/2"}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

func TestReaderOfBrokenGzip(t *testing.T) {
	whole := packed(t, strings.Repeat(`{"method":"GET","uri":"/1"}`+"\n", 1000))
	log, err := NewReader(bytes.NewReader(whole[:len(whole)-10]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all(log); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	if _, err := NewReader(strings.NewReader("\x1f\x8bnonsense")); err == nil {
		t.Error("a broken header is no error")
	}
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// all returns the paths and bad lines of a log.
func all(log *Reader) (got []string, err error) {
	for {
		r, err := log.Next()
		var bad *BadLine
		switch {
		case errors.As(err, &bad):
			got = append(got, bad.Error())
		case errors.Is(err, io.EOF):
			return got, nil
		case err != nil:
			return got, err
		default:
			got = append(got, r.Path)
		}
	}
}

// Whatever a line holds, it is refused or tells of a request that a server could have got.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"request":{"method":"GET","host":"h","uri":"/a?b","headers":{"a":["b"]}}}`))
	f.Add([]byte(`{"method":"GET","url":"http://h?x#y"}`))
	f.Add([]byte(`h:80 1.2.3.4 - - [x] "GET /\x22\"\\ b HTTP/1.1" 200 1`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := Parse(line)
		if err != nil {
			return
		}
		if !isToken(r.Method) || r.Method == http.MethodConnect || r.Path == "" || r.Path[0] != '/' ||
			strings.ContainsAny(r.Path, "?#") || strings.Contains(r.Query, "#") {
			t.Errorf("%q: %+v", line, r)
		}
		for name := range r.Header {
			if name != http.CanonicalHeaderKey(name) {
				t.Errorf("%q: header %q", line, name)
			}
		}
	})
}
