// Command cart runs the cart service: the monolith's cart API on the monolith's database.
//
//	go run ./newservices/cart -db data/shop.db
package main

import (
	"context"
	"flag"
	"log/slog"

	"ficus/newservices/cart/service"
	"ficus/newservices/internal/web"
)

func main() {
	var config service.Config
	web.Program{
		Name: "cart",
		Addr: "127.0.0.1:9103",
		About: `The cart service. It answers /api/cart and below as the monolith does, on the monolith's own
database and with the monolith's sessions, so both may serve the same visitors at once.
/healthz says that it runs, /readyz whether the database has what it needs, /metrics the rest.`,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&config.DB, "db", "data/shop.db", "the monolith's database: `PATH` of an SQLite file, or a postgres:// URL")
			f.StringVar(&config.LegacyBaseURL, "legacy-base-url", "", "`URL` that the monolith calls its own (default http://127.0.0.1:9101)")
			f.StringVar(&config.JWKSURL, "jwks-url", "", "`URL` of the gateway's key set, for its tokens that say who asks (default: nobody is asked for one)")
			f.BoolVar(&config.TrustProxy, "trust-proxy", false, "believe X-Forwarded-Proto; set it where the monolith has it set")
		},
		Open: func(ctx context.Context, logger *slog.Logger) (web.Service, error) {
			config.Logger = logger
			return service.Open(ctx, config)
		},
	}.Main()
}
