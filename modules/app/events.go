package app

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"ficus/gateway/change"
	"ficus/gateway/telemetry"
)

// emitter makes Caddy events of changes: each is told as ficus.change to those who want all,
// and as ficus.<kind>, such as ficus.breaker_opened. It outlives configurations, and emits
// to the one that started last, in a goroutine of the runtime: handlers that take their time
// hold up nobody but each other.
type emitter struct {
	metrics *telemetry.Metrics
	changes *change.Subscription
	to      atomic.Pointer[listeners]
}

// telling hears that all apps of a configuration have started: from then on its handlers of
// events and its Grafana are told of changes, those before the first such moment included.
type telling struct{ *App }

// Handle lets them be told.
func (t telling) Handle(context.Context, caddy.Event) error {
	t.runtime.annotator.Use(t.target)
	t.runtime.emitter.to.Store(&listeners{t.context, t.events})
	t.runtime.tell()
	return nil
}

// listeners are a configuration's.
type listeners struct {
	context caddy.Context
	events  *caddyevents.App
}

// maxUnheard is how many changes may wait for handlers.
const maxUnheard = 512

func newEmitter(changes *change.Recorder, metrics *telemetry.Metrics) *emitter {
	e := &emitter{metrics: metrics}
	e.changes = changes.Subscribe(maxUnheard, func() { metrics.ChangesDelivered(telemetry.SinkEvent, telemetry.DroppedHere, 1) })
	return e
}

func (e *emitter) emit(c change.Event) {
	to := e.to.Load()
	if to == nil {
		return
	}
	for _, name := range []string{"ficus.change", "ficus." + string(c.Kind)} {
		if to.events.ShouldEmit(name) {
			to.events.Emit(to.context, name, eventData(&c))
			e.metrics.ChangesDelivered(telemetry.SinkEvent, telemetry.Delivered, 1)
		}
	}
}

// eventData is what handlers get as {event.data.*}: all keys always, so that a placeholder is
// never left as it is.
func eventData(c *change.Event) map[string]any {
	return map[string]any{
		"kind": string(c.Kind), "title": c.Kind.Title(), "level": c.Kind.Level().String(), "time": c.Time.UTC().Format(time.RFC3339Nano),
		"route": c.Route, "backend": c.Backend, "address": c.Address, "revision": c.Revision,
		"by": c.By, "text": c.Text, "count": c.Stands(),
	}
}

// Interface guard
var _ caddyevents.Handler = telling{}
