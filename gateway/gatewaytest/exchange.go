package gatewaytest

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// Exchange sends text on a new connection, as it is, and returns all that comes back until
// its end. With half it says after the text that nothing follows.
func Exchange(t testing.TB, address, text string, half bool) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute)) // nothing takes that long
	go func() {
		_, _ = io.WriteString(c, text) // a refusal may come before all was written
		if half {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}()
	answer, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after %q: %v", answer, err)
	}
	return string(answer)
}
