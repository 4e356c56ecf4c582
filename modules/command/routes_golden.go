package command

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"ficus/gateway/tools/golden"
)

const testHelp = `Puts the requests of golden cases to the table of a folder of route files, with the
matcher that the gateway uses, and compares what becomes of them with what is wanted.
It tells, too, which routes no case reaches.

Cases stand in the folder tests/ of that folder, in files such as tests/cart.yaml,
which the gateway does not read:

  cases:
    - name: a cart is read by its session
      request: GET https://shop.example/api/cart/7?full=1
      headers: { Accept: application/json }
      cookies: { shop_session: abc }
      claims: { sub: u1 }
      client_ip: 192.0.2.7
      want: { route: cart-read, side: canary, policy: public, params: { id: "7" } }

    - name: the first tenth of the clients has moved
      request: GET /api/cart/7
      cohort: 999
      want: { side: new, backend: cart, rewrite: { path: /v2/carts/7 } }

    - request: POST /graphql
      body: '{"query":"{products{id}}"}'
      want: { route: default }          # no route takes it: legacy answers

    - request: CONNECT shop.example:443
      want: { status: 400 }             # the gateway refuses it

Only what want names is compared: route, side, backend, policy, params, rewrite (path,
query, host and headers as the backend gets them) or status. A side of "canary" depends
on the cohort: give the case a cohort to want legacy or new.

Exit codes: 0 all cases passed, 1 some failed or too few routes are reached, 2 trouble:
a folder with errors, or no cases.`

func testCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "test [folder]",
		Short: "Runs the golden cases of a folder of route files",
		Long:  testHelp,
		Example: `  ficus routes test
  ficus routes test --fail-under 100 deploy/routes
  ficus routes test --run 'cart|basket' -v
  ficus routes test --json | jq '.cases[] | select(.passed | not)'
  ficus routes test --watch           # again at each save, until Ctrl-C`,
		Args: cobra.MaximumNArgs(1),
	}
	flags := c.Flags()
	flags.String("run", "", "run only the cases whose name matches a regular expression")
	flags.BoolP("verbose", "v", false, "list all cases, and the cases of each route")
	flags.Float64("fail-under", 0, "the least percentage of routes that cases have to reach")
	flags.BoolP("watch", "w", false, "test again at each save, until Ctrl-C")
	completeFlag(c, "run", nothing)
	completeFlag(c, "fail-under", nothing)
	return tool(c, runTest)
}

func runTest(c *cobra.Command, args []string) error {
	pattern, _ := c.Flags().GetString("run")
	least, _ := c.Flags().GetFloat64("fail-under")
	var filter *regexp.Regexp
	var err error
	switch {
	case least < 0 || least > 100:
		return fmt.Errorf("--fail-under %g: want a percentage, 0 to 100", least)
	case pattern != "" && least > 0:
		return fmt.Errorf("--fail-under takes all cases, --run only some: leave one of them out")
	case pattern != "":
		if filter, err = regexp.Compile(pattern); err != nil {
			return fmt.Errorf("--run: %w", err)
		}
	}
	folder := folderArg(args)
	return perhapsWatched(c, []string{folder, filepath.Join(folder, golden.Folder)}, func() error {
		return testOnce(c, folder, filter, least)
	})
}

func testOnce(c *cobra.Command, folder string, filter *regexp.Regexp, least float64) error {
	verdict := verdictOf(folder)
	suite, problems := golden.Read(os.DirFS(folder), folder)
	if problems = append(verdict.Problems, problems...); problems.HasErrors() {
		report := golden.Broken(problems)
		if err := printTest(c, &report); err != nil {
			return err
		}
		return fmt.Errorf("nothing was tested: %s has errors", folder)
	}
	report := suite.Run(verdict.Table, filter)
	if len(report.Cases) == 0 {
		return fmt.Errorf("no case has a name that matches %q", filter)
	}
	if err := printTest(c, &report); err != nil {
		return err
	}
	if report.Coverage != nil && report.Coverage.Below(least) {
		fmt.Fprintf(c.ErrOrStderr(), "%s: %g %% of the routes are reached, want %g %%\n", c.CommandPath(), report.Coverage.Percent, least)
		return errFound
	}
	if report.Failed > 0 {
		return errFound
	}
	return nil
}

func printTest(c *cobra.Command, report *golden.Report) error {
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), report)
	}
	verbose, _ := c.Flags().GetBool("verbose")
	return report.Print(c.OutOrStdout(), verbose)
}
