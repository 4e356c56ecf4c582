package route

import "testing"

func TestTarget(t *testing.T) {
	for _, tc := range []struct{ address, scheme, host string }{
		{"http://127.0.0.1:9103", "http", "127.0.0.1:9103"},
		{"https://cart.internal", "https", "cart.internal"},
		{"http://[::1]:80/", "http", "[::1]:80"},
		{"unix:///run/shop.sock", "http", "/run/shop.sock"},
	} {
		scheme, host, err := Target(tc.address)
		if err != nil || scheme != tc.scheme || host != tc.host {
			t.Errorf("%s: %s, %s, %v", tc.address, scheme, host, err)
		}
	}
	if _, _, err := Target("http://a b"); err == nil {
		t.Error("what is no URL has a target")
	}
}
