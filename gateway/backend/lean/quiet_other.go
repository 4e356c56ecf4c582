//go:build !unix

package lean

import "net"

// quietness finds nothing out: a closed connection is noticed when it is used.
func quietness(net.Conn) func() bool { return func() bool { return true } }
