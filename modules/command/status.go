package command

import (
	"github.com/spf13/cobra"

	"ficus/gateway/overview"
)

const statusHelp = `Says on one screen how a running gateway does: whether it is ready, which table serves and
where it came from, routes by stage, traffic of both sides, what is killed, the backends,
problems of the last load, and the last changes.

Exit codes: 0 ready, 1 degraded or not ready, 2 trouble: no gateway that could be asked.`

func statusCommand(c *cobra.Command) {
	c.Example = `  ficus status
  ficus status --json | jq .stages`
	addAdminFlag(c)
	c.Args = cobra.NoArgs
	tool(c, runStatus)
}

func runStatus(c *cobra.Command, _ []string) error {
	var o overview.Overview
	if err := getLive(c, "/ficus/status?changes=8", &o); err != nil {
		return err
	}
	if asJSON(c) {
		if err := printJSON(c.OutOrStdout(), o); err != nil {
			return err
		}
	} else if err := o.Print(c.OutOrStdout()); err != nil {
		return err
	}
	if o.Readiness.Status != "ready" {
		return errFound
	}
	return nil
}
