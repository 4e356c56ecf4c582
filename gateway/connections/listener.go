package connections

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
)

// Wrap returns a listener that accepts what the bounds allow. It has to be the first one
// above the socket: a connection under TLS has to stay what it is.
func (l *Limiter) Wrap(inner net.Listener) net.Listener { return &listener{inner, l} }

type listener struct {
	net.Listener
	limiter *Limiter
}

// Accept returns the next connection that the bounds allow.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if who, ok := l.limiter.take(addressOf(raw)); ok {
			return &conn{Conn: raw, limiter: l.limiter, client: who}, nil
		}
		reset(raw)
	}
}

// addressOf returns a client's address without port and zone; none at a Unix socket.
func addressOf(c net.Conn) netip.Addr {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// reset closes a connection without a goodbye: the kernel would remember one for a minute.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// conn counts until it is closed.
type conn struct {
	net.Conn
	limiter *Limiter
	client  client
	closed  atomic.Bool
}

// Close closes the connection.
func (c *conn) Close() error {
	err := c.Conn.Close()
	if !c.closed.Swap(true) {
		c.limiter.give(c.client)
	}
	return err
}

// CloseWrite ends one direction of a tunnel.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("closing one direction: %w", errors.ErrUnsupported)
}
