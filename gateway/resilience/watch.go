package resilience

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/telemetry"
)

// A TimeoutError is why a request that took too long was ended.
type TimeoutError struct {
	text   string
	status int
	client bool
	kind   telemetry.Timeout
}

// Error says what took too long.
func (e *TimeoutError) Error() string { return e.text }

// Timeout reports true, as net.Error wants it.
func (e *TimeoutError) Timeout() bool { return true }

// ByClient reports whether the backend has no part in it.
func (e *TimeoutError) ByClient() bool { return e.client }

// Status is what to answer: 408 or 504.
func (e *TimeoutError) Status() int { return e.status }

var (
	errTimeout  = &TimeoutError{"the request took longer than the route allows", http.StatusGatewayTimeout, false, telemetry.TimeoutRequest}
	errDeadline = &TimeoutError{"the client's deadline has passed", http.StatusGatewayTimeout, true, telemetry.TimeoutDeadline}
	errTry      = &TimeoutError{"the backend took too long to answer", http.StatusGatewayTimeout, false, telemetry.TimeoutTry}
	errIdle     = &TimeoutError{"the backend took no byte of the request or sent none of its answer for too long", http.StatusGatewayTimeout, false, telemetry.TimeoutIdle}
	errSlow     = &TimeoutError{"the client sent no byte of its request for too long", http.StatusRequestTimeout, true, telemetry.TimeoutClient}
	errTrickle  = &TimeoutError{"the client sent less of its request than the route wants in that time", http.StatusRequestTimeout, true, telemetry.TimeoutClient}
	errUnread   = &TimeoutError{"the client took no byte of the answer for too long, or not all in time", http.StatusRequestTimeout, true, telemetry.TimeoutClient}
	errTooSlow  = &TimeoutError{"the client was still sending its request when the time was up", http.StatusRequestTimeout, true, telemetry.TimeoutClient}
)

// watch ends a request that takes too long, by one timer for all that can be. Nothing is
// touched while bytes move but a counter.
type watch struct {
	writer http.ResponseWriter // the client's
	body   *body
	series *telemetry.Route
	rate   int           // bytes of the body a second that the client has to send; 0: it may trickle
	moved  atomic.Uint64 // bytes have, so often
	taking atomic.Bool   // the client takes some of the answer, or should

	mu       sync.Mutex
	timer    *time.Timer
	over     bool
	was      *TimeoutError // that ended the request
	end      func(error)   // ends the try under way
	answered bool          // the answer's headers are here
	whole    time.Time     // when the request has to be over; zero for never
	late     *TimeoutError
	try      time.Time // when the try's headers have to be here; zero for never
	tryTime  time.Duration
	idle     time.Duration // 0: bodies may rest
	still    time.Time     // since when nothing has moved
	last     uint64        // moved then
	awaited  time.Time     // since when the client is, and has not sent enough
	before   int64         // bytes of the body that had come then
}

// idleLooks is how often per idle time is looked whether anything has moved: a body is cut
// after the idle time and at most a quarter more.
const idleLooks = 4

// begin sets the time until which the request has to be over; 0 for none.
func (w *watch) begin(left time.Duration, late *TimeoutError) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if left != 0 {
		w.whole, w.late = time.Now().Add(left), late
		w.arm(time.Now())
	}
}

// beginTry watches a try that is sent after a wait, and which end ends, until its headers
// are here; times of 0 are none.
func (w *watch) beginTry(end context.CancelCauseFunc, try, idle, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end, w.try, w.tryTime, w.idle = end, time.Time{}, try, 0
	if w.was != nil {
		end(w.was)
		return
	}
	if w.body.source != nil {
		w.idle = idle
	}
	if try == 0 && w.idle == 0 {
		return
	}
	now := time.Now()
	if try > 0 {
		w.try = now.Add(wait + try)
	}
	w.still = now.Add(wait)
	w.awaited, w.before = w.still, w.body.came()
	w.arm(now)
}

