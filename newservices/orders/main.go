// Command orders runs the orders service: a customer's past orders and invoices, from the monolith's
// database.
//
//	go run ./newservices/orders -db data/shop.db -jwks-url http://127.0.0.1:8080/.well-known/ficus/jwks.json
package main

import (
	"context"
	"flag"
	"log/slog"

	"ficus/newservices/internal/web"
	"ficus/newservices/orders/service"
)

func main() {
	var config service.Config
	web.Program{
		Name: "orders",
		Addr: "127.0.0.1:9104",
		About: `The orders service. It answers GET /api/orders and /api/orders/{id}, the pages /orders and
/orders/{id}, and the invoices /orders/{id}/invoice.csv as the monolith does, from the monolith's own
database. Orders are placed in the monolith. Who asks it learns from the gateway's tokens alone.
/healthz says that it runs, /readyz whether the database has what it needs, /metrics the rest.`,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&config.DB, "db", "data/shop.db", "the monolith's database: `PATH` of an SQLite file, or a postgres:// URL")
			f.StringVar(&config.LegacyBaseURL, "legacy-base-url", "", "`URL` that the monolith calls its own (default http://127.0.0.1:9101)")
			f.StringVar(&config.JWKSURL, "jwks-url", "", "`URL` of the gateway's key set, for its tokens that say who asks; needed")
			f.BoolVar(&config.TrustProxy, "trust-proxy", false, "believe X-Forwarded-Proto; set it where the monolith has it set")
		},
		Open: func(ctx context.Context, logger *slog.Logger) (web.Service, error) {
			config.Logger = logger
			return service.Open(ctx, config)
		},
	}.Main()
}
