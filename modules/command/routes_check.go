package command

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/control"
	"ficus/gateway/tools/check"
)

func checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check [folder]",
		Short: "Reports all problems of a folder of route files",
		Long: `Reads all route files of a folder as the gateway does and reports every problem at
once, each with file, line, column, the line itself and a hint.

Exit codes: 0 no errors (with --strict no warnings either), 1 problems, 2 trouble.`,
		Example: `  ficus routes check
  ficus routes check --strict deploy/routes
  ficus routes check --json | jq .problems
  ficus routes check --watch          # again at each save, until Ctrl-C`,
		Args: cobra.MaximumNArgs(1),
	}
	c.Flags().Bool("strict", false, "warnings count as errors")
	c.Flags().BoolP("watch", "w", false, "check again at each save, until Ctrl-C")
	return tool(c, runCheck)
}

func runCheck(c *cobra.Command, args []string) error {
	strict, _ := c.Flags().GetBool("strict")
	return perhapsWatched(c, []string{folderArg(args)}, func() error {
		report := check.Of(verdictOf(folderArg(args)))
		if err := report.Print(c.OutOrStdout(), asJSON(c)); err != nil {
			return err
		}
		if report.Errors > 0 || strict && report.Warnings > 0 {
			return errFound
		}
		return nil
	})
}

// verdictOf checks a folder in the environment of this process.
func verdictOf(folder string) control.Verdict {
	return control.Check(os.DirFS(folder), folder, os.LookupEnv, time.Now())
}
