package command

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ficus/gateway/tools/export"
)

func exportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "export --to target [folder]",
		Short: "Writes the table as configuration of another gateway",
		Long: `Writes a folder of route files as configuration of another gateway, by what they
mean: which route wins, stages and weights, backends and rewrites.

  caddy         Caddy's JSON, for "caddy run --config"
  nginx         a whole nginx.conf
  gateway-api   HTTPRoutes of the Kubernetes Gateway API, as YAML
  eskip         routes of Skipper

What the other can't say is lost, and it is never dropped silently: it is listed on
standard error and at the head of the configuration, and so is what the other reads
otherwise, whatever the table. With --json the lists, and without -o the
configuration, are printed as JSON.

Exit codes: 0 nothing is lost, 1 something is, 2 trouble.`,
		Example: `  ficus routes export --to nginx -o /etc/nginx/nginx.conf
  ficus routes export --to caddy deploy/routes > caddy.json
  ficus routes export --to gateway-api --json | jq .lost`,
		Args: cobra.MaximumNArgs(1),
	}
	c.Flags().String("to", "", "the target: "+strings.Join(targets(), ", "))
	c.Flags().StringP("output", "o", "", "the file to write, instead of standard output")
	completeFlag(c, "to", words(targets()...))
	return tool(c, runExport)
}

func targets() []string {
	var names []string
	for _, target := range export.Targets {
		names = append(names, string(target))
	}
	return names
}

func runExport(c *cobra.Command, args []string) error {
	to, _ := c.Flags().GetString("to")
	output, _ := c.Flags().GetString("output")
	if to == "" {
		return fmt.Errorf("--to is missing: say for whom (%s)", strings.Join(targets(), ", "))
	}
	folder := folderArg(args)
	verdict := verdictOf(folder)
	if verdict.Table == nil {
		return brokenFolder{folder, verdict.Problems}
	}
	result, err := export.Write(export.Target(to), verdict.Set, verdict.Table)
	if err != nil {
		return err
	}
	if err := printExport(c, result, output); err != nil {
		return err
	}
	if len(result.Lost) > 0 {
		return errFound
	}
	return nil
}

func printExport(c *cobra.Command, result export.Result, output string) error {
	if output != "" {
		if err := os.WriteFile(output, []byte(result.Config), 0o644); err != nil {
			return err
		}
		result.Config = ""
	}
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), result)
	}
	if _, err := io.WriteString(c.OutOrStdout(), result.Config); err != nil {
		return err
	}
	return result.PrintFindings(c.ErrOrStderr())
}
