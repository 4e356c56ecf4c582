package app

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"ficus/gateway/route"
)

// connect_timeout bounds the TLS handshake, too, which Caddy's transport waits for for
// ever.
func TestConnectTimeout(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, tc := range []struct {
		backend   route.Backend
		handshake time.Duration
	}{
		{route.Backend{ConnectTimeout: 50 * time.Millisecond}, 50 * time.Millisecond},
		{route.Backend{}, 3 * time.Second},
		{route.Backend{Transport: map[string]any{"tls": map[string]any{"handshake_timeout": "7s"}}}, 7 * time.Second},
	} {
		l, err := newLeaf(tc.backend)
		if err != nil {
			t.Fatal(err)
		}
		if (l.(leaf).lean == nil) != (tc.backend.Transport != nil) {
			t.Errorf("%+v: lean is %v", tc.backend, l.(leaf).lean)
		}
		transport := l.(leaf).module
		if got := transport.Transport.TLSHandshakeTimeout; got != tc.handshake {
			t.Errorf("%+v: the handshake may take %v, want %v", tc.backend, got, tc.handshake)
		}
		if got, want := time.Duration(transport.DialTimeout), cmp.Or(tc.backend.ConnectTimeout, 3*time.Second); got != want {
			t.Errorf("%+v: dialling may take %v, want %v", tc.backend, got, want)
		}
		if tc.backend.ConnectTimeout != 0 {
			r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://"+listener.Addr().String(), nil)
			_, err := l.RoundTrip(r)
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("a handshake that hangs: %v", err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}
