package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/control"
	"ficus/gateway/routefile"
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
	return perhapsWatched(c, folderArg(args), func() error {
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

// perhapsWatched runs do once or, with --watch, at each save until Ctrl-C: then the
// last run decides how the command ends.
func perhapsWatched(c *cobra.Command, folder string, do func() error) error {
	err := do()
	if watch, _ := c.Flags().GetBool("watch"); !watch {
		return err
	}
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return watched(ctx, c, folder, do)
}

func watched(ctx context.Context, c *cobra.Command, folder string, do func() error) error {
	var last error
	before := hashOf(folder)
	err := routefile.Watch(ctx, folder, routefile.Timing{}, func() {
		now := hashOf(folder)
		if now == before {
			return
		}
		before = now
		if !asJSON(c) {
			fmt.Fprintf(c.OutOrStdout(), "\n── %s\n\n", time.Now().Format(time.TimeOnly))
		}
		last = do()
	})
	if err != nil {
		return err
	}
	return last
}

func hashOf(folder string) string {
	read, problems := routefile.Read(os.DirFS(folder), folder)
	return read.Hash() + problems.Error()
}
