// Package service is the orders service: it shows customers their orders and invoices in the monolith's
// place, from the monolith's own database. To place an order stays the monolith's.
//
// Its program, or a demo, opens it and serves its handler. It writes nothing but the sessions of new
// visitors and what a visitor's next page tells him, owns no table, and is not ready while the database
// lacks what it needs. Whose orders are shown is said by the gateway's token, never by a path.
//
//	s, err := service.Open(ctx, service.Config{DB: "data/shop.db", LegacyBaseURL: "http://127.0.0.1:9101", JWKSURL: "http://127.0.0.1:8080/.well-known/ficus/jwks.json"})
//	if err != nil { … }
//	defer s.Close()
//	http.ListenAndServe("127.0.0.1:9104", s.Handler())
package service

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"ficus/newservices/internal/caller"
	"ficus/newservices/internal/legacydb"
	"ficus/newservices/internal/shopapi"
	"ficus/newservices/internal/web"
	"ficus/newservices/orders/internal/page"
)

// Config is what the service can be told.
type Config struct {
	DB            string // the monolith's database: path of an SQLite file, or a postgres:// URL. Required.
	LegacyBaseURL string // what the monolith calls its own address. Default: http://127.0.0.1:9101
	JWKSURL       string // of the gateway's key set. Required; it need not answer yet.
	TrustProxy    bool   // believe X-Forwarded-Proto, as the monolith's -trust-proxy
	Logger        *slog.Logger
	Now           func() time.Time // default: time.Now
	Rand          io.Reader        // of session tokens; read by one goroutine at a time. Default: crypto/rand.Reader
}

func (c *Config) setDefaults() {
	c.LegacyBaseURL = cmp.Or(c.LegacyBaseURL, "http://127.0.0.1:9101")
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
}

// Service is the open service. It is safe for concurrent use.
type Service struct {
	db       *legacydb.DB
	sessions *legacydb.Sessions
	callers  *caller.Callers
	pages    *page.Pages
	api      *shopapi.API
	handler  http.Handler
}

// Open makes the service. Neither the database nor the gateway need be there yet: Ready tells of the
// first, and without the keys of the second every token is refused.
func Open(_ context.Context, config Config) (*Service, error) {
	config.setDefaults()
	pages, err := page.New()
	if err != nil {
		return nil, err
	}
	db, err := legacydb.Open(config.DB)
	if err != nil {
		return nil, err
	}
	callers, err := caller.Open(caller.Config{JWKSURL: config.JWKSURL, Audience: "orders", Required: true, Logger: config.Logger, Now: config.Now})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &Service{db: db, callers: callers, pages: pages}
	random := shopapi.Locked(config.Rand)
	s.sessions = legacydb.NewSessions(db, config.Now, random)
	s.api = shopapi.New(shopapi.Config{
		BaseURL: config.LegacyBaseURL, TrustProxy: config.TrustProxy, Identify: callers.Identify,
		Logger: config.Logger, Now: config.Now, Rand: random,
	}, s.sessions)
	s.handler = web.Handler(web.NewOps("orders", s.Ready), config.Logger, config.Now, s.api.Handler(s.routes()))
	return s, nil
}

// Handler serves the API, the pages, /healthz, /readyz and /metrics.
func (s *Service) Handler() http.Handler { return s.handler }

// readyTimeout bounds a look at the database.
const readyTimeout = 2 * time.Second

// Ready tells whether the database answers and has what the service needs; nil if so.
func (s *Service) Ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	return s.db.Check(ctx, legacydb.SessionSchema().With(schema()).With(frameSchema()))
}

// Close closes the connections to the database and ends the fetching of keys. It may be called more than
// once.
func (s *Service) Close() error {
	s.callers.Close()
	return s.db.Close()
}
