package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ficus/gateway/control"
	"ficus/modules/adminapi"
)

func confirmCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "confirm [hash]",
		Short: "Lets an edit take effect that removes most routes of a running gateway",
		Long: `An edit that takes more of the routes away than max_removal of the Caddyfile says, half
of them by default, looks like a copy that has stopped half-way. So the gateway refuses
it, and the table before serves on, until somebody says that it is meant.

Without a hash it shows what would be gone, and the hash. With it, this content of the
folder serves at once. Another edit needs another confirmation, and each of several
gateways its own; for folders of one name and content the hash is the same.

Exit codes: 0 confirmed, or nothing waits; 1 something waits; 2 trouble: another edit
waits, or there is no gateway that could be asked.`,
		Example: `  ficus routes confirm
  ficus routes confirm 5f0c3a9e1d2b4c68`,
		Args: cobra.MaximumNArgs(1),
	}
	addAdminFlag(c)
	c.ValidArgsFunction = nothing
	return tool(c, runConfirm)
}

func runConfirm(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return showRemoval(c)
	}
	var a adminapi.ConfirmAnswer
	if err := askLive(c, "/ficus/confirm", adminapi.ConfirmRequest{Hash: args[0], By: whoAmI()}, &a); err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), a)
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "confirmed: revision %s serves, routes: %d\n", a.Revision, a.Routes)
	return err
}

// showRemoval says what waits.
func showRemoval(c *cobra.Command) error {
	var findings control.Findings
	if err := getLive(c, "/ficus/problems", &findings); err != nil {
		return err
	}
	removal := findings.Removal
	switch {
	case asJSON(c):
		if err := printJSON(c.OutOrStdout(), struct {
			Removal *control.Removal `json:"removal"` // null where nothing waits
		}{removal}); err != nil {
			return err
		}
	case removal == nil:
		_, err := fmt.Fprintln(c.OutOrStdout(), "no edit waits for a confirmation")
		return err
	default:
		if err := writeRemoval(c.OutOrStdout(), removal); err != nil {
			return err
		}
	}
	if removal == nil {
		return nil
	}
	return errFound
}

// writeRemoval lists what would be gone, for people.
func writeRemoval(w io.Writer, r *control.Removal) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d routes would be gone:\n", r.Gone, r.Of)
	for _, id := range r.Routes {
		fmt.Fprintf(&b, "  - %s\n", id)
	}
	if more := r.Gone - len(r.Routes); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	fmt.Fprintf(&b, "Until it is confirmed, the table before serves on. If they are to go:\n  ficus routes confirm %s\n", r.Hash)
	_, err := io.WriteString(w, b.String())
	return err
}
