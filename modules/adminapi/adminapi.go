// Package adminapi is the Caddy module "admin.api.ficus": what Caddy's admin endpoint
// says about the gateway.
//
//	GET /livez            the process is alive
//	GET /readyz           whether requests are served, and by which table: 200 or 503
//	GET /ficus/table      the table that serves
//	GET /ficus/problems   what the last load of the route folder found
//
// Answers are JSON; other methods get 405. The values come from package control.
package adminapi

import (
	"encoding/json"
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/control"
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
		{Pattern: "GET /ficus/table", Handler: caddy.AdminHandlerFunc(table)},
		{Pattern: "GET /ficus/problems", Handler: caddy.AdminHandlerFunc(problems)},
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
	answer(w, http.StatusOK, status().Listing())
	return nil
}

func problems(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, status().Findings())
	return nil
}

// status asks the app of the configuration that runs now: Caddy sets admin routes up
// before there is any. Without an app nothing serves.
func status() control.Status {
	module, err := caddy.ActiveContext().AppIfConfigured("ficus")
	if err != nil {
		return control.Status{Source: control.SourceNone}
	}
	return module.(*app.App).Tables().Status()
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
