package export

import (
	"net"
	"net/url"

	"ficus/gateway/route"
)

// address is one address of a backend; the port is always given.
type address struct{ scheme, host string }

// addresses returns the addresses that have the scheme of the first: no target can mix.
func (s *source) addresses(b *route.Backend) []address {
	var all []address
	for _, text := range b.Addresses {
		if _, ok := route.UnixSocket(text); ok {
			s.loseBackend(b, "the address %s: a Unix socket has to be written by hand", text)
			text = "http://unix-socket.invalid"
		}
		u, err := url.Parse(text)
		if err != nil {
			continue // CheckBackend has refused it
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		if len(all) > 0 && all[0].scheme != u.Scheme {
			s.loseBackend(b, "the address %s: all addresses have to have one scheme", text)
			continue
		}
		all = append(all, address{u.Scheme, net.JoinHostPort(u.Hostname(), port)})
	}
	return all
}

func scheme(b *route.Backend) string {
	scheme, _, _ := route.Target(b.Addresses[0]) // CheckBackend has refused what has none
	return scheme
}

// name is the host without port, and an IPv6 address without brackets.
func (a address) name() string {
	name, _, err := net.SplitHostPort(a.host)
	if err != nil {
		return a.host
	}
	return name
}
