package app

import (
	"cmp"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
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

// Copies have no body, and go the lean way, too, with bounds of their own.
func TestShadowLeaf(t *testing.T) {
	l, err := newShadowLeaf(route.Backend{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lean := l.(leaf).lean
	if lean == nil {
		t.Fatal("copies don't go the lean way")
	}
	if lean.MaxHeader != 256<<10 || lean.MaxIdle != 16 {
		t.Errorf("headers have %d bytes, and %d connections are kept", lean.MaxHeader, lean.MaxIdle)
	}
}

// An address that is a Unix socket is dialled as one, the lean way, by HTTP/1.1 and by
// cleartext HTTP/2, and the Host that the client asked for stays.
func TestUnixSocket(t *testing.T) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.Host+r.RequestURI)
	})}
	path := filepath.Join(t.TempDir(), "shop.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	for version, want := range map[string]string{"": "HTTP/1.1 shop.example/a%2Fb?c", "1.1": "HTTP/1.1 shop.example/a%2Fb?c", "h2c": "HTTP/2.0 shop.example/a%2Fb?c"} {
		b := route.Backend{}
		if version != "" {
			b.Transport = map[string]any{"versions": []any{version}}
		}
		l, err := newLeaf(b)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://shop.example/a%2Fb?c", nil)
		if r.URL.Scheme, r.URL.Host, err = route.Target("unix://" + path); err != nil {
			t.Fatal(err)
		}
		response, err := l.RoundTrip(r)
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(body) != want {
			t.Errorf("%s: %q, %v, want %q", version, body, err, want)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}
