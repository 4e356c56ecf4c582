// Command catalog runs the catalog service: the monolith's product API from a document store that follows
// the monolith's database.
//
//	go run ./newservices/catalog -db data/shop.db -store data/catalog.bolt
package main

import (
	"context"
	"flag"
	"log/slog"
	"time"

	"ficus/newservices/catalog/service"
	"ficus/newservices/internal/web"
)

func main() {
	var config service.Config
	web.Program{
		Name: "catalog",
		Addr: "127.0.0.1:9102",
		About: `The catalog service. It answers GET /api/products and /api/products/{id}, and the fields products and
product at /graphql, as the monolith does, from a document store of its own that it fills from the
monolith's database and keeps up to date.
/healthz says that it runs, /readyz whether a first import is complete, /metrics how far the import is.`,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&config.DB, "db", "data/shop.db", "the monolith's database: `PATH` of an SQLite file, or a postgres:// URL")
			f.StringVar(&config.Store, "store", "data/catalog.bolt", "`FILE` of the document store")
			f.StringVar(&config.LegacyBaseURL, "legacy-base-url", "", "`URL` that the monolith calls its own (default http://127.0.0.1:9101)")
			f.DurationVar(&config.Poll, "poll", 50*time.Millisecond, "time between two looks for changes")
			f.StringVar(&config.JWKSURL, "jwks-url", "", "`URL` of the gateway's key set, for its tokens that say who asks (default: nobody is asked for one)")
			f.BoolVar(&config.TrustProxy, "trust-proxy", false, "believe X-Forwarded-Proto; set it where the monolith has it set")
		},
		Open: func(ctx context.Context, logger *slog.Logger) (web.Service, error) {
			config.Logger = logger
			return service.Open(ctx, config)
		},
	}.Main()
}
