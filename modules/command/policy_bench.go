package command

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/tools/policy"
)

func policyBenchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench [file...]",
		Short: "Times policies on recorded inputs, or on examples",
		Long: `Says how long policies take to decide, on inputs that were recorded: half of the
decisions take the time p50 at most, 99 of a hundred p99. Cold is with each decision
evaluated, warm with those kept that may be; allocs is how often one evaluation takes
memory from the heap.

Without a file there is one input for each route that names a policy: a request that the
route owns. Nobody is logged in then, unless a claim says so.

A file, or - for standard input, holds JSON values, such as one a line. Each is
  - an input as policies see it; --policy says which one is asked,
  - an input with its policy: {"policy": "shop.cart", "input": {"method": "GET", …}},
  - a line of the gateway's log of decisions. It has the names of claims and not their
    values, which --claim gives, and neither headers nor body.
"ficus policy explain --json" prints policy and input, too.

Exit codes: 0 timed, 1 a policy is slower than --max-p99 when cold, 2 trouble: a file that
can't be read, no such policy, or a folder with errors.`,
		Example: `  ficus policy bench --claim sub=7 --claim role=customer
  ficus policy bench decisions.log --claim role=customer
  ficus policy explain --json /api/orders/17 --trace none | ficus policy bench -
  ficus policy bench --policy shop.orders --max-p99 200us inputs.jsonl
  ficus policy bench --json decisions.log | jq '.policies[] | {policy, p99: .cold.p99_ns}'`,
		Args: cobra.ArbitraryArgs,
	}
	flags := c.Flags()
	flags.StringP("routes", "r", defaultFolder, "the folder of route files, or of policies alone")
	flags.String("policy", "", "the policy of inputs that name none; without a file, the only one")
	flags.StringArray("claim", nil, "a claim that a log names, or of who asks: name=text, or name:=JSON")
	flags.Duration("for", time.Second, "how long each policy is asked, cold and warm each")
	flags.Duration("max-p99", 0, "the longest that 99 of a hundred evaluations may take")
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	completeFlag(c, "routes", folders)
	completeFlag(c, "policy", policyNames)
	for _, name := range []string{"claim", "for", "max-p99"} {
		completeFlag(c, name, nothing)
	}
	return tool(c, runPolicyBench)
}

func runPolicyBench(c *cobra.Command, args []string) error {
	each, _ := c.Flags().GetDuration("for")
	limit, _ := c.Flags().GetDuration("max-p99")
	if each <= 0 || each > time.Minute || limit < 0 {
		return errors.New("--for takes more than nothing and at most 1m, --max-p99 no less than nothing")
	}
	f, err := soundPolicies(c)
	if err != nil {
		return err
	}
	inputs, err := recordedInputs(c, f, args)
	if err != nil {
		return err
	}
	report, err := policy.Bench(c.Context(), f.Policies, inputs, each)
	if err != nil {
		return err
	}
	if asJSON(c) {
		err = printJSON(c.OutOrStdout(), report)
	} else {
		err = report.Print(c.OutOrStdout())
	}
	if slow := report.Slower(limit); err == nil && limit > 0 && len(slow) > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "%s: slower than %v: %s\n", c.CommandPath(), limit, strings.Join(slow, ", "))
		return errFound
	}
	return err
}

// exampleInputs makes inputs for a policy, or for all where it is "".
func exampleInputs(f *policy.Folder, claims map[string]any, name string) (*policy.Inputs, error) {
	inputs := f.Examples(&policy.Question{Policy: name, Claims: claims})
	switch {
	case len(inputs.List) > 0:
		return inputs, nil
	case name != "":
		return nil, fmt.Errorf("no route names the policy %q, so that no inputs can be made: give a file", name)
	}
	return nil, errors.New("no route names a policy, so that no inputs can be made: give a file")
}

// recordedInputs reads the files; without any it makes examples.
func recordedInputs(c *cobra.Command, f *policy.Folder, files []string) (*policy.Inputs, error) {
	claims, err := claimsOf(c)
	if err != nil {
		return nil, err
	}
	name, _ := c.Flags().GetString("policy")
	if len(files) == 0 {
		return exampleInputs(f, claims, name)
	}
	reader, inputs := policy.Reader{Policy: name, Table: f.Table, Claims: claims}, new(policy.Inputs)
	for _, file := range files {
		if err := readInputs(c, reader, inputs, file); err != nil {
			return nil, err
		}
	}
	if len(inputs.List) == 0 {
		return nil, fmt.Errorf("no inputs in %s", strings.Join(files, ", "))
	}
	return inputs, nil
}

func readInputs(c *cobra.Command, reader policy.Reader, inputs *policy.Inputs, file string) error {
	if file == "-" {
		return reader.Read(inputs, c.InOrStdin(), "standard input")
	}
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer from.Close()
	return reader.Read(inputs, from, file)
}
