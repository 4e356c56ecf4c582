package command

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ficus/gateway/routefile"
)

func policyCheckCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check [folder]",
		Short: "Reports all problems of a folder's policies",
		Long: `Compiles the policies of a folder strictly, without the built-ins that policies don't
get, runs their tests, and reports every problem at once, each with file, line, column
and the line itself. Of the route files it reports all errors, such as a policy that no
file defines, and warnings about policies: a route that may change state and names none,
one that does not show its policy the body or a header that it reads, a policy that no
route names.

With -v it lists the policies, what they read, which routes they guard, and whether their
decisions may be kept.

Exit codes: 0 no errors (with --strict no warnings either), 1 problems, 2 trouble.`,
		Example: `  ficus policy check
  ficus policy check -v --strict deploy/routes
  ficus policy check /etc/caddy/policies   # policies alone, for the handler opa
  ficus policy check --json | jq '.policies[] | select(.routes == [])'
  ficus policy check --watch               # again at each save, until Ctrl-C`,
		Args: cobra.MaximumNArgs(1),
	}
	c.Flags().Bool("strict", false, "warnings count as errors")
	c.Flags().BoolP("verbose", "v", false, "list the policies")
	c.Flags().BoolP("watch", "w", false, "check again at each save, until Ctrl-C")
	return tool(c, runPolicyCheck)
}

func runPolicyCheck(c *cobra.Command, args []string) error {
	strict, _ := c.Flags().GetBool("strict")
	verbose, _ := c.Flags().GetBool("verbose")
	folder := folderArg(args)
	return perhapsWatched(c, []string{folder}, func() error {
		report := openPolicies(c.Context(), folder).Check(os.DirFS(folder))
		err := error(nil)
		if asJSON(c) {
			err = printJSON(c.OutOrStdout(), report)
		} else {
			err = report.Print(c.OutOrStdout(), verbose)
		}
		if err == nil && (report.Errors > 0 || strict && report.Warnings > 0) {
			err = errFound
		}
		return err
	})
}

// policyFolder is where the policies of a folder lie.
func policyFolder(folder string) string {
	below := filepath.Join(folder, routefile.PoliciesFolder)
	if info, err := os.Stat(below); err == nil && info.IsDir() {
		return below
	}
	return folder
}
