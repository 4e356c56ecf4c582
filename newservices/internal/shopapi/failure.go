package shopapi

import (
	"errors"
	"net/http"
	"runtime/debug"

	"ficus/newservices/internal/legacydb"
)

const sorry = "something went wrong on our side"

// Failure is an error with the answer that it deserves.
type Failure struct {
	Status  int
	Code    string         // one word for programs
	Message string         // for people
	Extra   map[string]any // further fields of the body
}

func (f *Failure) Error() string { return f.Message }

var notFound = &Failure{Status: http.StatusNotFound, Code: "not_found", Message: "there is nothing at this address"}

// NotFound is the failure of an address at which there is nothing.
func NotFound() error { return notFound }

// FailureOf finds the answer for an error. What the client can't help is a 500, and only the log tells
// more.
func (a *API) FailureOf(r *http.Request, err error) *Failure {
	var f *Failure
	var size *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, legacydb.ErrNotFound):
		return notFound
	case errors.As(err, &size):
		return &Failure{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Message: "that is more than this address takes"}
	}
	if r.Context().Err() == nil { // else the client went away
		a.Logger.ErrorContext(r.Context(), "answering a request", "method", r.Method, "path", r.URL.EscapedPath(), "error", err)
	}
	return &Failure{Status: http.StatusInternalServerError, Code: "internal", Message: sorry}
}

// fail answers {"error": …, "code": …, "generated_at": …}.
func (a *API) fail(w http.ResponseWriter, r *http.Request, f *Failure) {
	body := map[string]any{"error": f.Message, "code": f.Code, "generated_at": a.Stamp().GeneratedAt}
	for key, value := range f.Extra {
		body[key] = value
	}
	a.WriteJSON(w, r, f.Status, body)
}

func (a *API) refuse(status int, code, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, &Failure{Status: status, Code: code, Message: message})
	})
}

// orUnmatched answers what no route matches: 404, or 405 with the methods that the path has.
func (a *API) orUnmatched(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &probeWriter{header: http.Header{}}
		h.ServeHTTP(probe, r)
		if allow := probe.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			a.fail(w, r, &Failure{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: "this address does not take " + r.Method})
			return
		}
		a.fail(w, r, notFound)
	})
}

// probeWriter takes an answer of the mux to look at its headers.
type probeWriter struct{ header http.Header }

func (p *probeWriter) Header() http.Header         { return p.header }
func (p *probeWriter) Write(b []byte) (int, error) { return len(b), nil }
func (p *probeWriter) WriteHeader(int)             {}

// calm answers with 500 when a handler panics. An answer that has begun is cut off, since all are
// written in one piece: then the client sees that something is missing.
func (a *API) calm(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // compared, never wrapped, as documented
				panic(cause)
			}
			a.Logger.ErrorContext(r.Context(), "a handler panicked", "path", r.URL.EscapedPath(), "panic", cause, "stack", string(debug.Stack()))
			a.fail(w, r, &Failure{Status: http.StatusInternalServerError, Code: "internal", Message: sorry})
		}()
		next.ServeHTTP(w, r)
	})
}
