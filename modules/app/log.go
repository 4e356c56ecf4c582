package app

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// logHandler passes records to the handler set last. The runtime logs through it,
// since it outlives the configuration whose log files it began with.
type logHandler struct {
	current atomic.Pointer[slog.Handler]
}

func (h *logHandler) set(to slog.Handler) { h.current.Store(&to) }

// Enabled asks the handler set last.
func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return (*h.current.Load()).Enabled(ctx, level)
}

// Handle passes the record to the handler set last.
func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	return (*h.current.Load()).Handle(ctx, record)
}

// WithAttrs binds the attributes to the handler set last; who keeps the result
// stays with that one.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return (*h.current.Load()).WithAttrs(attrs)
}

// WithGroup binds the group to the handler set last; who keeps the result stays
// with that one.
func (h *logHandler) WithGroup(name string) slog.Handler {
	return (*h.current.Load()).WithGroup(name)
}
