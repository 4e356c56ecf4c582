package resilience

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"time"

	"ficus/gateway/backend"
	"ficus/gateway/internal/pause"
	"ficus/gateway/route"
	"ficus/gateway/telemetry"
)

// Sides makes a request what its backend gets, and an answer what its client gets.
type Sides interface {
	// Outgoing returns what the backend of a side gets in the place of r: r itself, or a
	// changed copy. An error ends the request.
	Outgoing(r *http.Request, side route.Side) (*http.Request, error)

	// Incoming changes the answer to a request that Outgoing returned.
	Incoming(answer *http.Response, sent *http.Request, side route.Side)

	// Through returns what stands between tries and the transport; nil for nothing.
	Through(side route.Side) func(r *http.Request, next http.RoundTripper) (*http.Response, error)

	// Trying is called before a try is sent, with how many it is by then. What it returns
	// is told what came of it; nil for nobody.
	Trying(out *http.Request, side route.Side, tries int) Tried
}

// Tried wants to know what came of a try.
type Tried interface {
	// End is called with the status of the answer, 0 for none, and why the try failed, ""
	// where it did not or nobody could have spared the client.
	End(status int, reason string, err error)
}

// A Run takes one request to a backend, and perhaps to the other. The zero Run is ready for
// [Run.Begin]. Its exported fields are complete when the request is over.
type Run struct {
	Side     route.Side       // that answered, or failed last
	Fallback telemetry.Reason // why legacy answered in the place of the new side
	Tries    int              // how often the request was sent
	Backend  time.Duration    // that backends took until the headers of their answers, in all

	policy    *Policy
	sides     Sides
	client    context.Context
	kind      kind
	body      body
	watch     watch
	failed    interface{ Failure() error } // of the client's body; nil for none
	trailers  []string                     // that the client has announced
	continues bool                         // the server tells the client to continue by itself
	wait      time.Duration                // how long client or route wait in all; 0 for no end
	grpcWait  time.Duration                // how long a client of gRPC waits; 0 for no end
	hurried   bool                         // that is the client's time
	arrived   time.Time
	informed  func(int, textproto.MIMEHeader) error // takes 1xx answers
	instead   bool                                  // legacy is asked in the place of the new side
	falling   bool                                  // and takes a place among its fallbacks
	answer    *http.Response                        // that the client is to get
	ended     bool
	current   *try
	first     try
}

// A Start is what a run begins with.
type Start struct {
	Policy  *Policy
	Sides   Sides
	Request *http.Request // the client's; its body may have a method Failure() error that says what is wrong with the client
	Writer  http.ResponseWriter
	Elapsed time.Duration // since the request arrived
}

// Begin must come first, and End last, when nothing more is written to the client.
func (run *Run) Begin(s Start) {
	r := s.Request
	run.policy, run.sides, run.client, run.arrived = s.Policy, s.Sides, r.Context(), time.Now().Add(-s.Elapsed)
	run.watch.writer, run.watch.body, run.watch.series = s.Writer, &run.body, s.Policy.series
	run.watch.rate = s.Policy.bodyRate
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		run.failed, _ = r.Body.(interface{ Failure() error })
		run.continues = len(r.Header["Expect"]) > 0 && r.ProtoMajor < 3
	}
	said := s.Policy.saidWait(r)
	if isGRPC(r) {
		run.grpcWait = parseGRPCTimeout(r.Header[grpcTimeout])
		said = shorter(said, run.grpcWait)
	}
	run.wait = shorter(s.Policy.timeout, said)
	if run.wait > 0 {
		late := errTimeout
		if run.wait == said {
			late, run.hurried = errDeadline, true
		}
		run.watch.begin(max(run.left(run.wait), 1), late)
	}
}

// Taking is to be called with true before anything is written to the client, and with
// false when that has returned.
func (run *Run) Taking(now bool) {
	run.watch.taking.Store(now)
	run.watch.moved.Add(1)
}

// End ends the run. A second call does nothing.
func (run *Run) End() {
	if run.policy == nil || run.ended {
		return
	}
	run.ended = true
	run.watch.stop()
	if run.answer != nil && run.answer.Body != nil {
		_ = run.answer.Body.Close() // nobody may have taken it: a switch of protocols, say, that the client did not ask for
	}
	if run.body.close() { // net/http would wait for the client, too, before it goes on
		_ = http.NewResponseController(run.watch.writer).SetReadDeadline(past)
	}
	if run.falling {
		run.policy.to[route.Legacy].endFallback()
	}
	if run.current != nil {
		run.current.cancel(errTryEnded)
	}
}

func (run *Run) elapsed() time.Duration { return time.Since(run.arrived) }

func (run *Run) bodyFailure() error {
	if run.failed == nil {
		return nil
	}
	return run.failed.Failure()
}

// idle returns how long bodies may rest.
func (run *Run) idle(side route.Side) time.Duration {
	if run.kind.grpc || run.kind.upgrade {
		return 0
	}
	return run.policy.idle[side]
}

