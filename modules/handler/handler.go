// Package handler is the Caddy handler "ficus": it hands requests to the pipeline.
package handler

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"golang.org/x/net/http/httpguts"

	"ficus/gateway/pipeline"
	"ficus/modules/app"
	"ficus/modules/internal/refusal"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler serves requests by the route table. It answers every request: what no
// route takes goes to the backend legacy.
//
// What only a proxy in front may say is dropped, in every spelling, unless the client is
// one of the server's trusted_proxies (Caddy's own; nobody by default): Forwarded,
// X-Forwarded-*, X-Original-*, X-Rewrite-*, X-Real-IP and its kin, X-HTTP-Method-Override
// and its kin. A trusted proxy has to remove from its clients' requests what it does not
// set itself.
//
// With access logging on, each line gets a field "ficus" that says what became of the
// request; see [fields].
type Handler struct {
	// Forwarded adds X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto to what
	// backends get. Such headers from clients are dropped unless the client is one of
	// the server's trusted_proxies. Default: false.
	Forwarded bool `json:"forwarded,omitempty"`

	// RequestID is the header, such as X-Request-ID, in which backend and client are told
	// the request's id, which is in the log then, too. It is the one that one of the
	// server's trusted_proxies has given, else {http.request.uuid}. Default: none.
	RequestID string `json:"request_id,omitempty"`

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
	if h.RequestID != "" && !httpguts.ValidHeaderFieldName(h.RequestID) {
		return fmt.Errorf("request_id: %q is no name of a header", h.RequestID)
	}
	h.RequestID = http.CanonicalHeaderKey(h.RequestID)
	return nil
}

// ServeHTTP serves the request, and returns as an error what no backend answered.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	w.Header().Del("Server") // Caddy's own; a backend's passes
	var x pipeline.Exchange
	defer h.log(r, &x)
	err := h.pipeline.Serve(w, r, h.client(r), &x)
	var failure *pipeline.Error
	if errors.As(err, &failure) {
		if id := x.ID(); id != "" {
			w.Header().Set(h.RequestID, id)
		}
		refusal.Close(w.Header(), r, failure.Status)
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
	return pipeline.Client{IP: ip, Trusted: trusted, Forward: h.Forwarded, RequestID: func() string { return requestID(r) }, IDHeader: h.RequestID}
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

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
