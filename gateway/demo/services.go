package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	accounts "ficus/newservices/accounts/service"
	cart "ficus/newservices/cart/service"
	catalog "ficus/newservices/catalog/service"
	orders "ficus/newservices/orders/service"
)

// service is what the new services have in common.
type service interface {
	Handler() http.Handler
	Ready() error
	Close() error
}

// startServices starts the new services and waits until each can serve.
func (d *Demo) startServices(ctx context.Context, config Config) error {
	parts := []struct {
		name      string
		url       *string
		needsKeys bool
		open      func(Config) (service, error)
	}{
		{"catalog", &d.Catalog, false, func(c Config) (service, error) {
			return catalog.Open(ctx, catalog.Config{
				DB: c.db, Store: filepath.Join(d.Dir, "catalog.bolt"), LegacyBaseURL: d.Legacy, JWKSURL: c.JWKSURL, Logger: c.Logger,
			})
		}},
		{"cart", &d.Cart, false, func(c Config) (service, error) {
			return cart.Open(ctx, cart.Config{DB: c.db, LegacyBaseURL: d.Legacy, JWKSURL: c.JWKSURL, Logger: c.Logger})
		}},
		{"orders", &d.Orders, true, func(c Config) (service, error) {
			return orders.Open(ctx, orders.Config{DB: c.db, LegacyBaseURL: d.Legacy, JWKSURL: c.JWKSURL, Logger: c.Logger})
		}},
		{"accounts", &d.Accounts, true, func(c Config) (service, error) {
			return accounts.Open(ctx, accounts.Config{DB: c.db, JWKSURL: c.JWKSURL, Logger: c.Logger})
		}},
	}
	for _, part := range parts {
		if part.needsKeys && config.JWKSURL == "" {
			continue
		}
		url, err := d.startService(ctx, func() (service, error) { return part.open(config.of(part.name)) })
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		*part.url = url
	}
	return nil
}

func (d *Demo) startService(ctx context.Context, open func() (service, error)) (url string, err error) {
	listener, err := d.listen()
	if err != nil {
		return "", err
	}
	s, err := open()
	if err != nil {
		return "", err
	}
	d.onClose(s.Close)
	d.serve(listener, s.Handler())
	return urlOf(listener), awaitReady(ctx, s.Ready)
}

// awaitReady polls until ready says so.
func awaitReady(ctx context.Context, ready func() error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", errors.Join(err, ctx.Err()))
		}
	}
}
