package bundles

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/logging"
)

// logger is OPA's logger, over the gateway's.
type logger struct {
	to *slog.Logger
}

func (l *logger) Debug(format string, a ...any) { l.log(slog.LevelDebug, format, a) }
func (l *logger) Info(format string, a ...any)  { l.log(slog.LevelInfo, format, a) }
func (l *logger) Warn(format string, a ...any)  { l.log(slog.LevelWarn, format, a) }
func (l *logger) Error(format string, a ...any) { l.log(slog.LevelError, format, a) }

func (l *logger) log(level slog.Level, format string, a []any) {
	if l.to.Enabled(context.Background(), level) {
		l.to.Log(context.Background(), level, fmt.Sprintf(format, a...))
	}
}

// WithFields returns a logger that adds fields to each line.
func (l *logger) WithFields(fields map[string]any) logging.Logger {
	attributes := make([]any, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		attributes = append(attributes, slog.Any(name, fields[name]))
	}
	return &logger{l.to.With(attributes...)}
}

// GetLevel says that there is no level too low: the logger beneath decides. OPA dumps
// requests and answers at Debug, which may hold tokens, so that is not one of them.
func (l *logger) GetLevel() logging.Level { return logging.Info }

// SetLevel does nothing: the logger beneath decides.
func (l *logger) SetLevel(logging.Level) {}
