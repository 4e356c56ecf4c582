package web

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// record counts, times and logs each request. The log line has the path and no query, cookie or body:
// those may hold secrets.
func record(ops *Ops, log *slog.Logger, now func() time.Time, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, began := &recorder{ResponseWriter: w}, now()
		defer func() {
			took, route := now().Sub(began), routeOf(r)
			ops.requests.WithLabelValues(route, methodOf(r), strconv.Itoa(rec.status)).Inc()
			ops.duration.WithLabelValues(route).Observe(took.Seconds())
			log.LogAttrs(r.Context(), levelOf(rec.status), "request",
				slog.String("method", r.Method), slog.String("path", r.URL.EscapedPath()),
				slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", took))
		}()
		next.ServeHTTP(rec, r)
	})
}

// routeOf is the pattern that the mux below found, without its method; it leaves it in the request.
func routeOf(r *http.Request) string {
	_, path, found := strings.Cut(r.Pattern, " ")
	if !found {
		path = r.Pattern
	}
	if path == "" {
		return "none"
	}
	return path
}

// methodOf keeps methods that a client made up out of the metrics.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

func levelOf(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// recorder remembers the status and the size of what was written.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}
