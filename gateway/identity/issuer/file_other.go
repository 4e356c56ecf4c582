//go:build !unix

package issuer

import (
	"context"
	"io/fs"
)

// Here gateways of one machine must not share a file, and its folder must keep others out.

func lockFile(context.Context, string) (unlock func(), err error) { return func() {}, nil }

func othersMayRead(fs.FileInfo) bool { return false }
