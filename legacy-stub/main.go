// Command legacy-stub runs the shop: one process, one database, one address.
//
//	go run ./legacy-stub
//	go run ./legacy-stub -addr 127.0.0.1:0 -db postgres://shop:secret@localhost/shop -demo-faults
//
// SIGINT and SIGTERM end it: streams are closed, requests under way are answered, and the database is closed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ficus/legacy-stub/shop"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.LookupEnv, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "legacy-stub:", err)
		stop()
		os.Exit(1)
	}
}

// shutdownTime is how long requests under way may take once the program was told to end.
const shutdownTime = 20 * time.Second

// run is the program. It writes its log, and usage, to out, and returns when ctx ends.
func run(ctx context.Context, args []string, lookup func(string) (string, bool), out io.Writer) error {
	o, err := parse(args, lookup, out)
	if err != nil {
		return err
	}
	o.shop.Logger = newLogger(out, o)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return err // net's errors say what was tried
	}
	defer func() { _ = listener.Close() }() // the server has closed it already, unless it never began
	if o.shop.BaseURL == "" {
		o.shop.BaseURL = "http://" + reachable(listener.Addr())
	}
	s, err := shop.Open(ctx, o.shop)
	if err != nil {
		return err
	}
	o.shop.Logger.InfoContext(ctx, "the shop is open", "url", "http://"+reachable(listener.Addr()), "base_url", o.shop.BaseURL)
	return errors.Join(serve(ctx, listener, s, o.shop.Logger), s.Close())
}

// serve answers requests until ctx ends, and then those under way.
func serve(ctx context.Context, listener net.Listener, s *shop.Shop, logger *slog.Logger) error {
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	logger.Info("closing the shop")
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	s.EndStreams() // Shutdown waits for connections, and a stream is one that would never end
	err := srv.Shutdown(ending)
	if err != nil {
		err = errors.Join(fmt.Errorf("waiting for the last requests: %w", err), srv.Close())
	}
	if serveErr := <-failed; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

func newLogger(out io.Writer, o options) *slog.Logger {
	h := &slog.HandlerOptions{Level: o.level}
	if o.json {
		return slog.New(slog.NewJSONHandler(out, h))
	}
	return slog.New(slog.NewTextHandler(out, h))
}

// reachable is an address at which this machine reaches a listener: the loopback for one that listens everywhere.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
