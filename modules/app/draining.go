package app

import (
	"context"
	"errors"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"ficus/gateway/change"
)

// draining hears that Caddy stops a configuration: before any of its apps does, whose
// order is left to chance.
type draining struct{ *App }

// Handle begins to drain where the whole process ends. A reload stops a configuration,
// too, and cuts nothing.
func (d draining) Handle(context.Context, caddy.Event) error {
	if caddy.Exiting() {
		d.runtime.changes.Record(change.Event{Kind: change.Draining, Text: "the gateway ends: requests under way get their time"})
		d.runtime.pipeline.Drain(d.timeForStreams())
	}
	return nil
}

// timeForStreams is how long streams may stay: what Caddy grants all requests, but for
// the last of it, so that the servers see them end. Caddy's grace period has no end by
// default; then there is no time for streams either, which the servers wait for.
func (a *App) timeForStreams() time.Duration {
	module, err := a.context.AppIfConfigured("http")
	if err != nil {
		return 0
	}
	servers := module.(*caddyhttp.App)
	grace := time.Duration(servers.GracePeriod)
	if grace <= 0 {
		return 0
	}
	return time.Duration(servers.ShutdownDelay) + grace - min(grace/5, time.Second)
}

// hearCaddy subscribes to Caddy's own events.
func (a *App) hearCaddy(ctx caddy.Context) error {
	events, err := ctx.App("events")
	if err != nil {
		return err
	}
	a.events = events.(*caddyevents.App)
	return errors.Join(a.events.On("started", telling{a}), a.events.On("stopping", draining{a}))
}

// Interface guard
var _ caddyevents.Handler = draining{}