func (run *Run) random() float64 { return run.policy.to[route.Legacy].random() }

// RoundTrip sends r to the chosen side, and wherever else the policy says, until there is
// an answer for the client. body is r's, as the client sends it.
func (run *Run) RoundTrip(r *http.Request, chosen route.Side) (*http.Response, error) {
	run.kind = run.policy.kindOf(r, r)
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		run.informed = trace.Got1xxResponse
	}
	if r.Body != nil && r.Body != http.NoBody {
		run.body.announce, run.trailers = r.Trailer, slices.Collect(maps.Keys(r.Trailer))
		r.Trailer = nil // only who reads the body may look there
		run.body.begin(r.Body, r.ContentLength, run.kept(), &run.watch.moved)
	}
	o, _ := run.ask(r, chosen, nil)
	if refused, ok := run.fallsBack(o); ok {
		o = run.fallBack(r, o)
	} else {
		run.policy.series.FallbackRefused(refused)
	}
	return run.settle(r, o)
}

// kept is how much of the body is kept: nothing, where it is of no use once it has been
// read.
func (run *Run) kept() int {
	if run.kind.replays() || run.policy.falls && run.fallsByStatus() {
		return run.policy.replay
	}
	return 0
}

// ask sends the request to one side until it has an answer or there may be no further try.
// Where it is asked in the place of a failure, that one is dropped once the backend takes
// the request; taken reports that.
func (run *Run) ask(r *http.Request, side route.Side, instead *outcome) (o outcome, taken bool) {
	to, t := run.policy.to[side], run.start(side, 0)
	out, err := run.outgoing(t, r)
	if err != nil {
		return outcome{try: t, err: err}, false
	}
	call, err := to.backend.Admit(t.ctx, side == route.Legacy || !run.policy.falls)
	if err != nil {
		return run.notAdmitted(t, err), false
	}
	if instead != nil {
		instead.drop()
	}
	run.Side = side
	call.Hurried = run.hurried
	call.Through = run.sides.Through(side) //nolint:bodyclose // it is a function that returns one
	to.retries.Deposit()
	defer func() { call.Finish(o.response, o.err) }() // after a panic, too
	return run.try(t, call, out, r), true
}

// try sends the request until it has an answer or there may be no further try.
func (run *Run) try(t *try, call *backend.Call, out, r *http.Request) outcome {
	for {
		run.Tries++
		tried := run.sides.Trying(out, t.side, run.Tries)
		response, err := call.Try(out) //nolint:bodyclose // whoever gets the outcome closes it
		run.Backend += call.Took()
		o := run.judge(t, out, response, err)
		if tried != nil {
			tried.End(o.status(), o.reason.String(), o.err)
		}
		wait, again := run.again(o)
		if !again {
			return o
		}
		o.drop()
		t = run.start(t.side, wait)
		if err = pause.For(t.ctx, wait); err == nil {
			out, err = run.outgoing(t, r)
		}
		if err != nil {
			o = run.judge(t, nil, nil, err)
			o.reason = noReason // the client's doing, or that of the clock
			return o
		}
	}
}

// outgoing makes the request of a try. Each has URL, header and body of its own, for
// net/http may look at those of an earlier one still.
func (run *Run) outgoing(t *try, r *http.Request) (*http.Request, error) {
	var out *http.Request
	if t == &run.first {
		out = r.WithContext(t.ctx)
	} else {
		out = r.Clone(t.ctx)
	}
	if run.body.source != nil {
		if len(run.trailers) > 0 {
			out.Trailer = make(http.Header, len(run.trailers))
		}
		for _, name := range run.trailers {
			out.Trailer[name] = nil
		}
		trailer := out.Trailer
		out.Body = run.body.open(trailer)
		// net/http asks for another one where a connection broke before it wrote anything.
		out.GetBody = func() (io.ReadCloser, error) {
			if !run.body.replays() {
				return nil, errGone
			}
			return run.body.open(trailer), nil
		}
	}
	out, err := run.sides.Outgoing(out, t.side)
	if err != nil {
		return nil, err
	}
	run.passDeadline(out.Header)
	if !run.kind.replays() {
		HideFromTransport(out.Header)
	}
	return out, nil
}

// settle makes an outcome what the client gets.
func (run *Run) settle(r *http.Request, o outcome) (*http.Response, error) {
	if o.err != nil {
		o.try.cancel(errTryEnded)
		if answer := run.grpcAnswer(r, o); answer != nil {
			return answer, nil
		}
		return nil, o.err
	}
	if run.body.source != nil {
		run.body.settle()
	}
	idle, endless := run.idle(o.try.side), false
	switch {
	case o.response.StatusCode == http.StatusSwitchingProtocols, run.kind.grpc, IsEventStream(o.response.Header):
		idle, endless = 0, true
	case o.response.Body == http.NoBody:
		idle = 0
	}
	run.watch.answer(idle, endless)
	run.answer = o.response
	o.try.tell()
	run.sides.Incoming(o.response, o.sent, o.try.side)
	return o.response, nil
}
