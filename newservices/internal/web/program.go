package web

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
)

// Service is what a program serves.
type Service interface {
	Handler() http.Handler
	Ready() error
	Close() error
}

// Program is a service as a command.
type Program struct {
	// Name is the command's: also the prefix of its environment variables, in capitals.
	Name string
	// About says in a few lines what the service is; it stands in the usage.
	About string
	// Addr is the default HOST:PORT to listen on.
	Addr string
	// Flags adds the service's own flags to those that every program has.
	Flags func(f *flag.FlagSet)
	// Open opens the service after the flags were read.
	Open func(ctx context.Context, log *slog.Logger) (Service, error)
}

// Main runs the program until SIGINT or SIGTERM and exits.
func (p Program) Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := p.Run(ctx, os.Args[1:], os.LookupEnv, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", p.Name, err)
		os.Exit(1)
	}
}

// Run is the program. It writes its log, and usage, to out, and returns when ctx has ended and the last
// request is answered. The log's line "listening" has the address.
func (p Program) Run(ctx context.Context, args []string, lookup func(string) (string, bool), out io.Writer) error {
	o, err := p.parse(args, lookup, out)
	if err != nil {
		return err
	}
	log := o.logger(out)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return err // net says what was tried
	}
	service, err := p.Open(ctx, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	log.InfoContext(ctx, "listening", "addr", listener.Addr().String())
	return errors.Join(serve(ctx, listener, service.Handler(), log), service.Close())
}

// shutdownTime is how long requests under way may take once the program was told to end.
const shutdownTime = 20 * time.Second

// serve answers requests until ctx ends, and then those under way.
func serve(ctx context.Context, listener net.Listener, h http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10, // the monolith's, so that the same requests are too large
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Info("ending")
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := server.Shutdown(last)
	if err != nil {
		err = errors.Join(fmt.Errorf("waiting for the last requests: %w", err), server.Close())
	}
	if serveErr := <-ended; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}
