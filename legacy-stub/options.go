package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"

	"ficus/legacy-stub/shop"
)

// options is what the command line and the environment say.
type options struct {
	addr  string
	level slog.Level
	json  bool
	shop  shop.Config
}

const usage = `Usage: legacy-stub [flags]

A web shop with everything in one process: pages, JSON API, GraphQL, event stream, websocket, back office, database.
The first start makes a database with some 300 products and three accounts:

  alice@example.com  alice-demo    a customer
  bob@example.com    bob-demo      a customer
  admin@example.com  admin-demo    the back office

Each flag can be given in the environment instead, as SHOP_ and its name: SHOP_ADDR, SHOP_BASE_URL … A flag wins.

Flags:
`

// parse reads the command line, and the environment for what it leaves out.
func parse(args []string, lookup func(string) (string, bool), out io.Writer) (options, error) {
	var o options
	var format string
	f := flag.NewFlagSet("legacy-stub", flag.ContinueOnError)
	f.SetOutput(out)
	f.Usage = func() {
		_, _ = fmt.Fprint(out, usage)
		f.PrintDefaults()
	}
	f.StringVar(&o.addr, "addr", "127.0.0.1:9101", "`HOST:PORT` to listen on; port 0 takes a free one")
	f.StringVar(&o.shop.DB, "db", "", "database: `PATH` of an SQLite file, or a postgres:// URL (default shop.db in the data folder)")
	f.StringVar(&o.shop.DataDir, "data", "data", "data `FOLDER`, for the default database")
	f.StringVar(&o.shop.BaseURL, "base-url", "", "`URL` that the shop calls its own, in JSON (default http:// and the address it listens on)")
	f.BoolVar(&o.shop.TrustProxy, "trust-proxy", false, "believe X-Forwarded-Proto; only behind a proxy that sets it")
	f.BoolVar(&o.shop.DemoFaults, "demo-faults", false, "open /demo/slow?ms= and /demo/error?status=")
	f.TextVar(&o.level, "log-level", slog.LevelInfo, "least `LEVEL` to log: debug, info, warn or error")
	f.StringVar(&format, "log-format", "text", "`FORMAT` of the log: text or json")
	if err := fromEnvironment(f, lookup); err != nil {
		return o, err
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	}
	if format != "text" && format != "json" {
		return o, fmt.Errorf("log format %q: want text or json", format)
	}
	o.json = format == "json"
	return o, nil
}
