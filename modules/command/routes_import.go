package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/spf13/cobra"

	"ficus/gateway/tools/importer"
)

func importCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "import --from source file",
		Short: "Makes a first table of a configuration of nginx or Caddy, or of an OpenAPI document",
		Long: `Makes a first table: each location, route or operation becomes a route at stage
legacy, so that the table changes nothing and each can be moved. What goes to another
backend than the rest today becomes a route at stage new on that backend.

  nginx     nginx.conf, or a file with servers or locations; includes are read, within
            the file's folder
  caddy     a Caddyfile, or Caddy's JSON
  openapi   an OpenAPI document, 2.0 or 3, in YAML or JSON

The table has no errors. What can't be understood, or said by routes, is left out; it
is listed on standard error and at the head of the table, with its place.

Without -o one route file is printed. With it the files are written into a folder that
is new or empty, or --force is given.

Exit codes: 0 nothing is left out, 1 something is, 2 trouble.`,
		Example: `  ficus routes import --from nginx /etc/nginx/nginx.conf -o routes
  ficus routes import --from openapi api/openapi.yaml > routes/api.yaml
  ficus routes import --from caddy Caddyfile --json | jq .lost`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: oneFile,
	}
	c.Flags().String("from", "", "what the file is: "+strings.Join(sources, ", "))
	c.Flags().StringP("output", "o", "", "the folder to write the files into, instead of standard output")
	c.Flags().Bool("force", false, "write into a folder that is not empty, and over its files")
	completeFlag(c, "from", words(sources...))
	completeFlag(c, "output", folders)
	return tool(c, runImport)
}

var sources = []string{"nginx", "caddy", "openapi"}

func runImport(c *cobra.Command, args []string) error {
	from, _ := c.Flags().GetString("from")
	draft, err := readSource(from, args[0])
	if err != nil {
		return err
	}
	if err := printDraft(c, draft); err != nil {
		return err
	}
	if len(draft.Lost) > 0 {
		return errFound
	}
	return nil
}

// readSource makes a draft of a file. Files that it includes are read within its folder,
// and no link leads out of it.
func readSource(from, file string) (importer.Draft, error) {
	folder, name := filepath.Split(file)
	root, err := os.OpenRoot(filepath.Clean(folder))
	if err != nil {
		return importer.Draft{}, err
	}
	defer root.Close()
	switch from {
	case "nginx":
		return importer.Nginx(root.FS(), filepath.ToSlash(folder), name)
	case "openapi":
		return importer.OpenAPI(root.FS(), filepath.ToSlash(folder), name)
	case "caddy":
		return readCaddy(file)
	case "":
		return importer.Draft{}, fmt.Errorf("--from is missing: say what the file is (%s)", strings.Join(sources, ", "))
	}
	return importer.Draft{}, fmt.Errorf("unknown source %q (use %s)", from, strings.Join(sources, ", "))
}

// readCaddy reads JSON as it is, and adapts what is none as a Caddyfile.
func readCaddy(file string) (importer.Draft, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return importer.Draft{}, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) && strings.EqualFold(filepath.Ext(file), ".json") {
		return importer.Caddy(filepath.ToSlash(file), text, false)
	}
	adapter := caddyconfig.GetAdapter("caddyfile")
	if adapter == nil {
		return importer.Draft{}, errors.New("this program has no adapter for Caddyfiles")
	}
	config, _, err := adapter.Adapt(text, map[string]any{"filename": file})
	if err != nil {
		return importer.Draft{}, err
	}
	return importer.Caddy(filepath.ToSlash(file), config, true)
}

// importResult is a draft for programs.
type importResult struct {
	importer.Draft
	Routes int    `json:"routes"`
	Table  string `json:"table,omitempty"` // the route file that is printed otherwise
}

func printDraft(c *cobra.Command, draft importer.Draft) error {
	output, _ := c.Flags().GetString("output")
	force, _ := c.Flags().GetBool("force")
	out := c.OutOrStdout()
	if output != "" {
		err := importer.WriteFolder(output, draft.Files(), force)
		if errors.Is(err, importer.ErrNotEmpty) {
			return fmt.Errorf("%w: name a new one, or say --force", err)
		}
		if err != nil {
			return err
		}
		out = io.Discard
	}
	if asJSON(c) {
		result := importResult{Draft: draft, Routes: len(draft.Routes)}
		if output == "" {
			result.Table = draft.Text()
		}
		return printJSON(c.OutOrStdout(), result)
	}
	if _, err := io.WriteString(out, draft.Text()); err != nil {
		return err
	}
	return draft.PrintFindings(c.ErrOrStderr())
}
