// Package command holds the ficus commands that Caddy doesn't have, one file a
// verb. Each parses its flags, calls the library, and prints.
package command

import (
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

func init() {
	caddy.CustomBinaryName = "ficus"
	caddy.CustomLongDescription = longDescription
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "demo",
		Usage:     "[--addr <host:port>] [--dir <folder>] [--json]",
		Short:     "Runs a shop that is being taken apart, to try the gateway on",
		Long:      demoHelp,
		CobraFunc: demoCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "backends",
		Short:     "Shows breakers, load and addresses of a running gateway's backends",
		Long:      backendsHelp,
		CobraFunc: backendsCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "breaker",
		Usage:     "<backend> open|closed|auto [--reason <text>]",
		Short:     "Opens or closes the breaker of a running gateway's backend",
		Long:      breakerHelp,
		CobraFunc: breakerCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "dashboards",
		Usage:     "--out <folder> [routes] [--check]",
		Short:     "Writes boards for Grafana and rules for Prometheus",
		Long:      dashboardsHelp,
		CobraFunc: dashboardsCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "kill",
		Usage:     "[route...] [--all] [--reason <text>]",
		Short:     "Takes routes of a running gateway back to legacy at once",
		Long:      killHelp,
		CobraFunc: killCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "status",
		Usage:     "[--json]",
		Short:     "Says on one screen how a running gateway does",
		Long:      statusHelp,
		CobraFunc: statusCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "top",
		Usage:     "[--every <duration>] [--once]",
		Short:     "Shows the busiest routes of a running gateway, live",
		Long:      topHelp,
		CobraFunc: topCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "unkill",
		Usage:     "[route...] [--all]",
		Short:     "Gives killed routes free again",
		Long:      unkillHelp,
		CobraFunc: unkillCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "policy",
		Usage:     "<verb>",
		Short:     "Checks, tests, explains and times policies",
		Long:      policyHelp,
		CobraFunc: policyCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "routes",
		Usage:     "<verb>",
		Short:     "Checks, explains, compares and tests route files",
		Long:      routesHelp,
		CobraFunc: routesCommand,
	})
}

const longDescription = `Ficus is a strangler-fig migration gateway: one URL in front of a legacy monolith
and of the new services that replace it piece by piece.

  ficus demo     a shop, four new services and the gateway in one process, to try
  ficus run      serves the Caddyfile of this folder; routes/ says who answers what
  ficus routes   checks, explains, compares and tests route files
  ficus policy   checks, tests, explains and times the policies that guard them
  ficus status   says on one screen how a running gateway does; ficus top shows it live
  ficus kill     takes routes back to legacy at once, and ficus unkill gives them free
  ficus dashboards writes boards for Grafana and rules for Prometheus
  ficus backends shows breakers, load and addresses; ficus breaker sets one

Ficus is built on Caddy: the commands below that are not its own are Caddy's.`
