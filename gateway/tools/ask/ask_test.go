package ask

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestTarget(t *testing.T) {
	for _, tc := range []struct {
		q            Question
		host, target string
	}{
		{Question{URL: "/a%2Fb/../c?x=1&y#top"}, "localhost", "/a%2Fb/../c?x=1&y"},
		{Question{URL: "HTTPS://Shop.example:8443/a"}, "Shop.example:8443", "/a"},
		{Question{URL: "http://shop.example?x=1"}, "shop.example", "/?x=1"},
		{Question{URL: "http://shop.example"}, "shop.example", "/"},
		{Question{URL: "/", Header: http.Header{"Host": {"other"}}}, "other", "/"},
		{Question{Method: "CONNECT", Target: "shop.example:443"}, "localhost", "shop.example:443"},
		{Question{Method: "OPTIONS", Target: "*"}, "localhost", "*"},
		{Question{Target: "http:admin"}, "localhost", "http:admin"},
	} {
		r, err := tc.q.HTTP()
		if err != nil {
			t.Errorf("%+v: %v", tc.q, err)
			continue
		}
		if r.Method == http.MethodConnect {
			r.Host = tc.host // net/http takes it from the target
		}
		if r.Host != tc.host || r.RequestURI != tc.target {
			t.Errorf("%+v: host %q, target %q", tc.q, r.Host, r.RequestURI)
		}
	}
	for _, target := range []string{"api/cart", "/a%zz"} {
		if _, err := (&Question{Target: target}).HTTP(); !errors.Is(err, ErrRefused) {
			t.Errorf("%q: %v", target, err)
		}
	}
}

// FuzzHTTP: whatever is written is an error, or a request that has the body and the
// headers that were written and no others.
func FuzzHTTP(f *testing.F) {
	f.Add("GET", "/api/cart?x=1", "", "Accept", "text/html", "")
	f.Add("POST", "http://shop.example:80/graphql", "", "Host", "other", `{"query":"{a}"}`)
	f.Add("OPTIONS", "", "*", "X", "a\r\nY: z", "x")
	f.Add("CONNECT", "", "a:1 HTTP/1.1", "Host", "a\r\nY: z", "")
	f.Add("", "http://a\nb/", "", "Transfer-Encoding", "chunked", "0\r\n\r\n")
	f.Fuzz(func(t *testing.T, method, url, target, name, value, body string) {
		q := Question{Method: method, URL: url, Target: target, Body: body, Header: http.Header{name: {value}}}
		r, err := q.HTTP()
		if err != nil {
			return
		}
		written := []string{"Content-Length", "Content-Type", http.CanonicalHeaderKey(name)}
		for name := range r.Header {
			if !slices.Contains(written, name) {
				t.Errorf("%q was not written", name)
			}
		}
		if got, err := io.ReadAll(r.Body); string(got) != body || err != nil {
			t.Errorf("body %q, %v; want %q", got, err, body)
		}
		if strings.ContainsAny(r.Host+r.RequestURI, " \r\n") {
			t.Errorf("host %q, target %q", r.Host, r.RequestURI)
		}
	})
}
