package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ficus/gateway/route"
	"ficus/gateway/tools/ask"
	"ficus/gateway/tools/explain"
)

func explainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain [method] url",
		Short: "Says which route owns a request, which side serves it, and why",
		Long: `Says what the gateway would do with a request: which route owns it and why the next
best lost, the canonical path, the cohort and what it comes from, the side and what
decided it, policy and backend.

With --live a running gateway answers, by the table that serves now.

Which cohort a client falls into depends on the gateway's key. ` + keyHelp + `

Exit codes: 0 explained, 2 trouble: no such URL, or a folder with errors.`,
		Example: `  ficus routes explain /api/cart/7
  ficus routes explain POST /api/cart/items --cookie shop_session=abc
  ficus routes explain GET 'https://shop.example/api/products?q=tea' -H 'Accept: text/html'
  ficus routes explain POST /graphql --body-file query.json
  ficus routes explain --live /api/cart      # as the running gateway would`,
		Args: cobra.RangeArgs(1, 2),
	}
	flags := c.Flags()
	flags.StringP("routes", "r", defaultFolder, "the folder of route files")
	flags.StringArrayP("header", "H", nil, "a header of the request, 'Name: value'")
	flags.StringArray("cookie", nil, "a cookie of the request, name=value")
	flags.StringArray("claim", nil, "a claim of who is logged in, name=value")
	flags.String("client-ip", "127.0.0.1", "the client's address")
	flags.String("body-file", "", "a file with the request's body; - is standard input")
	addKeyFlag(c)
	addLiveFlags(c)
	c.ValidArgsFunction = completeRequest
	completeFlag(c, "routes", folders)
	for _, name := range []string{"header", "cookie", "claim", "client-ip"} {
		completeFlag(c, name, nothing)
	}
	return tool(c, runExplain)
}

// completeRequest offers methods, then the paths that the routes match.
func completeRequest(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nothing(c, args, toComplete)
	}
	paths, _ := fromRoutes(func(d *route.Definition) string { return d.Match[strings.LastIndexAny(d.Match, " \t")+1:] })(c, nil, toComplete)
	paths = slices.DeleteFunc(paths, func(path string) bool { return path[0] != '/' })
	if len(args) == 0 && !strings.HasPrefix(toComplete, "/") {
		paths = append([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, paths...)
	}
	return paths, cobra.ShellCompDirectiveNoFileComp
}

func runExplain(c *cobra.Command, args []string) error {
	question, err := questionOf(c, args)
	if err != nil {
		return err
	}
	answer, err := explained(c, question)
	if err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), answer)
	}
	return answer.Print(c.OutOrStdout())
}

func explained(c *cobra.Command, question *ask.Question) (*explain.Answer, error) {
	if live, _ := c.Flags().GetBool("live"); live {
		answer := new(explain.Answer)
		return answer, askLive(c, "/ficus/explain", question, answer)
	}
	folder, _ := c.Flags().GetString("routes")
	verdict := verdictOf(folder)
	if verdict.Table == nil {
		return nil, brokenFolder{folder, verdict.Problems}
	}
	key, err := cohortKey(c)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return explain.Explain(verdict.Table, question, explain.Gateway{Key: key}, time.Now())
}

// questionOf reads the request from arguments and flags.
func questionOf(c *cobra.Command, args []string) (*ask.Question, error) {
	q, err := requestOf(c, args)
	if err != nil {
		return nil, err
	}
	claims, _ := c.Flags().GetStringArray("claim")
	q.Claims, err = ask.ParsePairs(claims)
	return q, err
}

// requestOf reads the request but for who makes it.
func requestOf(c *cobra.Command, args []string) (*ask.Question, error) {
	flags := c.Flags()
	list := func(name string) []string { values, _ := flags.GetStringArray(name); return values }
	text := func(name string) string { value, _ := flags.GetString(name); return value }

	q := &ask.Question{URL: args[len(args)-1], ClientIP: text("client-ip")}
	if len(args) == 2 {
		q.Method = args[0]
	}
	var err error
	if q.Header, err = ask.ParseHeaders(list("header")); err != nil {
		return nil, err
	}
	if err = ask.AddCookies(q.Header, list("cookie")); err != nil {
		return nil, err
	}
	if file := text("body-file"); file != "" {
		if q.Body, err = readBodyFile(c.InOrStdin(), file); err != nil {
			return nil, err
		}
		if q.Method == "" {
			q.Method = "POST"
		}
	}
	return q, nil
}

func readBodyFile(stdin io.Reader, file string) (string, error) {
	if file == "-" {
		return ask.ReadBody(stdin)
	}
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return ask.ReadBody(f)
}
