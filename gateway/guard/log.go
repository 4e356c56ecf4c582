package guard

import (
	"context"
	"log/slog"

	"ficus/gateway/authz"
)

// Log records decisions as lines of a log: denials at level info, the rest at debug.
// What the policy looked at is not in them.
type Log struct {
	To *slog.Logger
}

// Enabled says that all are wanted.
func (Log) Enabled(authz.Decision) bool { return true }

// Decided writes the line.
func (l Log) Decided(e authz.Event) {
	level, message := slog.LevelDebug, "allowed"
	if !e.Decision.Allow {
		level, message = slog.LevelInfo, "denied"
	}
	l.To.LogAttrs(context.Background(), level, message,
		slog.String("request_id", e.RequestID), slog.String("policy", e.Policy), slog.String("revision", e.Revision),
		slog.String("cause", string(e.Decision.Cause)), slog.String("reason", e.Decision.Reason),
		slog.Int("status", e.Decision.Status), slog.Bool("observed", e.Observed), slog.Duration("took", e.Decision.Took),
		slog.String("method", e.Input.Method), slog.String("host", e.Input.Host), slog.String("path", e.Input.Path),
		slog.String("client_ip", e.Input.ClientIP), slog.String("principal", e.Input.Principal.ID),
	)
}
