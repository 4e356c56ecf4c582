// Package grafana is the sink that makes annotations of changes, so that every board can
// show them as lines across its graphs: it posts them to Grafana's HTTP API.
//
// An [Annotator] lives as long as the process and is told, configuration by configuration,
// where Grafana is ([Annotator.Use]). Its queue and its waits are bounded. What is too much
// or can't be sent is dropped and counted; nobody but its own goroutine ever waits for it.
package grafana

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"ficus/gateway/change"
	"ficus/gateway/telemetry"
)

// Queue is how many events may wait.
const Queue = 512

// gather is how long events are collected after the first one: what belongs together comes
// together, and a burst becomes a few annotations.
const gather = time.Second

// last is how long the end of the process waits for what is not sent yet.
const last = 2 * time.Second

// An Annotator posts annotations. Its methods may be called concurrently.
type Annotator struct {
	metrics      *telemetry.Metrics
	logger       *slog.Logger
	subscription *change.Subscription
	target       atomic.Pointer[Target]
	breakers     map[string]change.Kind // what was told of each backend's last; only for Run
	failing      bool                   // the log knows
}

// New returns an annotator that is told of the recorder's events from now on. It has to Run.
func New(changes *change.Recorder, metrics *telemetry.Metrics, logger *slog.Logger) *Annotator {
	a := &Annotator{metrics: metrics, logger: logger, breakers: map[string]change.Kind{}}
	a.subscription = changes.Subscribe(Queue, func() { a.count(telemetry.DroppedHere, 1) })
	return a
}

// Use says where annotations go from now on; nil: nowhere.
func (a *Annotator) Use(target *Target) { a.target.Store(target) }

// Run posts until the context ends, and then what is left, as far as two seconds suffice.
func (a *Annotator) Run(ctx context.Context) {
	defer a.subscription.Close()
	posting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(last, stop) })()
	for {
		select {
		case e := <-a.subscription.Events():
			a.post(posting, a.collect(ctx, e))
			continue
		case <-ctx.Done():
		}
		select {
		case e := <-a.subscription.Events(): // that came before the end
			a.post(posting, a.collect(ctx, e))
		default:
			return
		}
	}
}

// collect returns the event and those that follow it soon. At the end it doesn't wait.
func (a *Annotator) collect(ctx context.Context, first change.Event) []change.Event {
	batch := []change.Event{first}
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for len(batch) < Queue {
		select {
		case e := <-a.subscription.Events():
			batch = append(batch, e)
			continue
		default:
		}
		select {
		case e := <-a.subscription.Events():
			batch = append(batch, e)
		case <-timer.C:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// most is how many annotations of one kind a burst makes, one by one.
const most = 5

// post sends a batch. The log hears of the first failure, and when it is over.
func (a *Annotator) post(ctx context.Context, batch []change.Event) {
	target := a.target.Load()
	if target == nil {
		return
	}
	for _, e := range change.SumUp(a.worthTelling(batch), most) {
		err := target.Post(ctx, annotationOf(&e))
		result := telemetry.Delivered
		if err != nil {
			result = telemetry.NotDelivered
		}
		a.count(result, 1)
		switch {
		case err != nil && !a.failing:
			a.logger.Warn("annotations can't be posted to Grafana: they are lost until this is mended", "error", err)
		case err == nil && a.failing:
			a.logger.Info("annotations are posted to Grafana again")
		}
		a.failing = err != nil
	}
}

// worthTelling leaves out what would fill boards without saying anything: a breaker that
// tries and opens again is still open.
func (a *Annotator) worthTelling(batch []change.Event) (kept []change.Event) {
	for _, e := range batch {
		switch e.Kind {
		case change.BreakerHalfOpen:
			continue
		case change.BreakerOpened, change.BreakerClosed:
			if a.breakers[e.Backend] == e.Kind {
				continue
			}
			if len(a.breakers) >= maxBreakers {
				clear(a.breakers)
			}
			a.breakers[e.Backend] = e.Kind
		}
		kept = append(kept, e)
	}
	return kept
}

// maxBreakers bounds how many backends are remembered.
const maxBreakers = 10_000

func (a *Annotator) count(result string, by int) {
	a.metrics.ChangesDelivered(telemetry.SinkGrafana, result, by)
}
