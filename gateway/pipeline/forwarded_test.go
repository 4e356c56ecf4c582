package pipeline

import (
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
