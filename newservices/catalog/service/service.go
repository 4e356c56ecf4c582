// Package service is the catalog service: it answers the monolith's product API, and GraphQL queries about
// products, in the monolith's place, from a document store of its own that follows the monolith's
// database.
//
// Its program, or a demo, opens it and serves its handler. It is ready after the first complete import,
// and serves on what it has when the database goes away; metrics and /readyz then say how old that is.
//
//	s, err := service.Open(ctx, service.Config{DB: "data/shop.db", Store: "data/catalog.bolt", LegacyBaseURL: "http://127.0.0.1:9101"})
//	if err != nil { … }
//	defer s.Close()
//	http.ListenAndServe("127.0.0.1:9102", s.Handler())
package service

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"ficus/newservices/catalog/internal/docstore"
	"ficus/newservices/catalog/internal/graph"
	"ficus/newservices/catalog/internal/importer"
	"ficus/newservices/internal/caller"
	"ficus/newservices/internal/legacydb"
	"ficus/newservices/internal/shopapi"
	"ficus/newservices/internal/web"
)

// Config is what the service can be told.
type Config struct {
	DB            string        // the monolith's database: path of an SQLite file, or a postgres:// URL. Required.
	Store         string        // file of the document store, made where there is none. Required.
	LegacyBaseURL string        // what the monolith calls its own address. Default: http://127.0.0.1:9101
	TrustProxy    bool          // believe X-Forwarded-Proto, as the monolith's -trust-proxy
	JWKSURL       string        // of the gateway's key set. "": its tokens are not looked at
	Poll          time.Duration // between two looks for changes. Default: 50ms
	Logger        *slog.Logger
	Now           func() time.Time // default: time.Now
	Rand          io.Reader        // of session tokens and the order of tags; read by one goroutine at a time. Default: crypto/rand.Reader
}

func (c *Config) setDefaults() {
	c.LegacyBaseURL = cmp.Or(c.LegacyBaseURL, "http://127.0.0.1:9101")
	c.Poll = cmp.Or(c.Poll, 50*time.Millisecond)
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
	store    *docstore.Store
	importer *importer.Importer
	callers  *caller.Callers
	api      *shopapi.API
	graph    *graph.Graph
	handler  http.Handler
	close    func() error
}

// Open makes the service and starts the import. The database need not be there yet: Ready tells.
func Open(_ context.Context, config Config) (*Service, error) {
	config.setDefaults()
	db, err := legacydb.Open(config.DB)
	if err != nil {
		return nil, err
	}
	store, err := docstore.Open(config.Store)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	callers, err := caller.Open(caller.Config{JWKSURL: config.JWKSURL, Audience: "catalog", Logger: config.Logger, Now: config.Now})
	if err != nil {
		return nil, errors.Join(err, store.Close(), db.Close())
	}
	random := shopapi.Locked(config.Rand)
	s := &Service{
		db: db, store: store, callers: callers,
		importer: &importer.Importer{DB: db, Store: store, Poll: config.Poll, Logger: config.Logger, Now: config.Now},
		api: shopapi.New(shopapi.Config{
			BaseURL: config.LegacyBaseURL, TrustProxy: config.TrustProxy, Identify: callers.Identify, SessionOptional: true,
			Logger: config.Logger, Now: config.Now, Rand: random,
		}, legacydb.NewSessions(db, config.Now, random)),
	}
	if s.graph, err = newGraph(s.api); err != nil {
		callers.Close()
		return nil, errors.Join(err, store.Close(), db.Close())
	}
	ops := web.NewOps("catalog", s.Ready)
	s.measure(ops, config.Now)
	s.handler = web.Handler(ops, config.Logger, config.Now, s.api.Handler(s.routes()))
	s.close = sync.OnceValue(s.start())
	return s, nil
}

// start begins the import and returns what ends everything.
func (s *Service) start() func() error {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { s.importer.Run(ctx) })
	return func() error {
		cancel()
		work.Wait()
		s.callers.Close()
		return errors.Join(s.store.Close(), s.db.Close())
	}
}

// measure tells how the import goes, in the metrics and in the answer of /readyz.
func (s *Service) measure(ops *web.Ops, now func() time.Time) {
	age := func() float64 {
		if at := s.importer.Status().Complete; !at.IsZero() {
			return now().Sub(at).Seconds()
		}
		return -1
	}
	behind := func() float64 { return float64(s.importer.Status().Behind) }
	ops.Gauge("catalog_documents", "Products in the document store.", func() float64 {
		if v := s.store.View(); v != nil {
			return float64(len(v.Documents))
		}
		return 0
	})
	ops.Gauge("catalog_import_behind_changes", "Product changes known to be missing from the store.", behind)
	ops.Gauge("catalog_import_age_seconds", "Time since the store was last known to hold everything; -1 before that.", age)
	ops.Detail = func() map[string]any {
		return map[string]any{"import_behind_changes": behind(), "import_age_seconds": age()}
	}
}

// Handler serves the API, /healthz, /readyz and /metrics.
func (s *Service) Handler() http.Handler { return s.handler }

// readyTimeout bounds a look at the database.
const readyTimeout = 2 * time.Second

// Ready is nil once a complete import is there to serve from, of this run or an earlier one. Before, it
// says what is missing.
func (s *Service) Ready() error {
	if s.store.View() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	if err := s.db.Check(ctx, importer.Schema().With(legacydb.SessionSchema())); err != nil {
		return err
	}
	if err := s.importer.Status().Err; err != nil {
		return fmt.Errorf("the first import fails: %w", err)
	}
	return errors.New("the first import is under way")
}

// Close ends the import and closes store and database. It may be called more than once.
func (s *Service) Close() error { return s.close() }
