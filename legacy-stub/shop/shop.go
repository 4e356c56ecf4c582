// Package shop is a web shop in one piece: pages, a JSON API, GraphQL, streams, an admin area and the database below them, in one process
// that has grown over the years.
//
// Main, or a test, opens it and serves its handler. It promises that Close ends everything it started. It keeps all state in its database,
// so several may run side by side on one.
//
//	s, err := shop.Open(ctx, shop.Config{DB: "data/shop.db", BaseURL: "http://127.0.0.1:9101"})
//	if err != nil { … }
//	defer s.Close()
//	http.ListenAndServe("127.0.0.1:9101", s.Handler())
//
// The rooms: store (database), seed (what a new shop holds), picture (product pictures), view (page templates, style and script), graph
// (GraphQL), live (event stream and support chat), httpkit (compression, validators, request log). The handlers stand here, in files
// called page_… and api_… after what they serve.
//
// # Quirks
//
// It has habits that its clients depend on. They stand in quirks.go, each with a test:
//
//  1. A price is text in the product list and a number elsewhere.
//  2. The tags of a product come in another order each time.
//  3. Each JSON answer carries the time at which it was made.
//  4. The first GET starts a session and sets its cookie.
//  5. Each successful GET of a page or of JSON sets a cookie with the time.
//  6. URLs in JSON are absolute, with the shop's configured host.
//  7. The product list answers an unknown category with 200 and an error.
//  8. The cart's id is text in the cart and a number in orders.
//  9. An order's date is written as on paper.
//  10. Each answer tells the name and version of the software.
package shop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"ficus/legacy-stub/shop/graph"
	"ficus/legacy-stub/shop/live"
	"ficus/legacy-stub/shop/picture"
	"ficus/legacy-stub/shop/seed"
	"ficus/legacy-stub/shop/store"
	"ficus/legacy-stub/shop/view"
)

// Shop is an open shop. Handler serves it; Close ends it.
type Shop struct {
	cfg     Config
	log     *slog.Logger
	rand    *lockedRand
	db      *store.Store
	studio  *picture.Studio
	view    *view.View
	graph   *graph.Graph
	hub     *live.Hub
	gate    *live.Gate
	logins  *throttle
	noUser  []byte // the hash that a password is compared with when there is no such account
	handler http.Handler
	close   func() error
}

// Open opens the database, makes and fills it if it is new, and starts the shop's background work, which ends with Close. The context
// bounds the opening only.
func Open(ctx context.Context, cfg Config) (*Shop, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Shop{cfg: cfg, log: cfg.Logger, rand: &lockedRand{source: cfg.Rand}, gate: live.NewGate(), logins: newThrottle(cfg.Now)}
	if s.studio, err = picture.NewStudio(); err != nil {
		return nil, err
	}
	if s.view, err = view.New(s.pictureURL); err != nil {
		return nil, err
	}
	if s.noUser, err = bcrypt.GenerateFromPassword([]byte("nobody's password"), cfg.PasswordCost); err != nil {
		return nil, fmt.Errorf("hashing a password: %w", err)
	}
	if s.db, err = store.Open(ctx, store.Options{DSN: cfg.DB, Now: cfg.Now}); err != nil {
		return nil, err
	}
	if err := s.furnish(ctx); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	s.hub = live.NewHub(s.db, cfg.StockPoll, s.log)
	s.handler = s.chain(s.routes())
	s.close = sync.OnceValue(s.startBackground())
	return s, nil
}

// furnish fills a new database and makes what needs the store.
func (s *Shop) furnish(ctx context.Context) error {
	err := s.db.SeedOnce(ctx, func(now time.Time) (store.Data, error) { return seed.Data(now, s.hashPassword) })
	if err != nil {
		return err
	}
	s.graph, err = graph.New(graph.Config{
		Store:      s.db,
		ProductURL: func(id int64) string { return s.ownURL(productPath(id)) },
		PictureURL: s.pictureURL,
		Tags:       s.tagsInNoOrder,
		Date:       paperDate,
	})
	return err
}

// startBackground starts what runs beside the requests and returns the function that ends it all.
func (s *Shop) startBackground() (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { s.hub.Run(ctx) })
	work.Go(func() { s.sweep(ctx) })
	return func() error {
		s.gate.Close()
		cancel()
		work.Wait()
		return s.db.Close()
	}
}

// sweep forgets old sessions, now and then once an hour.
func (s *Shop) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if n, err := s.db.SweepSessions(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "sweeping sessions", "error", err)
		} else if n > 0 {
			s.log.InfoContext(ctx, "swept sessions", "sessions", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Handler serves the whole shop.
func (s *Shop) Handler() http.Handler { return s.handler }

// EndStreams ends the event streams and websockets, waits for them, and lets no new ones begin. A server that shuts down calls it first,
// because it waits for its connections.
func (s *Shop) EndStreams() { s.gate.Close() }

// Close ends event streams and websockets, waits for background work, and closes the database. It may be called more than once. Requests
// that are still being answered fail: shut the server down before.
func (s *Shop) Close() error { return s.close() }
