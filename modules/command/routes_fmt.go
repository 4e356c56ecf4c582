package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ficus/gateway/tools/format"
)

func fmtCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "fmt [folder|files]",
		Short: "Writes route files in their one canonical form and keeps their comments",
		Long: `Rewrites route files so that all of them look alike: keys in the order of the manual,
two spaces of indentation, an empty line between routes, quotes only where they are
needed, and brackets opened up where a line would take more than 100 columns. Comments
stay with what they speak about. It prints the name of each file that it rewrites.

What a file says never changes: the result is parsed and compared, and a file that is
no YAML, or that would come out different, is reported and left alone.

"-" formats standard input to standard output, for editors.

Exit codes: 0 done, 1 with --check or --diff: a file is not canonical, 2 trouble: a
file could not be read, understood or written.`,
		Example: `  ficus routes fmt                    # the folder routes
  ficus routes fmt --check            # for CI: only names what is not canonical
  ficus routes fmt --diff routes/cart.yaml
  ficus routes fmt - < cart.yaml`,
		ValidArgsFunction: routeFiles,
	}
	c.Flags().Bool("check", false, "write nothing; name the files that are not canonical")
	c.Flags().Bool("diff", false, "write nothing; show what would change")
	return tool(c, runFmt)
}

func runFmt(c *cobra.Command, args []string) error {
	check, _ := c.Flags().GetBool("check")
	diff, _ := c.Flags().GetBool("diff")
	if len(args) == 1 && args[0] == "-" {
		return fmtInput(c)
	}
	if len(args) == 0 {
		args = []string{defaultFolder}
	}
	files, err := format.Files(args)
	if err != nil {
		return err
	}
	report := format.All(files)
	if diff {
		report.AddDiffs()
	}
	if !check && !diff {
		if err := report.Write(); err != nil {
			return err
		}
	}
	if err := printFmt(c, report, check || !diff); err != nil {
		return err
	}
	switch {
	case report.Refused():
		return errors.New("not all files could be formatted; those are as they were")
	case report.Changed() && (check || diff):
		return errFound
	}
	return nil
}

func printFmt(c *cobra.Command, report format.Report, names bool) error {
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), report)
	}
	changes, refusals := report.Text(names)
	fmt.Fprint(c.ErrOrStderr(), refusals)
	_, err := fmt.Fprint(c.OutOrStdout(), changes)
	return err
}

func fmtInput(c *cobra.Command) error {
	file, err := format.Read("standard input", c.InOrStdin())
	if err != nil {
		return err
	}
	result := format.Of(file)
	if result.Problems != nil {
		return result.Problems
	}
	_, err = c.OutOrStdout().Write(result.Text())
	return err
}
