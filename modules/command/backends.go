package command

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/backend"
	"ficus/gateway/backend/breaker"
	"ficus/gateway/route"
	"ficus/modules/adminapi"
)

const backendsHelp = `Shows the backends of a running gateway: whether the breaker lets requests through, how
many are under way and wait, and how each address does.

Exit codes: 0 shown, 2 trouble: no gateway that could be asked.`

func backendsCommand(c *cobra.Command) {
	c.Example = `  ficus backends
  ficus backends --json | jq -r '.backends[] | select(.breaker.state == "open").name'`
	c.Args = cobra.NoArgs
	addAdminFlag(c)
	tool(c, func(c *cobra.Command, _ []string) error {
		var a adminapi.BackendsAnswer
		if err := getLive(c, "/ficus/backends", &a); err != nil {
			return err
		}
		return printBackends(c, &a)
	})
}

const breakerHelp = `Sets the breaker of a backend of a running gateway: open sends it no more requests (they
fall back to legacy, or get 503), closed sends all, whatever fails, and auto lets the
breaker decide again. It holds until auto, over edits and reloads, but not over a restart.

Exit codes: 0 done, 2 trouble: no such backend, one without a breaker, or no gateway that
could be asked.`

func breakerCommand(c *cobra.Command) {
	c.Example = `  ficus breaker cart open --reason "the database moves"
  ficus breaker cart auto`
	c.Args = cobra.ExactArgs(2)
	addAdminFlag(c)
	c.Flags().String("reason", "", "why, for the people who find it set")
	completeFlag(c, "reason", nothing)
	c.ValidArgsFunction = completeBreaker
	tool(c, runBreaker)
}

func completeBreaker(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return fromRoutes(func(d *route.Definition) string { return d.Backend }, route.LegacyBackend)(c, nil, toComplete)
	case 1:
		return words("open", "closed", "auto")(c, nil, toComplete)
	}
	return nothing(c, args, toComplete)
}

func runBreaker(c *cobra.Command, args []string) error {
	word := backend.Word{By: whoAmI()}
	if err := word.Set.UnmarshalText([]byte(args[1])); err != nil {
		return err
	}
	word.Reason, _ = c.Flags().GetString("reason")
	var a adminapi.BackendsAnswer
	if err := askLive(c, "/ficus/backends/"+url.PathEscape(args[0])+"/breaker", word, &a); err != nil {
		return err
	}
	return printBackends(c, &a)
}

func printBackends(c *cobra.Command, a *adminapi.BackendsAnswer) error {
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), a)
	}
	if len(a.Backends) == 0 {
		return errors.New("the gateway has no table")
	}
	return writeBackends(c.OutOrStdout(), a.Backends)
}

// writeBackends lists backends, each with its addresses below, for people.
func writeBackends(w io.Writer, list []backend.Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "BACKEND\tSTATE\tUNDER WAY\tLATENCY\tFAILED")
	for i := range list {
		b := &list[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t\t%s\n", b.Name, breakerText(b), underWay(b), failedText(b.Breaker))
		for _, a := range b.Addresses {
			state := a.State
			if a.Up() && a.Share < 1 {
				state = fmt.Sprintf("up, %.0f %% of its share", 100*a.Share)
			}
			latency := "-"
			if a.Latency > 0 {
				latency = a.Latency.Round(10 * time.Microsecond).String()
			}
			fmt.Fprintf(table, "  %s\t%s\t%d\t%s\t%d in a row\n", a.Address, state, a.InFlight, latency, a.Failures)
		}
	}
	return table.Flush()
}

func breakerText(b *backend.Status) string {
	switch {
	case b.Breaker == nil:
		return "no breaker"
	case b.Operator != nil:
		text := fmt.Sprintf("%v by %s since %s", b.Operator.Set, orSomebody(b.Operator.By), b.Operator.Since.Local().Format(time.DateTime))
		if b.Operator.Reason != "" {
			text += ": " + b.Operator.Reason
		}
		return text
	case b.Breaker.State == breaker.HalfOpen:
		return "half-open"
	case b.Breaker.State == breaker.Closed && b.Breaker.Share < 1:
		return fmt.Sprintf("closed, %.0f %% pass", 100*b.Breaker.Share)
	}
	return b.Breaker.State.String()
}

func orSomebody(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}

func underWay(b *backend.Status) string {
	text := fmt.Sprint(b.InFlight)
	if b.Limit > 0 {
		text += fmt.Sprintf(" of %d", b.Limit)
	}
	if b.Queued > 0 {
		text += fmt.Sprintf(", %d wait", b.Queued)
	}
	return text
}

func failedText(s *breaker.Snapshot) string {
	if s == nil || s.Counts == (breaker.Counts{}) {
		return "-"
	}
	return fmt.Sprintf("%d of %d", s.Counts.Failures, s.Counts.Failures+s.Counts.Successes)
}
