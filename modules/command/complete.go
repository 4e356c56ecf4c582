package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ficus/gateway/route"
)

// Completion for shells: "ficus completion bash" prints a script that asks the command
// itself what may follow. What is wrong in a folder is no concern of it: it offers what
// could be understood.

// completeFlag has a flag completed by a function.
func completeFlag(c *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic("command: " + err.Error()) // there is no such flag
	}
}

// nothing offers nothing, not even files.
func nothing(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// folders offers folders.
func folders(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// routeFiles offers route files, and folders on the way to them.
func routeFiles(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{"yaml"}, cobra.ShellCompDirectiveFilterFileExt
}

// oneFile offers files, for the only argument.
func oneFile(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nothing(c, args, toComplete)
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// words offers some words.
func words(list ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
}

// several makes of words a list of them, with commas between.
func several(of cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		before := toComplete[:strings.LastIndexByte(toComplete, ',')+1]
		given := strings.Split(before, ",")
		list, directive := of(c, args, toComplete[len(before):])
		var offered []cobra.Completion
		for _, word := range list {
			if !slices.Contains(given, word) {
				offered = append(offered, before+word)
			}
		}
		return offered, directive | cobra.ShellCompDirectiveNoSpace
	}
}

// fromRoutes offers what the routes of the folder say: the one that the flag "routes"
// names, else the first argument, else the usual one.
func fromRoutes(value func(*route.Definition) string, more ...string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		folder := folderArg(args)
		if flag := c.Flags().Lookup("routes"); flag != nil {
			folder = flag.Value.String()
		}
		offered := slices.Clone(more)
		routes := verdictOf(folder).Set.Routes
		for i := range routes {
			if v := value(&routes[i]); v != "" {
				offered = append(offered, v)
			}
		}
		slices.Sort(offered)
		return slices.Compact(offered), cobra.ShellCompDirectiveNoFileComp
	}
}

// arguments offers as many arguments as a command takes: its ValidArgs, or folders.
func arguments(c *cobra.Command, takes cobra.PositionalArgs) cobra.CompletionFunc {
	offer := folders
	if c.ValidArgs != nil {
		offer = words(c.ValidArgs...)
	}
	return func(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if takes != nil && takes(c, args) == nil && takes(c, append(slices.Clone(args), toComplete)) != nil {
			return nothing(c, args, toComplete)
		}
		return offer(c, args, toComplete)
	}
}
