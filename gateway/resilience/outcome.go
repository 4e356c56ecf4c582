package resilience

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"ficus/gateway/backend"
	"ficus/gateway/route"
	"ficus/gateway/telemetry"
)

// The reasons by which failures are told apart.
const (
	noReason         = telemetry.NoReason
	reasonOpen       = telemetry.ReasonOpen
	reasonFull       = telemetry.ReasonFull
	reasonConnect    = telemetry.ReasonConnect
	reasonConnection = telemetry.ReasonConnection
	reasonError      = telemetry.ReasonError
	reasonTimeout    = telemetry.ReasonTimeout
	reasonStatus     = telemetry.ReasonStatus
)

// outcome is what came of a try, or of the tries of one side. With a reason it is a failure
// that another try or side might spare the client.
type outcome struct {
	try      *try
	sent     *http.Request
	response *http.Response
	err      error
	reason   telemetry.Reason
}

// status is that of the answer, 0 for none.
func (o *outcome) status() int {
	if o.response == nil {
		return 0
	}
	return o.response.StatusCode
}

// judge tells what came of a try.
func (run *Run) judge(t *try, sent *http.Request, response *http.Response, err error) outcome {
	o := outcome{try: t, sent: sent, response: response, err: err}
	if err == nil {
		if run.isFailure(t.side, response.StatusCode) {
			o.reason = reasonStatus
		}
		return o
	}
	o.reason, o.err = run.blame(t, err)
	return o
}

// blame finds out why there is no answer. What is the client's doing has no reason, and
// nor has what no time is left for.
func (run *Run) blame(t *try, err error) (telemetry.Reason, error) {
	cause := context.Cause(t.ctx)
	var timeout *TimeoutError
	if errors.As(cause, &timeout) { // first: to wake a connection makes it fail in other ways, too
		switch {
		case timeout != errTry:
			return noReason, timeout
		case !t.connected.Load() && !t.sent.Load():
			return reasonConnect, timeout
		}
		return reasonTimeout, timeout
	}
	if gone := context.Cause(run.client); gone != nil {
		return noReason, gone
	}
	if failure := run.bodyFailure(); failure != nil {
		return noReason, failure
	}
	switch {
	case cause != nil: // errSentOnce
		return reasonError, cause
	case !t.sent.Load():
		return reasonConnect, err
	}
	return reasonError, err
}

// isFailure reports whether another answer than this might be had.
func (run *Run) isFailure(side route.Side, status int) bool {
	p := run.policy
	return side == route.New && status >= 429 &&
		(slices.Contains(p.retry.Status, status) || p.falls && slices.Contains(p.fallback.Status, status))
}

// notAdmitted is what came of a request that a backend did not take.
func (run *Run) notAdmitted(t *try, err error) outcome {
	o := run.judge(t, nil, nil, err)
	switch {
	case errors.Is(err, backend.ErrOpen):
		o.reason = reasonOpen
	case errors.Is(err, backend.ErrFull), o.reason != noReason: // or the time of a try was up in the queue
		o.reason = reasonFull
	}
	return o
}

// again reports whether the same backend gets another try, and after which wait. It costs
// the budget, so it comes last.
func (run *Run) again(o outcome) (wait time.Duration, ok bool) {
	p, side := run.policy, o.try.side
	switch {
	case o.reason == noReason || run.Tries >= p.mostTries(side):
		return 0, false
	case side == route.Legacy && o.reason != reasonConnect:
		return 0, false // legacy fails as it always has
	case o.reason == reasonStatus && !slices.Contains(p.retry.Status, o.response.StatusCode):
		return 0, false
	case o.reason != reasonConnect && !run.kind.replays(), !run.body.replays():
		return 0, false
	case o.err != nil && !WorthRetrying(o.err):
		return 0, false
	}
	if o.reason == reasonStatus && len(o.response.Header["Retry-After"]) > 0 {
		if _, falls := run.fallsBack(o); falls {
			return 0, false // legacy answers at once
		}
	}
	wait, ok = Backoff(&p.retry, run.Tries, o.response, run.random())
	if !ok || !run.watch.left(wait) || !p.to[side].mayRetry() {
		return 0, false
	}
	p.series.Retried(o.reason)
	return wait, true
}

// fallsBack reports whether legacy may answer in the place of this outcome. refused says
// why not, where it might have been.
func (run *Run) fallsBack(o outcome) (refused telemetry.Refusal, ok bool) {
	p := run.policy
	switch {
	case o.try.side == route.Legacy || !p.legacyToo || o.reason == noReason:
		return telemetry.NotRefused, false
	case o.reason == reasonStatus && !slices.Contains(p.fallback.Status, o.response.StatusCode):
		return telemetry.NotRefused, false
	case !p.falls:
		return telemetry.RefusedDisabled, false
	case run.Tries >= maxTries || !run.watch.left(0):
		return telemetry.RefusedTime, false
	case !run.mayGoElsewhere(o.reason):
		return telemetry.RefusedNotIdempotent, false
	case !run.body.replays():
		return telemetry.RefusedBody, false
	}
	return telemetry.NotRefused, true
}

// mayGoElsewhere is the table of DESIGN.md, section 4.
func (run *Run) mayGoElsewhere(reason telemetry.Reason) bool {
	switch reason {
	case reasonOpen, reasonFull, reasonConnect:
		return true
	case reasonStatus:
		return run.fallsByStatus()
	}
	return run.kind.replays()
}

// fallsByStatus reports whether an answer may be replaced. That of an upgrade may: it was
// refused, and nothing streams.
func (run *Run) fallsByStatus() bool {
	return !run.kind.grpc && (run.kind.idempotent || run.policy.fallback.Unsafe == route.On)
}

const (
	maxDrain  = 16 << 10              // bytes of an answer that nobody gets
	drainTime = 10 * time.Millisecond // that they may take
)

// drop ends a try whose answer nobody gets. What is here of it anyway is read, so that the
// connection can be used again.
func (o *outcome) drop() {
	if o.response != nil {
		end := o.try.cancel
		timer := time.AfterFunc(drainTime, func() { end(errTryEnded) })
		_, _ = io.CopyN(io.Discard, o.response.Body, maxDrain)
		timer.Stop()
		_ = o.response.Body.Close()
	}
	o.try.cancel(errTryEnded)
}
