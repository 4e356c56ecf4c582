package pipeline

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Forwarding headers of a client pass only from a trusted proxy, and are added only
// where the operator asks.
func TestForwardingHeaders(t *testing.T) {
	var got http.Header
	legacy := newBackend(t, "", func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	g := newGateway(t, legacy, legacy)
	sent := http.Header{
		"X-Forwarded-For": {"9.9.9.9"}, "X-Forwarded-Host": {"front.example"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"for=9.9.9.9"},
	}
	for _, tc := range []struct {
		name   string
		client Client
		sent   http.Header
		want   http.Header
	}{
		{"stranger", Client{}, sent, http.Header{}},
		{"trusted", Client{Trusted: true}, sent, sent},
		{"stranger, added", Client{Forward: true}, sent, http.Header{
			"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Host": {"shop.example"}, "X-Forwarded-Proto": {"http"}}},
		{"trusted, added", Client{Trusted: true, Forward: true}, sent, http.Header{
			"X-Forwarded-For": {"9.9.9.9, 192.0.2.1"}, "X-Forwarded-Host": {"front.example"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"for=9.9.9.9"}}},
		{"trusted with nothing, added", Client{Trusted: true, Forward: true}, nil, http.Header{
			"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Host": {"shop.example"}, "X-Forwarded-Proto": {"http"}}},
		{"named by Connection", Client{Trusted: true}, http.Header{"Connection": {"X-Forwarded-For"}, "X-Forwarded-For": {"9.9.9.9"}}, http.Header{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Host, r.RemoteAddr = "shop.example", "192.0.2.1:4711"
			for name, values := range tc.sent {
				r.Header[name] = values
			}
			if err := g.Serve(httptest.NewRecorder(), r, tc.client, &Exchange{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What only a proxy in front may say of host, path and method is dropped in every spelling,
// in trailers too, and is no header of the gateway's own that Connection could take away.
func TestProxyHeaders(t *testing.T) {
	var got http.Header
	legacy := newBackend(t, "", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got = r.Header.Clone()
		for name, values := range r.Trailer {
			got[name] = values
		}
	})
	g := newGateway(t, legacy, legacy)
	for _, name := range []string{
		"X-Original-URL", "x-original-url", "X_Original_URL", "X.Original.URL", "X-ORIGINAL-HOST", "X-Rewrite-URL", "X_REWRITE_URL",
		"X-HTTP-Method-Override", "X_HTTP_Method_Override", "X-HTTP-Method", "X-Method-Override",
		"Forwarded", "FORWARDED", "X-Forwarded-For", "X_Forwarded_For", "X-Forwarded.For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port",
		"X-Forwarded-Prefix", "X-Forwarded-User", "x_forwarded_whatever", "X-Real-IP", "True-Client-IP", "SCRIPT_NAME", "Script-Name", "PATH_INFO", "Proxy", "X-Sendfile-Type", "X_Accel_Mapping",
	} {
		g.exchange(t, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept: a\r\n"+name+": evil\r\n"+name+": evil\r\n"+
			"Transfer-Encoding: chunked\r\nTrailer: "+name+", X-Good\r\n\r\n0\r\n"+name+": evil\r\nX-Good: 1\r\n\r\n")
		<-g.last
		for have, values := range got {
			for _, v := range values {
				if v == "evil" {
					t.Errorf("%s came through as %s", name, have)
				}
			}
		}
		if got.Get("Accept") != "a" || got.Get("X-Good") != "1" {
			t.Errorf("%s: the backend got %v", name, got)
		}
	}
	for _, name := range []string{"X-Original", "X-Forwardedx", "X-Rewritten-By", "X-Request-Method", "Via"} {
		g.exchange(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"+name+": fine\r\n\r\n")
		<-g.last
		if got.Get(name) != "fine" {
			t.Errorf("%s did not come through: %v", name, got)
		}
	}
}