// answer watches the answer's body from now on; idle 0: it may rest, and take as long as it
// likes.
func (w *watch) answer(idle time.Duration, endless bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered, w.try, w.idle = true, time.Time{}, idle
	if endless {
		w.whole = time.Time{}
	}
	if w.idle == 0 && w.whole.IsZero() {
		w.disarm()
		return
	}
	now := time.Now()
	w.still = now
	w.arm(now)
}

// stop ends the watch: nothing is touched after it has returned.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.disarm()
}

func (w *watch) disarm() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// arm sets the timer to what comes next.
func (w *watch) arm(now time.Time) {
	var next time.Duration
	for _, until := range [...]time.Time{w.whole, w.try} {
		if !until.IsZero() {
			next = shorter(next, max(until.Sub(now), 1))
		}
	}
	next = shorter(next, w.idle/idleLooks)
	switch {
	case next == 0:
		w.disarm()
	case w.timer == nil:
		w.timer = time.AfterFunc(next, w.look)
	default:
		w.timer.Reset(next)
	}
}

// left reports whether there is time for a wait.
func (w *watch) left(wait time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.whole.IsZero() || time.Until(w.whole) > wait
}

// look runs when the timer fires.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	now := time.Now()
	switch {
	case !w.whole.IsZero() && !now.Before(w.whole):
		w.whole = time.Time{}
		w.cut(w.blame(errTooSlow, w.late))
		return
	case !w.try.IsZero() && !now.Before(w.try):
		if !w.body.waiting.Load() {
			w.try = time.Time{}
			w.series.TimedOut(errTry.kind)
			w.end(errTry)
			w.arm(now)
			return
		}
		w.try = now.Add(w.tryTime) // it is not the backend that is awaited
	}
	w.lookIdle(now)
}

func (w *watch) lookIdle(now time.Time) {
	if moved := w.moved.Load(); moved != w.last {
		w.last, w.still = moved, now
	}
	switch {
	case w.idle == 0:
	case !w.answered && w.body.atEnd():
		w.idle = 0 // the backend thinks, and that is not idle
	case now.Sub(w.still) >= w.idle:
		w.cut(w.blame(errSlow, errIdle))
		return
	case w.trickles(now):
		w.cut(errTrickle)
		return
	}
	w.arm(now)
}

// trickles reports whether the client was awaited whenever somebody looked, for the idle
// time, and has sent less of its body meanwhile than the rate wants. Where the backend did
// not take what had come, the count begins anew: it could be why so little has.
func (w *watch) trickles(now time.Time) bool {
	if w.rate == 0 || w.answered {
		return false
	}
	came := w.body.came()
	if !w.body.waiting.Load() || float64(came-w.before) >= float64(w.rate)*w.idle.Seconds() {
		w.awaited, w.before = now, came
	}
	return now.Sub(w.awaited) >= w.idle
}

// blame finds out who is slow: the client with its request, the client with the answer, or
// the backend.
func (w *watch) blame(client, backend *TimeoutError) *TimeoutError {
	switch {
	case w.answered && w.taking.Load():
		return errUnread
	case !w.answered && w.body.waiting.Load():
		return client
	}
	return backend
}

// cut ends the request. Whoever waits for the client's bytes, or for the client to take
// some, is woken: net/http would not answer before.
func (w *watch) cut(why *TimeoutError) {
	w.was = why
	w.series.TimedOut(why.kind)
	client := http.NewResponseController(w.writer)
	if w.end != nil { // a try has begun, and may read the body
		w.end(why)
		if w.body.close() { // so that nobody begins to wait from now on
			_ = client.SetReadDeadline(past)
		}
	}
	if w.answered {
		deadline := past
		if !w.taking.Load() {
			deadline = time.Now().Add(restTime)
		}
		_ = client.SetWriteDeadline(deadline)
	}
}

// restTime is how long a client may take for what has come of an answer that its backend
// did not complete. It has to get that: who gets nothing at all might take the request for
// one that never arrived, and send it again.
const restTime = time.Second

// past is a deadline that has passed.
var past = time.Unix(1, 0)
