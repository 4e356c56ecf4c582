package shop

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"ficus/legacy-stub/shop/store"
)

const sorry = "something went wrong on our side"

// failure is an error with the answer that it deserves.
type failure struct {
	status  int
	code    string // one word for programs, in JSON
	message string // for people
	extra   map[string]any
}

func (f *failure) Error() string { return f.message }

func fail(status int, code, message string) error {
	return &failure{status: status, code: code, message: message}
}

// failureOf finds the answer for an error. What the client cannot help is a 500, and only the log tells more.
func (s *Shop) failureOf(r *http.Request, err error) *failure {
	var f *failure
	var stock *store.StockError
	var size *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &stock):
		return &failure{http.StatusConflict, "insufficient_stock", stock.Error(), map[string]any{
			"product_id": stock.ProductID, "available": stock.Available,
		}}
	case errors.Is(err, store.ErrNotFound):
		return &failure{http.StatusNotFound, "not_found", "there is nothing at this address", nil}
	case errors.Is(err, store.ErrQuantity):
		return &failure{http.StatusUnprocessableEntity, "bad_quantity", store.ErrQuantity.Error(), nil}
	case errors.Is(err, store.ErrCartEmpty):
		return &failure{http.StatusConflict, "cart_empty", store.ErrCartEmpty.Error(), nil}
	case errors.As(err, &size):
		return &failure{http.StatusRequestEntityTooLarge, "too_large", "that is more than this address takes", nil}
	}
	if r.Context().Err() == nil { // else the client went away
		s.log.ErrorContext(r.Context(), "answering a request", "method", r.Method, "path", r.URL.EscapedPath(), "error", err)
	}
	return &failure{http.StatusInternalServerError, "internal", sorry, nil}
}

// refuse is a handler that answers with an error, as JSON or as a page, whichever the address is for.
func (s *Shop) refuse(status int, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := &failure{status: status, code: codeOf(status), message: message}
		if forPrograms(r) {
			s.apiFailure(w, r, f)
			return
		}
		v, err := s.known(r)
		if err != nil {
			v = &visit{}
		}
		s.pageFailure(w, r, v, f)
	})
}

func codeOf(status int) string {
	switch status {
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusForbidden:
		return "forbidden"
	}
	return "internal"
}

func forPrograms(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/graphql" || r.URL.Path == "/healthz"
}

// apiFailure answers {"error": …, "code": …, "generated_at": …}.
func (s *Shop) apiFailure(w http.ResponseWriter, r *http.Request, f *failure) {
	body := map[string]any{"error": f.message, "code": f.code, "generated_at": s.stampNow().GeneratedAt}
	for k, v := range f.extra {
		body[k] = v
	}
	s.writeJSON(w, r, f.status, body)
}

// writeJSON answers with JSON: UTF-8, one object, a line feed at the end.
func (s *Shop) writeJSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	var buf strings.Builder
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // it is never part of a page
	if err := enc.Encode(body); err != nil {
		s.log.ErrorContext(r.Context(), "encoding an answer", "path", r.URL.EscapedPath(), "error", err)
		http.Error(w, sorry, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-cache")
	}
	s.setLastSeen(w, r, status)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(buf.String())) // a client that went away
}
