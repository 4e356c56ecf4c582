package command

import (
	"os"

	"github.com/spf13/cobra"

	"ficus/gateway/split"
	"ficus/modules/app"
)

const keyHelp = `The key of cohorts and tokens is taken from FICUS_COHORT_KEY, else from the state folder
of a gateway on this machine (--state).`

func addKeyFlag(c *cobra.Command) {
	c.Flags().String("state", "", "the gateway's state folder (default: where a gateway keeps it)")
	completeFlag(c, "state", folders)
}

// cohortKey finds the gateway's key. The error is fs.ErrNotExist where there is none.
func cohortKey(c *cobra.Command) (*split.Key, error) {
	if secret := os.Getenv("FICUS_COHORT_KEY"); secret != "" {
		return split.NewKey(secret), nil
	}
	state, _ := c.Flags().GetString("state")
	if state == "" {
		state = app.DefaultState()
	}
	return app.ReadCohortKey(state)
}
