// Package routes holds the shipped route files, for those who need a copy of them:
// the demo and the tests. A gateway reads its folder from disk.
package routes

import "embed"

// Files are the route files of this folder.
//
//go:embed *.yaml
var Files embed.FS
