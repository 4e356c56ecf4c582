package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"ficus/gateway/route"
)

const routesHelp = `Tools for the people who edit route files. All of them ask the matcher that the
gateway itself uses.

Each takes a folder of route files, "routes" unless another is given, prints text for
people or, with --json, for programs, and ends with

  0   all is well
  1   something was found: a problem, a change, a test that failed
  2   it could not be done: a bad flag, a folder that can't be read`

// routesCommand adds the verbs, each from its own file.
func routesCommand(c *cobra.Command) {
	c.AddCommand(
		checkCommand(),
		confirmCommand(),
		docsCommand(),
		explainCommand(),
		exportCommand(),
		fmtCommand(),
		forceCommand(),
		importCommand(),
		listCommand(),
		planCommand(),
		schemaCommand(),
		testCommand(),
	)
}

// defaultFolder is where route files lie unless a command is told otherwise.
const defaultFolder = "routes"

// Exit codes of the tools.
const (
	codeFound  = 1
	codeFailed = 2
)

// errFound makes the command end with codeFound; all was said already.
var errFound = errors.New("something was found")

// tool makes a verb of ficus routes, whose arguments are folders unless it says
// otherwise. What run returns decides the exit code: nil is 0, errFound is 1, any other
// error is printed and is 2.
func tool(c *cobra.Command, run func(c *cobra.Command, args []string) error) *cobra.Command {
	c.SilenceUsage, c.SilenceErrors = true, true
	c.Flags().Bool("json", false, "print JSON, for programs")
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return failed(c, err) })
	args := c.Args
	c.Args = nil
	if c.ValidArgsFunction == nil {
		c.ValidArgsFunction, c.ValidArgs = arguments(c, args), nil
	}
	c.RunE = func(c *cobra.Command, given []string) error {
		if args != nil {
			if err := args(c, given); err != nil {
				return failed(c, err)
			}
		}
		err := run(c, given)
		var already said
		if errors.As(err, &already) {
			return already.error
		}
		if err == nil || errors.Is(err, errFound) {
			return err
		}
		return failed(c, err)
	}
	return c
}

// said is what failed has returned before the command ended.
type said struct{ error }

// failed prints an error and returns one that makes Caddy's main end with codeFailed.
func failed(c *cobra.Command, err error) error {
	fmt.Fprintf(c.ErrOrStderr(), "%s: %v\n", c.CommandPath(), err)
	return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return codeFailed, nil })(c, nil)
}

// brokenFolder is the error of a tool that needs a folder without errors.
type brokenFolder struct {
	folder   string
	problems route.Problems
}

func (b brokenFolder) Error() string {
	return fmt.Sprintf("%s has errors:\n\n%s", b.folder, b.problems.Text())
}

func asJSON(c *cobra.Command) bool {
	yes, _ := c.Flags().GetBool("json")
	return yes
}

func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// folderArg is the folder that is the command's only argument, or the default.
func folderArg(args []string) string {
	if len(args) == 0 {
		return defaultFolder
	}
	return args[0]
}
