package command

import (
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"ficus/gateway/route"
	"ficus/gateway/tools/list"
)

func listCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "list [folder]",
		Short: "Lists the routes of a folder: match, stage, backend, owner and so on",
		Long: `Lists the routes of a folder as a table. On a terminal the table is made to fit; else
each route is one line. Columns that no route fills are left out.

The filters take several values, and leave the routes that have one of them; "none"
is for routes that name none. A route has the backend that it names, and legacy where
that may serve.

Exit codes: 0 listed, 2 trouble: a folder with errors.`,
		Example: `  ficus routes list
  ficus routes list --stage canary,new --sort stage
  ficus routes list --backend legacy         # what still needs the monolith
  ficus routes list --owner none deploy/routes
  ficus routes list --json | jq -r '.routes[].id'`,
		Args: cobra.MaximumNArgs(1),
	}
	flags := c.Flags()
	flags.String("sort", list.Orders[0], "the order: "+strings.Join(list.Orders, ", "))
	flags.StringSlice("stage", nil, "only routes of these stages")
	flags.StringSlice("group", nil, "only routes of these groups")
	flags.StringSlice("backend", nil, "only routes with these backends")
	flags.StringSlice("owner", nil, "only routes of these owners")
	completeFlag(c, "sort", words(list.Orders...))
	completeFlag(c, "stage", several(words(stageNames()...)))
	completeFlag(c, "group", several(fromRoutes((*route.Definition).CohortGroup)))
	completeFlag(c, "backend", several(fromRoutes(func(d *route.Definition) string { return d.Backend }, route.LegacyBackend, list.None)))
	completeFlag(c, "owner", several(fromRoutes(func(d *route.Definition) string { return d.Owner }, list.None)))
	return tool(c, runList)
}

func runList(c *cobra.Command, args []string) error {
	folder := folderArg(args)
	verdict := verdictOf(folder)
	if verdict.Table == nil {
		return brokenFolder{folder, verdict.Problems}
	}
	values := func(name string) []string { v, _ := c.Flags().GetStringSlice(name); return v }
	order, _ := c.Flags().GetString("sort")
	l, err := list.Of(verdict.Table, list.Filter{
		Stages: values("stage"), Groups: values("group"), Backends: values("backend"), Owners: values("owner"),
	}, order)
	if err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), l)
	}
	return l.Print(c.OutOrStdout(), widthOf(c.OutOrStdout()))
}

func stageNames() []string {
	var names []string
	for _, stage := range route.Stages {
		names = append(names, stage.String())
	}
	return names
}

// widthOf returns the columns of a terminal, 0 for what is none.
func widthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
