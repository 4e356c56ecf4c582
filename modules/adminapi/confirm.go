package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/control"
)

// ConfirmRequest says which edit of the route folder may take most of its routes away.
type ConfirmRequest struct {
	Hash string `json:"hash"` // as /ficus/problems tells it
	By   string `json:"by,omitempty"`
}

// ConfirmAnswer says what serves now.
type ConfirmAnswer struct {
	Revision string `json:"revision"`
	Routes   int    `json:"routes"`
}

const maxConfirmRequest = 64 << 10 // bytes

func confirm(w http.ResponseWriter, r *http.Request) error {
	var q ConfirmRequest
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxConfirmRequest))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&q)
	if err == nil && q.Hash == "" {
		err = errors.New("no hash is given")
	}
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf(`want {"hash": "…"}, the hash of /ficus/problems: %w`, err)}
	}
	running := running()
	if running == nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errors.New("no gateway runs")}
	}
	status, err := running.Tables().Confirm(q.Hash, q.By)
	switch {
	case errors.Is(err, control.ErrNoRemoval), errors.Is(err, control.ErrOtherRemoval):
		return caddy.APIError{HTTPStatus: http.StatusConflict, Err: err}
	case err != nil:
		return err
	}
	answer(w, http.StatusOK, ConfirmAnswer{Revision: status.Revision(), Routes: len(status.Table.Entries) - 1})
	return nil
}
