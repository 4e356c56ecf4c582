// Package demo boots the world around a gateway that is shown: the monolith and the
// new services, on loopback, with a folder for their data and a copy of the route
// files to edit. It knows nothing of how the gateway itself is run.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"ficus/legacy-stub/shop"
)

// Config says what to boot.
type Config struct {
	// Dir is the folder for data and route files. What is there already is kept and
	// used. Default: a temporary one, which Close removes.
	Dir string

	// Routes are the route files to copy, if the folder has none.
	Routes fs.FS

	// JWKSURL is where the gateway serves the keys of its internal tokens, by which the
	// services know who asks. It may begin to answer after the services have started.
	// Default: none; then there are no orders and accounts services, which can't do
	// without, and the others do not look at tokens.
	JWKSURL string

	Logger *slog.Logger

	db string // file of the monolith's database
}

// A Demo is the world booted.
type Demo struct {
	Legacy   string // URL of the monolith
	Catalog  string // URL of the catalog service
	Cart     string // URL of the cart service
	Orders   string // URL of the orders service; "" without keys
	Accounts string // URL of the accounts service; "" without keys
	Dir      string // data
	Routes   string // folder of the route files

	Temporary bool // Close removes Dir

	closers []func() error
}

// Start boots everything and waits until it can serve. On an error nothing is left
// running.
func Start(ctx context.Context, config Config) (*Demo, error) {
	d := &Demo{}
	if err := d.start(ctx, config); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Demo) start(ctx context.Context, config Config) error {
	if err := d.makeDir(config.Dir); err != nil {
		return err
	}
	if err := copyRoutes(config.Routes, d.Routes); err != nil {
		return fmt.Errorf("copying the route files: %w", err)
	}
	config.db = filepath.Join(d.Dir, "shop.db")
	if err := d.startLegacy(ctx, config.of("monolith")); err != nil {
		return fmt.Errorf("starting the monolith: %w", err)
	}
	if err := d.startServices(ctx, config); err != nil {
		return fmt.Errorf("starting the services: %w", err)
	}
	return nil
}

// of is the configuration of one part.
func (c Config) of(part string) Config {
	c.Logger = c.Logger.With("service", part)
	return c
}

func (d *Demo) makeDir(dir string) error {
	if dir == "" {
		temp, err := os.MkdirTemp("", "ficus-demo-")
		if err != nil {
			return err
		}
		d.onClose(func() error { return os.RemoveAll(temp) })
		dir, d.Temporary = temp, true
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	d.Dir, d.Routes = abs, filepath.Join(abs, "routes")
	return os.MkdirAll(d.Routes, 0o755)
}

// copyRoutes copies files into a folder, unless the folder has some: then they are
// the user's own edits of an earlier run.
func copyRoutes(files fs.FS, dir string) error {
	if present, err := filepath.Glob(filepath.Join(dir, "*.yaml")); err != nil || len(present) > 0 {
		return err
	}
	for _, pattern := range []string{"*.*", "policies/*.rego"} { // their schema too, for editors
		names, err := fs.Glob(files, pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := copyFile(files, name, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyFile copies a file, and makes its folder.
func copyFile(files fs.FS, name, to string) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

func (d *Demo) startLegacy(ctx context.Context, config Config) error {
	listener, err := d.listen()
	if err != nil {
		return err
	}
	d.Legacy = urlOf(listener)
	s, err := shop.Open(ctx, shop.Config{DB: config.db, DataDir: d.Dir, BaseURL: d.Legacy, DemoFaults: true, Logger: config.Logger})
	if err != nil {
		return err
	}
	d.onClose(s.Close)
	d.serve(listener, s.Handler())
	d.onClose(func() error { s.EndStreams(); return nil }) // a server waits for its streams
	return nil
}

// listen takes a free port on loopback.
func (d *Demo) listen() (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		d.onClose(func() error { _ = listener.Close(); return nil }) // a server may have closed it
	}
	return listener, err
}

func urlOf(l net.Listener) string { return "http://" + l.Addr().String() }

// grace is how long requests in flight may take to end.
const grace = time.Second

func (d *Demo) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // returns when it is shut down
	}()
	d.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-ended
		return nil
	})
}

// Environment is what the shipped route files ask of the environment.
func (d *Demo) Environment() map[string]string {
	all := map[string]string{"LEGACY_ADDRESS": d.Legacy, "CATALOG_ADDRESS": d.Catalog, "CART_ADDRESS": d.Cart}
	if d.Orders != "" {
		all["ORDERS_ADDRESS"], all["ACCOUNTS_ADDRESS"] = d.Orders, d.Accounts
	}
	return all
}

func (d *Demo) onClose(f func() error) { d.closers = append(d.closers, f) }

// Close ends everything, the last started first, and removes a temporary folder.
func (d *Demo) Close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	d.closers = nil
	return errors.Join(errs...)
}
