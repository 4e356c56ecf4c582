package adminapi

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/caddyserver/caddy/v2"
)

// maxStatusRoutes bounds how many routes a status lists.
const maxStatusRoutes = 1000

// overviewOf answers with the state of the gateway. The query may say how many of the busiest
// routes are wanted (?top=20; default none), and how many changes (?changes=10).
func overviewOf(w http.ResponseWriter, r *http.Request) error {
	running := running()
	if running == nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errors.New("no gateway runs")}
	}
	top, err := atMost(r, "top", 0)
	changes, err2 := atMost(r, "changes", 10)
	if err := errors.Join(err, err2); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	answer(w, http.StatusOK, running.Overview().Of(top, changes))
	return nil
}

func atMost(r *http.Request, name string, otherwise int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxStatusRoutes {
		return 0, fmt.Errorf("%s=%s: want a number from 0 to %d", name, text, maxStatusRoutes)
	}
	return n, nil
}
