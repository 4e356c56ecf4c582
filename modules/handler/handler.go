// Package handler is the Caddy handler "ficus": it hands requests to the pipeline.
package handler

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"ficus/gateway/pipeline"
	"ficus/gateway/split"
	"ficus/modules/app"
	"ficus/modules/internal/refusal"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler serves requests by the route table. It answers every request: what no
// route takes goes to the backend legacy.
//
// With access logging on, each line gets a field "ficus" that says route, side,
// backend and, at stage canary, the cohort or that the side was forced; or that
// the route is killed.
type Handler struct {
	// Forwarded adds X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto to what
	// backends get. Such headers from clients are dropped unless the client is one of
	// the server's trusted_proxies. Default: false.
	Forwarded bool `json:"forwarded,omitempty"`

	pipeline *pipeline.Pipeline
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.ficus", New: func() caddy.Module { return new(Handler) }}
}

// Provision takes the pipeline of the ficus app.
func (h *Handler) Provision(ctx caddy.Context) error {
	module, err := ctx.App("ficus")
	if err != nil {
		return fmt.Errorf("loading the ficus app: %w", err)
	}
	h.pipeline = module.(*app.App).Pipeline()
	return nil
}

// ServeHTTP serves the request, and returns as an error what no backend answered.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	w.Header().Del("Server") // Caddy's own; a backend's passes
	var x pipeline.Exchange
	defer addLogFields(r, &x)
	err := h.pipeline.Serve(w, r, h.client(r), &x)
	var failure *pipeline.Error
	if errors.As(err, &failure) {
		refusal.CloseIfExpecting(w.Header(), r)
		refusal.Set(w.Header(), failure.Header)
		if failure.Denied {
			refusal.Header(w.Header(), nil, requestID(r))
		}
		return caddyhttp.Error(failure.Status, failure.Err)
	}
	return err
}

func (h *Handler) client(r *http.Request) pipeline.Client {
	ip, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	return pipeline.Client{IP: ip, Trusted: trusted, Forward: h.Forwarded, RequestID: func() string { return requestID(r) }}
}

// requestID is Caddy's {http.request.uuid}.
func requestID(r *http.Request) string {
	repl, _ := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if repl == nil {
		return ""
	}
	id, _ := repl.GetString("http.request.uuid")
	return id
}

func addLogFields(r *http.Request, x *pipeline.Exchange) {
	server, _ := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	fields, _ := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields)
	if server == nil || server.Logs == nil || fields == nil || x.Entry == nil {
		return
	}
	about := []zap.Field{
		zap.String("route", x.Entry.ID),
		zap.String("side", x.Side.String()),
		zap.String("backend", x.Entry.BackendOf(x.Side)),
	}
	if x.Cohort >= 0 {
		about = append(about, zap.Int("cohort", x.Cohort), zap.String("cohort_from", x.Source.String()))
	}
	switch x.Clock {
	case split.ClockForce:
		about = append(about, zap.Bool("forced", true))
	case split.ClockKill:
		about = append(about, zap.Bool("killed", true))
	}
	fields.Add(zap.Dict("ficus", about...))
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
