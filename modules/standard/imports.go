// Package standard is the one list of modules that the ficus binary holds: all of
// Caddy's own, and those of Ficus.
package standard

import (
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "ficus/modules/adminapi"
	_ "ficus/modules/app"
	_ "ficus/modules/circuitbreaker"
	_ "ficus/modules/command"
	_ "ficus/modules/connections"
	_ "ficus/modules/console"
	_ "ficus/modules/ecs"
	_ "ficus/modules/handler"
	_ "ficus/modules/handover"
	_ "ficus/modules/identity"
	_ "ficus/modules/keys"
	_ "ficus/modules/line"
	_ "ficus/modules/opa"
	_ "ficus/modules/sessions"
)
