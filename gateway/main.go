// Ficus is a strangler-fig migration gateway: one URL in front of a legacy
// monolith and of the new services that replace it piece by piece.
//
// The house, in the order in which a request and a change of the routes come through:
//
//	route, routefile, routetable   what a route is; reading the files; which route owns a request
//	pipeline                       a request's way through the rooms below
//	limit, fault                   who has to wait or go; failures made on purpose
//	graphql                        what a GraphQL request asks for, since routes may name fields
//	identity                       who asks, whichever side logged them in
//	split, traffic                 which side serves; the kill switch
//	authz, guard                   who may: OPA, in routes and in any Caddy site
//	rewrite                        what each side is sent, and mapping its answers back
//	resilience                     tries, retries, deadlines, fallback to legacy
//	backend                        addresses: health, breakers, bulkheads, balancing
//	shadow, parity                 copies for the new side, and what is different in its answers
//	telemetry                      metrics, traces, the log line
//
//	control                        a change's way: load, judge, swap, restore
//	change, history, mining        what happened; figures over time; what only legacy serves
//	dashboard                      boards of Grafana and rules of Prometheus about all that
//	overview, console              one picture of all that, and the page that shows it
//	tools                          a folder a verb of "ficus routes" and "ficus policy"
//
//	demo                           all in one process
//	connections, handover          how many clients may connect; listeners that outlive reloads
//	freeport, statefile            ports for children; files that are old or new, never half
//	gatewaytest, e2e, internal     what tests need; tests of the whole; the house rules
//
// Nothing of it knows Caddy: that is modules/, a folder a Caddy module.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "ficus/modules/standard"
)

func main() { caddycmd.Main() }
