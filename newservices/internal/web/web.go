// Package web is what a service needs around its API: the life of the program, flags and environment,
// the log, metrics, and the addresses for those who run it.
//
// The mains under newservices call [Program.Main], the services [Handler]. It promises that a program
// told to end answers the requests under way, closes its service, and leaves nothing running; that the
// log and the metrics hold no query, cookie or body; and that labels come from bounded sets. It knows
// nothing of the shop.
//
//	ops := web.NewOps("cart", service.Ready)
//	h := web.Handler(ops, log, time.Now, api)   // with /healthz, /readyz and /metrics
package web

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"time"
)

// Handler serves an API and, beside it, the addresses for those who run the service:
//
//	/healthz   200 while the process lives
//	/readyz    200 once the service can serve, else 503 and why
//	/metrics   for Prometheus
//
// Requests to the API are counted, timed and logged.
func Handler(ops *Ops, log *slog.Logger, now func() time.Time, api http.Handler) http.Handler {
	api = record(ops, log, now, api)
	metrics := ops.metricsHandler(log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			writeStatus(w, http.StatusOK, map[string]any{"status": "ok"})
		case "/readyz":
			ops.readyz(w)
		case "/metrics":
			metrics.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

func writeStatus(w http.ResponseWriter, status int, body map[string]any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // a client that went away
}
