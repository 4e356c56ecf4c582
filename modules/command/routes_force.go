package command

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/route"
	"ficus/gateway/split"
)

func forceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "force legacy|new",
		Short: "Makes a token that lets a tester choose the side",
		Long: `Makes a token that chooses the side of canary routes that say "force: signed". Who
sends it, in the header Ficus-Side or the cookie ficus_side, gets that side whatever the
weight; backends never see it. It can't be taken back before it expires.

` + keyHelp + `

Exit codes: 0 made, 2 trouble.`,
		Example: `  ficus routes force new --group cart
  curl -H "Ficus-Side: $(ficus routes force new --ttl 10m)" https://shop.example/api/cart
  document.cookie = "ficus_side=…; path=/; secure"    # in the browser's console`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{"legacy", "new"},
	}
	c.Flags().String("group", split.AnyGroup, "the group of routes it is good for; * is every group")
	c.Flags().Duration("ttl", time.Hour, "how long it is good for, at most 720h")
	addKeyFlag(c)
	completeFlag(c, "group", fromRoutes((*route.Definition).CohortGroup))
	completeFlag(c, "ttl", words("10m", "1h", "8h", "24h"))
	return tool(c, runForce)
}

type forceToken struct {
	Token   string    `json:"token"`
	Side    string    `json:"side"`
	Group   string    `json:"group"`
	Expires time.Time `json:"expires"`
}

func runForce(c *cobra.Command, args []string) error {
	side := route.Legacy
	switch args[0] {
	case route.New.String():
		side = route.New
	case route.Legacy.String():
	default:
		return fmt.Errorf("%q is no side: legacy or new", args[0])
	}
	ttl, _ := c.Flags().GetDuration("ttl")
	if ttl <= 0 || ttl > split.MaxForce {
		return fmt.Errorf("--ttl %v is not between 1s and %v", ttl, split.MaxForce)
	}
	key, err := cohortKey(c)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no key: %w; set FICUS_COHORT_KEY, or name the gateway's state folder with --state", err)
	}
	if err != nil {
		return err
	}
	group, _ := c.Flags().GetString("group")
	expires := time.Now().Add(ttl).Truncate(time.Second)
	token := forceToken{Token: key.SignForce(side, group, expires), Side: side.String(), Group: group, Expires: expires.UTC()}
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), token)
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), token.Token)
	return err
}
