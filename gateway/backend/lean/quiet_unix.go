//go:build unix

package lean

import (
	"net"
	"syscall"
)

// quietness returns what tells whether an idle connection is as it should be: still
// open, and with nothing to read. It asks the system without waiting, some half
// a microsecond's work; net/http has a goroutine that reads instead.
func quietness(c net.Conn) func() bool {
	system, ok := c.(syscall.Conn)
	if !ok {
		return func() bool { return true }
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return func() bool { return false }
	}
	var quiet bool
	var one [1]byte
	read := func(fd uintptr) bool {
		_, err := syscall.Read(int(fd), one[:]) // it is never blocking
		quiet = err == syscall.EAGAIN
		return true
	}
	return func() bool {
		quiet = false
		return raw.Read(read) == nil && quiet
	}
}
