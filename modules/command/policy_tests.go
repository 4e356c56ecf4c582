package command

import (
	"fmt"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"ficus/gateway/tools/policy"
)

func policyTestCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "test [folder]",
		Short: "Runs the tests of a folder's policies, with coverage",
		Long: `Runs the rules test_… of the files *_test.rego that lie beside the policies, as the
gateway does before it takes policies: there, one that fails keeps the policies from
deciding. It tells, too, which lines of the policies no test evaluates; a line of which
the tests leave out a part is not covered.

What a test prints with print() is shown where it fails, and with -v always. A rule
todo_test_… is skipped.

Exit codes: 0 all tests passed, 1 some failed or too few lines are covered, 2 trouble:
policies with errors, or no tests.`,
		Example: `  ficus policy test
  ficus policy test --fail-under 90 deploy/routes
  ficus policy test --run 'orders|checkout' -v
  ficus policy test --json | jq '.coverage.files[] | select(.covered < .lines)'
  ficus policy test --watch           # again at each save, until Ctrl-C`,
		Args: cobra.MaximumNArgs(1),
	}
	flags := c.Flags()
	flags.String("run", "", "run only the tests whose name matches a regular expression")
	flags.BoolP("verbose", "v", false, "list all tests, and the coverage of each file")
	flags.Float64("fail-under", 0, "the least percentage of lines that tests have to cover")
	flags.BoolP("watch", "w", false, "test again at each save, until Ctrl-C")
	completeFlag(c, "run", nothing)
	completeFlag(c, "fail-under", nothing)
	return tool(c, runPolicyTest)
}

func runPolicyTest(c *cobra.Command, args []string) error {
	pattern, _ := c.Flags().GetString("run")
	least, _ := c.Flags().GetFloat64("fail-under")
	switch {
	case !(least >= 0 && least <= 100): // NaN neither
		return fmt.Errorf("--fail-under %g: want a percentage, 0 to 100", least)
	case pattern != "" && least > 0:
		return fmt.Errorf("--fail-under takes all tests, --run only some: leave one of them out")
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	folder := folderArg(args)
	return perhapsWatched(c, []string{folder}, func() error { return testPolicies(c, folder, pattern, least) })
}

func testPolicies(c *cobra.Command, folder, pattern string, least float64) error {
	report := policy.Test(c.Context(), os.DirFS(folder), folder, pattern)
	if err := printPolicyTest(c, &report); err != nil {
		return err
	}
	switch {
	case report.Problems.HasErrors():
		return fmt.Errorf("nothing was tested: %s has errors", folder)
	case len(report.Tests) == 0 && pattern != "":
		return fmt.Errorf("no test has a name that matches %q", pattern)
	case len(report.Tests) == 0:
		return fmt.Errorf("%s has no tests: write rules test_… into files *_test.rego", policyFolder(folder))
	case report.Coverage != nil && report.Coverage.Below(least):
		fmt.Fprintf(c.ErrOrStderr(), "%s: %g %% of the lines are covered, want %g %%\n", c.CommandPath(), report.Coverage.Percent, least)
		return errFound
	case report.Failed > 0:
		return errFound
	}
	return nil
}

func printPolicyTest(c *cobra.Command, report *policy.TestReport) error {
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), report)
	}
	verbose, _ := c.Flags().GetBool("verbose")
	return report.Print(c.OutOrStdout(), verbose)
}
