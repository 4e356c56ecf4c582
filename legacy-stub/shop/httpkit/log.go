package httpkit

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// Log writes one line for each request, when it ends. The line has the path and no query, cookie or body: those may hold secrets.
func Log(logger *slog.Logger, now func() time.Time, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, began := &Recorder{ResponseWriter: w}, now()
		defer func() {
			logger.LogAttrs(r.Context(), level(rec.Status), "request",
				slog.String("method", r.Method), slog.String("host", r.Host), slog.String("path", r.URL.EscapedPath()),
				slog.Int("status", rec.Status), slog.Int64("bytes", rec.Bytes), slog.Duration("took", now().Sub(began)))
		}()
		next.ServeHTTP(rec, r)
	})
}

func level(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// Recover answers with sorry when next panics before it wrote anything; afterwards it cuts the connection, so that the client sees that
// the answer is not whole.
func Recover(logger *slog.Logger, sorry, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &Recorder{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // the documented way to ask for it: compared, never wrapped
				panic(p)
			}
			logger.ErrorContext(r.Context(), "a handler panicked", "path", r.URL.EscapedPath(), "panic", p, "stack", string(debug.Stack()))
			if rec.Status != 0 {
				panic(http.ErrAbortHandler)
			}
			sorry.ServeHTTP(w, r)
		}()
		next.ServeHTTP(rec, r)
	})
}
