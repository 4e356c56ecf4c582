package routetable

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"ficus/gateway/route"
)

// An address that a table may have is the target of requests: of a host as it is written,
// and of a socket whose path survives the port that net/http adds.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"http://127.0.0.1:9103", "https://cart.internal/", "http://[::1]:80", "http://[fe80::1%25en0]:80", "unix:///run/shop.sock", "unix://run", "HTTP://a", "http://a:", "http://a%20b", "//a", "http://bücher.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if checkAddress(address) != nil {
			return
		}
		scheme, host, err := route.Target(address)
		if err != nil {
			t.Fatal(err)
		}
		if path, ok := route.UnixSocket(address); ok {
			if got, _, err := net.SplitHostPort(net.JoinHostPort(host, "80")); err != nil || got != path || !strings.HasPrefix(got, "/") || scheme != "http" {
				t.Errorf("%q: %q over %s, %v", address, got, scheme, err)
			}
			return
		}
		if strings.ContainsAny(host, "/?#@ \r\n\x00") {
			t.Errorf("%q: host %q", address, host)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, (&url.URL{Scheme: scheme, Host: host, Path: "/"}).String(), nil)
		if err != nil || r.URL.Host != host || scheme != "http" && scheme != "https" {
			t.Errorf("%q: %s, %q, %v", address, scheme, host, err)
		}
	})
}
