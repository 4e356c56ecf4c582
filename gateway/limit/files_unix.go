//go:build unix

package limit

import (
	"math"
	"syscall"
)

// openFiles is how many file descriptors the process may have. Go has raised it to what
// the system allows.
func openFiles() uint64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return math.MaxUint64
	}
	return uint64(l.Cur) //nolint:unconvert // FreeBSD's is signed
}
