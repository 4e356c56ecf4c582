// Package freeport finds ports for servers that have to know theirs before they listen:
// the demo's gateway, whose services ask it for keys, and gateways under test.
package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports lie below those that systems hand out for port 0 and to outgoing
// connections (from 32768 on Linux, from 49152 elsewhere): one of those could be taken
// again before its server listens.
const first, last = 20_000, 32_767

const tries = 100

// On returns an address, "host:port", at which nobody listens now.
func On(host string) (string, error) {
	var failed error
	for range tries {
		port := first + rand.IntN(last-first+1) //nolint:gosec // any port will do
		listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			return listener.Addr().String(), listener.Close()
		}
		failed = err
	}
	return "", errors.Join(errors.New("no free port was found"), failed)
}
