// Package adminapi is the Caddy module "admin.api.ficus": what Caddy's admin endpoint
// says about the gateway.
//
//	GET /livez            the process is alive
//	GET /readyz           whether requests are served, and by which table: 200 or 503
//	GET /ficus/status     all of it at a glance: readiness, stages, traffic, kills, backends, changes
//	GET /ficus/table      the table that serves
//	GET /ficus/problems   what the last load of the route folder found
//	POST /ficus/confirm   lets an edit that removes most routes serve: {"hash": "...", "by": "..."}
//	POST /ficus/explain   what becomes of a request: ask.Question in, explain.Answer out
//	GET /ficus/kills      which routes the kill switch has taken back to legacy
//	POST /ficus/kill      takes routes back: {"routes": [...], "reason": "...", "by": "..."}
//	POST /ficus/unkill    gives them free again: {"routes": [...], "by": "..."}
//	GET /ficus/backends   what breakers, bulkheads and addresses of the backends are
//	POST /ficus/backends/{name}/breaker   sets a breaker: {"set": "open|closed|auto", "reason": "...", "by": "..."}
//
// Answers are JSON; other methods get 405. The values come from packages control,
// backend, overview and tools/explain.
package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/control"
	"ficus/gateway/tools/ask"
	"ficus/gateway/tools/explain"
	"ficus/gateway/traffic"
	"ficus/modules/app"
)

func init() {
	caddy.RegisterModule(AdminAPI{})
}

// AdminAPI adds the routes above to Caddy's admin endpoint. There is nothing to
// configure.
type AdminAPI struct{}

// CaddyModule returns the Caddy module information.
func (AdminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.ficus", New: func() caddy.Module { return new(AdminAPI) }}
}

// Routes returns the routes. Caddy's mux answers other methods.
func (AdminAPI) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: "GET /livez", Handler: caddy.AdminHandlerFunc(livez)},
		{Pattern: "GET /readyz", Handler: caddy.AdminHandlerFunc(readyz)},
		{Pattern: "GET /ficus/status", Handler: caddy.AdminHandlerFunc(overviewOf)},
		{Pattern: "GET /ficus/table", Handler: caddy.AdminHandlerFunc(table)},
		{Pattern: "GET /ficus/problems", Handler: caddy.AdminHandlerFunc(problems)},
		{Pattern: "POST /ficus/confirm", Handler: caddy.AdminHandlerFunc(confirm)},
		{Pattern: "POST /ficus/explain", Handler: caddy.AdminHandlerFunc(explainRequest)},
		{Pattern: "GET /ficus/kills", Handler: caddy.AdminHandlerFunc(kills)},
		{Pattern: "POST /ficus/kill", Handler: caddy.AdminHandlerFunc(kill)},
		{Pattern: "POST /ficus/unkill", Handler: caddy.AdminHandlerFunc(unkill)},
		{Pattern: "GET /ficus/backends", Handler: caddy.AdminHandlerFunc(backends)},
		{Pattern: "POST /ficus/backends/{name}/breaker", Handler: caddy.AdminHandlerFunc(setBreaker)},
	}
}

func livez(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, map[string]string{"status": "alive"})
	return nil
}

func readyz(w http.ResponseWriter, _ *http.Request) error {
	readiness := status().Readiness()
	code := http.StatusOK
	if !readiness.Serving() {
		code = http.StatusServiceUnavailable
	}
	answer(w, code, readiness)
	return nil
}

func table(w http.ResponseWriter, _ *http.Request) error {
	var kills *traffic.Kills
	if a := running(); a != nil {
		kills = a.Kills().Kills
	}
	answer(w, http.StatusOK, status().Listing(kills))
	return nil
}

func problems(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, status().Findings())
	return nil
}

// explainRequest explains by the table that serves and the gateway's own key.
func explainRequest(w http.ResponseWriter, r *http.Request) error {
	var q ask.Question
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 2*ask.MaxBody)).Decode(&q); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf("reading the question: %w", err)}
	}
	running := running()
	if running == nil || running.Pipeline().Table() == nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errors.New("no route table serves")}
	}
	a, err := explain.Explain(running.Pipeline().Table(), &q, explain.Gateway{Key: running.Pipeline().Key, Kills: running.Pipeline().Kills}, time.Now())
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	answer(w, http.StatusOK, a)
	return nil
}

// running is the app of the configuration that runs now, nil for none: Caddy sets admin
// routes up before there is any.
func running() *app.App {
	module, err := caddy.ActiveContext().AppIfConfigured("ficus")
	if err != nil {
		return nil
	}
	return module.(*app.App)
}

// status is that of the running app. Without one nothing serves; there is none, either,
// once the process ends.
func status() control.Status {
	s := control.Status{Source: control.SourceNone}
	if a := running(); a != nil {
		s = a.Tables().Status()
	}
	s.Draining = caddy.Exiting()
	return s
}

func answer(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(value) // who asked may have gone
}

// Interface guard
var _ caddy.AdminRouter = AdminAPI{}
