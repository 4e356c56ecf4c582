package control

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ficus/gateway/change"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/telemetry"
	"ficus/gateway/traffic"
)

// KillSwitch takes routes back to legacy at once, and gives them free again. Its fields
// are set before first use; its methods may be called concurrently.
type KillSwitch struct {
	Kills   *traffic.Kills
	Table   func() *routetable.Table // that serves; nil for none
	Metrics *telemetry.Metrics
	Changes *change.Recorder // nil: nobody wants to know
	Logger  *slog.Logger
	Now     func() time.Time
}

// ErrNoRoute means that the table has no such route; ErrRetired that legacy may not have
// its code any more.
var (
	ErrNoRoute = errors.New("the table that serves has no such route")
	ErrRetired = errors.New("the route is retired, and legacy may no longer have its code: set its stage to new first")
)

// Kill makes legacy serve a route, or traffic.AllRoutes, from the next request on.
// Requests in flight end where they are. The error wraps traffic.ErrNotKept where it has
// taken effect and a restart would forget it.
func (k *KillSwitch) Kill(id, reason, by string) (traffic.Kill, error) {
	one := traffic.Kill{Route: id, Reason: reason, By: by, Since: k.Now().UTC().Truncate(time.Millisecond)}
	if err := k.check(id); err != nil {
		return traffic.Kill{}, err
	}
	err := k.Kills.Kill(one)
	if err != nil && !errors.Is(err, traffic.ErrNotKept) {
		return traffic.Kill{}, err
	}
	k.Metrics.RouteKilled(id, true)
	k.Changes.Record(change.Event{Kind: change.Killed, Route: id, By: by, Text: killedText(reason)})
	return one, k.notKept(err)
}

func (k *KillSwitch) check(id string) error {
	if id == traffic.AllRoutes {
		return nil
	}
	table := k.Table()
	var entry *routetable.Entry
	if table != nil {
		entry = table.Entry(id)
	}
	switch {
	case entry == nil:
		return fmt.Errorf("%q: %w", id, ErrNoRoute)
	case entry.Stage == route.StageRetired:
		return fmt.Errorf("%q: %w", id, ErrRetired)
	}
	return nil
}

// Unkill lets file and requests decide on a route again, and reports whether it was
// killed. traffic.AllRoutes takes only the kill of all back.
func (k *KillSwitch) Unkill(id, by string) (bool, error) {
	was, err := k.Kills.Unkill(id)
	if was {
		k.Metrics.RouteKilled(id, false)
		k.Changes.Record(change.Event{Kind: change.Unkilled, Route: id, By: by, Text: "kill taken back: the route file decides"})
	}
	return was, k.notKept(err)
}

func (k *KillSwitch) notKept(err error) error {
	if err != nil {
		k.Logger.Error("the kill switch can't be kept: a restart would forget it", "error", err)
	}
	return err
}

// Resume tells of the kills that a restart has found.
func (k *KillSwitch) Resume() {
	for _, one := range k.Kills.List() {
		k.Metrics.RouteKilled(one.Route, true)
		k.Changes.Record(change.Event{Kind: change.Resumed, Route: one.Route, By: one.By, Text: "still killed since " + one.Since.Format(time.DateTime) + ": " + killedText(one.Reason)})
	}
}
