package route

import (
	"fmt"
	"net/url"
	"strings"
)

// unixScheme begins the address of a Unix socket: "unix:///run/shop.sock".
const unixScheme = "unix://"

// UnixSocket returns the path of the socket that an address names. ok is false where it
// names none.
func UnixSocket(address string) (path string, ok bool) {
	return strings.CutPrefix(address, unixScheme)
}

// Target returns scheme and host of the URLs by which requests go to an address. That of
// a Unix socket has the socket's path for a host, which begins with a slash as no other
// host does. The error is that of an address that is no URL.
func Target(address string) (scheme, host string, err error) {
	if path, ok := UnixSocket(address); ok {
		return "http", path, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", "", fmt.Errorf("address %q: %w", address, err)
	}
	return u.Scheme, u.Host, nil
}
