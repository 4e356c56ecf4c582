package command

import (
	"errors"
	"io/fs"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/authz"
	"ficus/gateway/route"
	"ficus/gateway/tools/ask"
	"ficus/gateway/tools/policy"
)

func policyExplainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain [policy] [method] url",
		Short: "Says what a policy decides of a request, and why",
		Long: `Says what a policy would decide of a request: the input that it gets, the decision with
status and headers, and the trace of its evaluation as OPA prints it. Without a policy it
is the one of the route that owns the request. The policy gets to see of headers and body
what the route shows it; where there are no routes, all of them.

Nobody is logged in unless --principal or a claim says so. Claims are texts, name=text, or
with a colon JSON, 'roles:=["admin"]'.

Exit codes: 0 explained, whatever the decision, 2 trouble: no such policy, or a folder
with errors.`,
		Example: `  ficus policy explain /api/orders/17
  ficus policy explain shop.admin GET /admin/export.csv --principal 7 --claim role=customer
  ficus policy explain POST /checkout --claim sub=7 --claim role=customer --claim auth_time:=$(date +%s)
  ficus policy explain --trace fails /orders --principal 7
  ficus policy explain --json shop.browse /search | jq .decision`,
		Args: cobra.RangeArgs(1, 3),
	}
	flags := c.Flags()
	flags.StringP("routes", "r", defaultFolder, "the folder of route files, or of policies alone")
	flags.StringArrayP("header", "H", nil, "a header of the request, 'Name: value'")
	flags.StringArray("cookie", nil, "a cookie of the request, name=value")
	flags.StringArray("claim", nil, claimUsage)
	flags.String("principal", "", "the id of who asks (default: the claim sub)")
	flags.String("source", "", "who vouches for the principal (default: bearer)")
	flags.String("client-ip", ask.DefaultClientIP, "the client's address")
	flags.String("body-file", "", "a file with the request's body; - is standard input")
	flags.String("route", "", "a route that matches too (default: the one that owns the request)")
	flags.String("side", "", "the side that serves, legacy or new (default: as the route decides)")
	flags.String("at", "", "the time of day to the policy, such as 2026-06-01T12:00:00Z (default: now)")
	flags.String("trace", authz.Traces[0], "the trace: full, fails (what failed, and the way to it) or none")
	addKeyFlag(c)
	c.ValidArgsFunction = completeRequest
	completeFlag(c, "routes", folders)
	completeFlag(c, "route", fromRoutes(func(d *route.Definition) string { return d.ID }))
	completeFlag(c, "side", words("legacy", "new"))
	completeFlag(c, "trace", words(authz.Traces...))
	for _, name := range []string{"header", "cookie", "claim", "principal", "source", "client-ip", "at"} {
		completeFlag(c, name, nothing)
	}
	return tool(c, runPolicyExplain)
}

func runPolicyExplain(c *cobra.Command, args []string) error {
	q, err := policyQuestion(c, args)
	if err != nil {
		return err
	}
	at, _ := c.Flags().GetString("at")
	now := time.Now()
	if at != "" {
		if now, err = time.Parse(time.RFC3339, at); err != nil {
			return errors.New("--at " + at + ": want a time such as 2026-06-01T12:00:00Z")
		}
	}
	f, err := soundPolicies(c)
	if err != nil {
		return err
	}
	if q.Key, err = cohortKey(c); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.Policies = f.Policies.At(now)
	answer, err := f.Explain(c.Context(), q)
	if err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), answer)
	}
	return answer.Print(c.OutOrStdout())
}

var isMethod = regexp.MustCompile(`^[A-Z]+$`)

// policyQuestion reads the request and who makes it from arguments and flags. What stands
// before the URL is a policy, a method, or both.
func policyQuestion(c *cobra.Command, args []string) (*policy.Question, error) {
	q := &policy.Question{}
	if len(args) == 3 || len(args) == 2 && !isMethod.MatchString(args[0]) {
		q.Policy, args = args[0], args[1:]
	}
	request, err := requestOf(c, args)
	if err != nil {
		return nil, err
	}
	q.Question = *request
	if q.Claims, err = claimsOf(c); err != nil {
		return nil, err
	}
	if q.Side, err = oneOf(c, "side", []string{"legacy", "new"}); err != nil {
		return nil, err
	}
	if q.Trace, err = oneOf(c, "trace", authz.Traces); err != nil {
		return nil, err
	}
	q.Route, _ = c.Flags().GetString("route")
	q.Principal, _ = c.Flags().GetString("principal")
	q.Source, _ = c.Flags().GetString("source")
	return q, nil
}
