// Package service is the cart service: it answers the monolith's cart API in the monolith's place, on
// the monolith's own database, so that a cart filled on one side is the same cart on the other.
//
// Its program, or a demo, opens it and serves its handler. It owns no table and migrates nothing; while
// the database lacks what it needs it is not ready and says what is missing.
//
//	s, err := service.Open(ctx, service.Config{DB: "data/shop.db", LegacyBaseURL: "http://127.0.0.1:9101"})
//	if err != nil { … }
//	defer s.Close()
//	http.ListenAndServe("127.0.0.1:9103", s.Handler())
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
)

// Config is what the service can be told.
type Config struct {
	DB            string // the monolith's database: path of an SQLite file, or a postgres:// URL. Required.
	LegacyBaseURL string // what the monolith calls its own address. Default: http://127.0.0.1:9101
	TrustProxy    bool   // believe X-Forwarded-Proto, as the monolith's -trust-proxy
	JWKSURL       string // of the gateway's key set. "": sessions alone tell whose a cart is
	Logger        *slog.Logger
	Now           func() time.Time // default: time.Now
	Rand          io.Reader        // of session tokens; read by one goroutine at a time. Default: crypto/rand.Reader
}

// Service is the open service. It is safe for concurrent use.
type Service struct {
	db      *legacydb.DB
	carts   *carts
	callers *caller.Callers
	api     *shopapi.API
	handler http.Handler
}

// Open makes the service. The database need not be there yet: Ready tells.
func Open(_ context.Context, config Config) (*Service, error) {
	config.LegacyBaseURL = cmp.Or(config.LegacyBaseURL, "http://127.0.0.1:9101")
	config.Logger = cmp.Or(config.Logger, slog.Default())
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	db, err := legacydb.Open(config.DB)
	if err != nil {
		return nil, err
	}
	callers, err := caller.Open(caller.Config{JWKSURL: config.JWKSURL, Audience: "cart", Logger: config.Logger, Now: config.Now})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	random := shopapi.Locked(config.Rand)
	s := &Service{db: db, carts: &carts{db: db, now: config.Now}, callers: callers}
	s.api = shopapi.New(shopapi.Config{
		BaseURL: config.LegacyBaseURL, TrustProxy: config.TrustProxy, Identify: callers.Identify,
		Logger: config.Logger, Now: config.Now, Rand: random,
	}, legacydb.NewSessions(db, config.Now, random))
	s.handler = web.Handler(web.NewOps("cart", s.Ready), config.Logger, config.Now, s.api.Handler(s.routes()))
	return s, nil
}

// Handler serves the API, /healthz, /readyz and /metrics.
func (s *Service) Handler() http.Handler { return s.handler }

// readyTimeout bounds a look at the database.
const readyTimeout = 2 * time.Second

// Ready tells whether the database answers and has what the service needs; nil if so.
func (s *Service) Ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	return s.db.Check(ctx, legacydb.SessionSchema().With(legacydb.ProductSchema()).With(schema()))
}

// Close closes the connections to the database and ends the fetching of keys. It may be called more than
// once.
func (s *Service) Close() error {
	s.callers.Close()
	return s.db.Close()
}
