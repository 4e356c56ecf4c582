package command

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/tools/policy"
)

const policyHelp = `Tools for the people who write policies: who may do what. All of them ask OPA as the
gateway does, with the same limits and the same view of a request.

Each takes a folder of route files, "routes" unless another is given, whose policies lie
in its folder policies/; or a folder of policies alone, as the handler opa has it. It
prints text for people or, with --json, for programs, and ends with

  0   all is well
  1   something was found: a problem, a test that failed, a policy that is too slow
  2   it could not be done: a bad flag, a folder that can't be read`

// policyCommand adds the verbs, each from its own file.
func policyCommand(c *cobra.Command) {
	c.AddCommand(
		policyBenchCommand(),
		policyCheckCommand(),
		policyExplainCommand(),
		policyTestCommand(),
	)
}

func openPolicies(ctx context.Context, folder string) *policy.Folder {
	return policy.Open(ctx, os.DirFS(folder), folder, os.LookupEnv, time.Now())
}

// soundPolicies opens a folder that may have no errors.
func soundPolicies(c *cobra.Command) (*policy.Folder, error) {
	folder, _ := c.Flags().GetString("routes")
	f := openPolicies(c.Context(), folder)
	if f.Problems.HasErrors() || f.Policies == nil {
		return nil, brokenFolder{folder, f.Problems}
	}
	return f, nil
}

// policyNames offers the policies of the folder.
func policyNames(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	folder, _ := c.Flags().GetString("routes")
	return openPolicies(context.Background(), folder).Policies.Names(), cobra.ShellCompDirectiveNoFileComp
}

const claimUsage = "a claim of who asks: name=text, or name:=JSON"

var typedClaim = regexp.MustCompile(`^([^=:]+):=(.*)$`)

// claimsOf reads the flag "claim".
func claimsOf(c *cobra.Command) (map[string]any, error) {
	pairs, _ := c.Flags().GetStringArray("claim")
	if len(pairs) == 0 {
		return nil, nil
	}
	claims := map[string]any{}
	for _, pair := range pairs {
		if typed := typedClaim.FindStringSubmatch(pair); typed != nil {
			var value any
			if err := json.Unmarshal([]byte(typed[2]), &value); err != nil {
				return nil, fmt.Errorf("--claim %s: no JSON: %w", pair, err)
			}
			claims[typed[1]] = value
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--claim %s: write name=text, or name:=JSON", pair)
		}
		claims[name] = value
	}
	return claims, nil
}

// oneOf checks a flag that is one of some words.
func oneOf(c *cobra.Command, flag string, words []string) (string, error) {
	value, _ := c.Flags().GetString(flag)
	if value != "" && !slices.Contains(words, value) {
		return "", fmt.Errorf("--%s %s: want %s", flag, value, strings.Join(words, " or "))
	}
	return value, nil
}
