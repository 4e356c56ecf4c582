package faults

import (
	"net"
	"testing"
)

// nameless makes an address of the backend whose name the backend's own resolver does not
// know.
func (s *scene) nameless() {
	s.addresses = append(s.addresses, "http://cart.shop.example:80")
	s.with("transport: { resolver: { addresses: [%q] } }", "udp/"+resolver(s.t, func(query []byte) []byte {
		answer := append([]byte(nil), query...)
		answer[2] |= 0x80                 // an answer,
		answer[3] = answer[3]&0xf0 | 0x03 // NXDOMAIN (RFC 1035, 4.1.1)
		return answer
	}))
}

// resolver starts a name server that answers by a function; nil is no answer.
func resolver(t testing.TB, answer func(query []byte) []byte) (address string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	go func() {
		defer close(done)
		query := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			if n < 12 {
				continue
			}
			if text := answer(query[:n]); text != nil {
				_, _ = conn.WriteTo(text, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}
