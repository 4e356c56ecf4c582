// Package shopapi is the monolith's JSON API as its clients know it, and what its pages share with it,
// without what is in them: sessions that begin by themselves, cookies, error bodies, validators,
// compression, and the habits ("quirks") that clients have come to depend on. A new service that answers through it can't be told from the
// monolith. Who is logged in it asks nobody but [Config.Identify].
//
// The services under newservices put their handlers into it. It promises the monolith's order of
// checks, so that a request with two mistakes gets the same answer. It knows no products and no carts.
//
//	api := shopapi.New(shopapi.Config{BaseURL: "http://127.0.0.1:9101", …}, sessions)
//	handler := api.Handler(map[string]shopapi.HandlerFunc{"GET /api/cart": getCart})
package shopapi

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"ficus/newservices/internal/legacydb"
)

// Config is what the API works with. All but Identify, SessionOptional and TrustProxy are required.
type Config struct {
	BaseURL string // what the monolith calls its own address in JSON: scheme and host

	// TrustProxy believes X-Forwarded-Proto, as the monolith does where it is told to.
	TrustProxy bool

	// Identify tells who sent a request. Nil: everybody is somebody anonymous.
	Identify Identify

	// SessionOptional answers without a session where none can be read or started, because the
	// monolith's database is away. Without it such a request is a 500.
	SessionOptional bool

	Logger *slog.Logger
	Now    func() time.Time
	Rand   io.Reader // shared by Locked
}

// API dresses handlers. It is safe for concurrent use.
type API struct {
	Config
	sessions *legacydb.Sessions
}

// New returns an API whose sessions are the monolith's.
func New(config Config, sessions *legacydb.Sessions) *API { return &API{config, sessions} }

// Locked lets many goroutines share a source of randomness.
func Locked(source io.Reader) io.Reader { return &locked{source: source} }

type locked struct {
	mu     sync.Mutex
	source io.Reader
}

func (l *locked) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return io.ReadFull(l.source, p)
}

// HandlerFunc answers a request of a visitor. An error becomes an answer: *Failure as it says,
// ErrNotFound a 404, any other a 500.
type HandlerFunc func(w http.ResponseWriter, r *http.Request, v Visit) error

// maxBody is the size, in bytes, of the largest JSON body that is read.
const maxBody = 64 << 10

// Handler serves the routes, given by patterns of net/http.ServeMux, and answers everything else as the
// monolith does.
func (a *API) Handler(routes map[string]HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range routes {
		mux.Handle(pattern, a.visit(handle))
	}
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(a.refuse(http.StatusForbidden, "forbidden", "this request came from another site"))
	return named(a.calm(compress(foreign.Handler(a.orUnmatched(mux)))))
}

func (a *API) visit(handle HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		err := checkJSON(r)
		var v Visit
		if err == nil {
			v, err = a.begin(w, r)
		}
		if err == nil {
			err = handle(w, r, v)
		}
		if err != nil {
			a.fail(w, r, a.FailureOf(r, err))
		}
	})
}

// WriteJSON answers with JSON: UTF-8, one object, a line feed at the end.
func (a *API) WriteJSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		a.Logger.ErrorContext(r.Context(), "encoding an answer", "path", r.URL.EscapedPath(), "error", err)
		http.Error(w, sorry, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-cache")
	}
	a.setLastSeen(w, r, status)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text.String()) // a client that went away
}
