package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"ficus/gateway/overview"
	"ficus/gateway/tools/top"
)

const topHelp = `Shows the busiest routes of a running gateway, both sides beside each other, and keeps
showing them until q or Ctrl-C. Where the output is no terminal, or with --once, it is
printed once.

Exit codes: 0 seen, 2 trouble: no gateway that could be asked.`

func topCommand(c *cobra.Command) {
	c.Example = `  ficus top
  ficus top --every 1s
  ficus top --once | head`
	c.Flags().Duration("every", 2*time.Second, "time between two looks: 200ms to 1h")
	c.Flags().Bool("once", false, "print once and end")
	completeFlag(c, "every", nothing)
	addAdminFlag(c)
	c.Args = cobra.NoArgs
	tool(c, runTop)
}

func runTop(c *cobra.Command, _ []string) error {
	every, _ := c.Flags().GetDuration("every")
	once, _ := c.Flags().GetBool("once")
	if every < 200*time.Millisecond || every > time.Hour {
		return fmt.Errorf("--every %v: want 200ms to 1h", every)
	}
	get := func(context.Context) (*overview.Overview, error) {
		o := new(overview.Overview)
		return o, getLive(c, "/ficus/status?top=200&changes=0", o)
	}
	out, ok := c.OutOrStdout().(*os.File)
	if once || asJSON(c) || !ok || !term.IsTerminal(int(out.Fd())) {
		return printTop(c, get)
	}
	return watchTop(c.Context(), out, every, get)
}

func printTop(c *cobra.Command, get func(context.Context) (*overview.Overview, error)) error {
	o, err := get(c.Context())
	switch {
	case err != nil:
		return err
	case asJSON(c):
		return printJSON(c.OutOrStdout(), o)
	}
	return o.PrintTop(c.OutOrStdout(), 0, 0)
}

// watchTop gives the terminal over, with keys as they are typed where it lets us.
func watchTop(ctx context.Context, out *os.File, every time.Duration, get func(context.Context) (*overview.Overview, error)) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	screen := top.Screen{Out: out, Size: func() (lines, width int) {
		width, lines, _ = term.GetSize(int(out.Fd())) // 0 where it isn't known
		return lines, width
	}}
	if in := int(os.Stdin.Fd()); term.IsTerminal(in) {
		before, err := term.MakeRaw(in)
		if err != nil {
			return err
		}
		screen.Keys = typed()
		return errors.Join(top.Run(ctx, screen, every, get), term.Restore(in, before))
	}
	return top.Run(ctx, screen, every, get)
}

// typed sends what is typed. It reads until the process ends: a read of a terminal can't
// be called off.
func typed() <-chan byte {
	keys := make(chan byte)
	go func() {
		for b := make([]byte, 1); ; {
			if _, err := os.Stdin.Read(b); err != nil {
				return
			}
			keys <- b[0]
		}
	}()
	return keys
}
