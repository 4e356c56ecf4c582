package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/backend"
)

// BackendsAnswer is what the backends are now.
type BackendsAnswer struct {
	Backends []backend.Status `json:"backends"` // never null
}

func backends(w http.ResponseWriter, _ *http.Request) error {
	a := BackendsAnswer{Backends: []backend.Status{}}
	if app := running(); app != nil {
		a.Backends = append(a.Backends, app.Backends().Status()...)
	}
	answer(w, http.StatusOK, a)
	return nil
}

const maxWord = 64 << 10 // bytes

// setBreaker answers with what the backends are then.
func setBreaker(w http.ResponseWriter, r *http.Request) error {
	var word backend.Word
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxWord))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&word); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf(`want {"set": "open|closed|auto", "reason": "…"}: %w`, err)}
	}
	app := running()
	if app == nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errors.New("no gateway runs")}
	}
	word.Since = time.Now()
	err := app.Backends().Override(r.PathValue("name"), word)
	switch {
	case errors.Is(err, backend.ErrUnknown):
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: err}
	case err != nil:
		return caddy.APIError{HTTPStatus: http.StatusConflict, Err: err}
	}
	return backends(w, r)
}
