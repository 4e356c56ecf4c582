package app

import (
	"context"
	"log/slog"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap/exp/zapslog"

	"ficus/gateway/authz"
)

// decisionLog names the decision log among Caddy's loggers: a "log" of the Caddyfile with
// "include ficus.decisions" sends it where it says.
type decisionLog struct{}

// CaddyModule returns a name for the log; the module is not registered.
func (decisionLog) CaddyModule() caddy.ModuleInfo { return caddy.ModuleInfo{ID: "ficus.decisions"} }

// newDecisionHandler is the decision log of one configuration.
func newDecisionHandler(ctx caddy.Context) slog.Handler {
	return zapslog.NewHandler(ctx.Logger(decisionLog{}).Core(), zapslog.WithName("ficus.decisions"), zapslog.AddStacktraceAt(slog.Level(127)))
}

// newDecisions makes the decision log of a runtime. It writes to the log of the
// configuration that started last, and to OPA's service where one is configured.
func newDecisions(r *runtime) *authz.Log {
	return authz.NewLog(authz.LogConfig{
		Logger: slog.New(r.decisionLog), Dropped: r.metrics.PolicyLogDropped, Sink: toRemote{r},
	})
}

type toRemote struct{ *runtime }

// Enabled reports whether there is such a service.
func (t toRemote) Enabled(authz.Decision) bool { return t.remote != nil }

// Decided hands a decision to OPA's own log, which is bounded and drops what it has no
// room for.
func (t toRemote) Decided(e authz.Event) {
	_ = t.remote.Report(context.Background(), e)
}
