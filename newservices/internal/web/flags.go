package web

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// options is what every program can be told.
type options struct {
	addr   string
	level  slog.Level
	format string
}

// parse reads the command line, and the environment for what it leaves out.
func (p Program) parse(args []string, lookup func(string) (string, bool), out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() { p.usage(f, out) }
	f.StringVar(&o.addr, "addr", p.Addr, "`HOST:PORT` to listen on; port 0 takes a free one")
	f.TextVar(&o.level, "log-level", slog.LevelInfo, "least `LEVEL` to log: debug, info, warn or error")
	f.StringVar(&o.format, "log-format", "text", "`FORMAT` of the log: text or json")
	p.Flags(f)
	if err := fromEnvironment(f, lookup); err != nil {
		return o, err
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	}
	if o.format != "text" && o.format != "json" {
		return o, fmt.Errorf("log format %q: want text or json", o.format)
	}
	return o, nil
}

func (p Program) usage(f *flag.FlagSet, out io.Writer) {
	_, _ = fmt.Fprintf(out, `Usage: %s [flags]

%s

Each flag can be given in the environment instead, as %s_ and its name: %s, %s … A flag wins.

Flags:
`, p.Name, strings.TrimSpace(p.About), strings.ToUpper(p.Name), variable(f, "addr"), variable(f, "log-level"))
	f.PrintDefaults()
}

// variable is the environment variable of a flag: CART_LOG_LEVEL is cart's -log-level.
func variable(f *flag.FlagSet, name string) string {
	return strings.ToUpper(strings.ReplaceAll(f.Name()+"_"+name, "-", "_"))
}

// fromEnvironment sets each flag that the environment names. Its error leaves the value out: one may
// hold a password.
func fromEnvironment(f *flag.FlagSet, lookup func(string) (string, bool)) error {
	var problems []error
	f.VisitAll(func(x *flag.Flag) {
		value, ok := lookup(variable(f, x.Name))
		if !ok || value == "" {
			return
		}
		if err := f.Set(x.Name, value); err != nil {
			problems = append(problems, fmt.Errorf("the environment's %s: %w", variable(f, x.Name), err))
		}
	})
	return errors.Join(problems...)
}

func (o options) logger(out io.Writer) *slog.Logger {
	h := &slog.HandlerOptions{Level: o.level}
	if o.format == "json" {
		return slog.New(slog.NewJSONHandler(out, h))
	}
	return slog.New(slog.NewTextHandler(out, h))
}
