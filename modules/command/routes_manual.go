package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ficus/routes"
)

func schemaCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "schema",
		Short: "Prints the JSON Schema of a route file, for editors",
		Long: `Prints the JSON Schema (2020-12) of a route file. Editors with a YAML language server
check and complete files by it that begin with

  # yaml-language-server: $schema=schema.json

What a schema can't tell, such as two routes in conflict, "ficus routes check" does.

Exit codes: 0 printed, 2 trouble.`,
		Example: `  ficus routes schema > routes/schema.json`,
		Args:    cobra.NoArgs,
	}
	return tool(c, func(c *cobra.Command, _ []string) error {
		_, err := io.WriteString(c.OutOrStdout(), routes.Schema) // with --json too: it is JSON
		return err
	})
}

func docsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "docs",
		Short: "Prints the manual of the route language",
		Long: `Prints the manual of the route language as Markdown: how requests find their route, all
keys with meaning, range and default, all problems, and how to use the tools in editors,
hooks and CI. With --json it is the value of the key "markdown".

Exit codes: 0 printed, 2 trouble.`,
		Example: `  ficus routes docs | less
  ficus routes docs > routes/README.md`,
		Args: cobra.NoArgs,
	}
	return tool(c, func(c *cobra.Command, _ []string) error {
		if asJSON(c) {
			return printJSON(c.OutOrStdout(), map[string]string{"markdown": routes.Manual})
		}
		_, err := fmt.Fprint(c.OutOrStdout(), routes.Manual)
		return err
	})
}
