// Package logto is a log handler for what outlives a configuration of Caddy: it passes
// records on to the log of the configuration that started last.
package logto

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// A Handler passes records to the handler set last. Before the first Set it must not be
// used; it is safe for concurrent use.
type Handler struct {
	current atomic.Pointer[slog.Handler]
}

// Set names the handler that gets the records from now on.
func (h *Handler) Set(to slog.Handler) { h.current.Store(&to) }

// Enabled asks the handler set last.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return (*h.current.Load()).Enabled(ctx, level)
}

// Handle passes the record to the handler set last.
func (h *Handler) Handle(ctx context.Context, record slog.Record) error {
	return (*h.current.Load()).Handle(ctx, record)
}

// WithAttrs binds the attributes to the handler set last; who keeps the result
// stays with that one.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return (*h.current.Load()).WithAttrs(attrs)
}

// WithGroup binds the group to the handler set last; who keeps the result stays
// with that one.
func (h *Handler) WithGroup(name string) slog.Handler {
	return (*h.current.Load()).WithGroup(name)
}
