// Ficus is a strangler-fig migration gateway: one URL in front of a legacy
// monolith and of the new services that replace it piece by piece.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "ficus/modules/standard"
)

func main() { caddycmd.Main() }
