package adminapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"ficus/gateway/control"
	"ficus/gateway/traffic"
	"ficus/modules/app"
)

// KillRequest says which routes to kill or to unkill.
type KillRequest struct {
	Routes []string `json:"routes"` // ids; "*" for all
	Reason string   `json:"reason,omitempty"`
	By     string   `json:"by,omitempty"`
}

// KillAnswer says what is killed now.
type KillAnswer struct {
	Kills   []traffic.Kill `json:"kills"`             // never null
	Warning string         `json:"warning,omitempty"` // it has taken effect, and a restart would forget it
	Was     []string       `json:"was,omitempty"`     // to an unkill: those that were killed
}

const maxKillRequest = 1 << 20 // bytes

func kills(w http.ResponseWriter, _ *http.Request) error {
	answer(w, http.StatusOK, killed(running()))
	return nil
}

func kill(w http.ResponseWriter, r *http.Request) error {
	return changeKills(w, r, func(k *control.KillSwitch, q KillRequest, id string, _ *KillAnswer) error {
		_, err := k.Kill(id, q.Reason, q.By)
		return err
	})
}

func unkill(w http.ResponseWriter, r *http.Request) error {
	return changeKills(w, r, func(k *control.KillSwitch, q KillRequest, id string, a *KillAnswer) error {
		was, err := k.Unkill(id, q.By)
		if was {
			a.Was = append(a.Was, id)
		}
		return err
	})
}

// changeKills does it for all routes that it can be done for, and says what is wrong with
// the others.
func changeKills(w http.ResponseWriter, r *http.Request, change func(*control.KillSwitch, KillRequest, string, *KillAnswer) error) error {
	var q KillRequest
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxKillRequest))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&q)
	if err == nil && len(q.Routes) == 0 {
		err = errors.New("no route is named")
	}
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf(`want {"routes": ["cart-read"], "reason": "…"}, with "*" for all: %w`, err)}
	}
	running := running()
	if running == nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errors.New("no gateway runs")}
	}
	var a KillAnswer
	var failed error
	for _, id := range q.Routes {
		err := change(running.Kills(), q, id, &a)
		if errors.Is(err, traffic.ErrNotKept) {
			a.Warning, err = err.Error(), nil
		}
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return caddy.APIError{HTTPStatus: statusOf(failed), Err: failed}
	}
	a.Kills = killed(running).Kills
	answer(w, http.StatusOK, a)
	return nil
}

func killed(a *app.App) KillAnswer {
	answer := KillAnswer{Kills: []traffic.Kill{}}
	if a != nil {
		answer.Kills = append(answer.Kills, a.Kills().Kills.List()...)
	}
	return answer
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, control.ErrNoRoute):
		return http.StatusNotFound
	case errors.Is(err, control.ErrRetired):
		return http.StatusConflict
	}
	return http.StatusBadRequest
}
