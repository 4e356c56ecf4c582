package command

import (
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/route"
	"ficus/gateway/traffic"
	"ficus/modules/adminapi"
)

const killHelp = `Takes routes of a running gateway back to legacy, from the next request on, whatever
route files, weights and forced sides say. It holds until "ficus unkill", over edits,
reloads and restarts. Requests under way end where they are.

--all takes every route back but retired ones, whose code legacy may no longer have.

Exit codes: 0 done, 2 trouble: no such route, or no gateway that could be asked.`

func killCommand(c *cobra.Command) {
	c.Example = `  ficus kill cart-read --reason "wrong totals since 14:00"
  ficus kill --all --reason "database moves tonight"`
	killFlags(c)
	c.Flags().String("reason", "", "why, for the people who find it killed")
	completeFlag(c, "reason", nothing)
	tool(c, func(c *cobra.Command, args []string) error { return runKill(c, args, "/ficus/kill") })
}

const unkillHelp = `Gives routes of a running gateway free again that "ficus kill" took back to legacy: the
route files decide again. --all takes "ficus kill --all" back; routes that were killed
one by one stay killed until they are named.

Exit codes: 0 done, 1 none of them was killed, 2 trouble.`

func unkillCommand(c *cobra.Command) {
	c.Example = `  ficus unkill cart-read
  ficus unkill --all`
	killFlags(c)
	tool(c, func(c *cobra.Command, args []string) error { return runKill(c, args, "/ficus/unkill") })
}

func killFlags(c *cobra.Command) {
	c.Flags().Bool("all", false, "all routes")
	addAdminFlag(c)
	c.ValidArgsFunction = fromRoutes(func(d *route.Definition) string { return d.ID })
}

func runKill(c *cobra.Command, args []string, path string) error {
	q := adminapi.KillRequest{Routes: args, By: whoAmI()}
	if all, _ := c.Flags().GetBool("all"); all {
		q.Routes = append(q.Routes, traffic.AllRoutes)
	}
	if len(q.Routes) == 0 {
		return errors.New("name routes, or --all")
	}
	if flag := c.Flags().Lookup("reason"); flag != nil {
		q.Reason = flag.Value.String()
	}
	var a adminapi.KillAnswer
	if err := askLive(c, path, q, &a); err != nil {
		return err
	}
	if err := printKills(c, &a); err != nil {
		return err
	}
	if path == "/ficus/unkill" && len(a.Was) == 0 {
		return errFound
	}
	return nil
}

func whoAmI() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

func printKills(c *cobra.Command, a *adminapi.KillAnswer) error {
	if a.Warning != "" {
		fmt.Fprintln(c.ErrOrStderr(), "warning:", a.Warning)
	}
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), a)
	}
	return writeKills(c.OutOrStdout(), a.Kills)
}

// writeKills lists what is killed, for people.
func writeKills(w io.Writer, kills []traffic.Kill) error {
	if len(kills) == 0 {
		_, err := fmt.Fprintln(w, "no route is killed")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KILLED\tSINCE\tBY\tREASON")
	for _, k := range kills {
		name := k.Route
		if name == traffic.AllRoutes {
			name = "all routes"
		}
		fmt.Fprintln(table, strings.Join([]string{name, k.Since.Local().Format(time.DateTime), k.By, k.Reason}, "\t"))
	}
	return table.Flush()
}
