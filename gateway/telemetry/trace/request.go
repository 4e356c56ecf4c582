package trace

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// A Request is the trace of one request. It belongs to the request's goroutine; nil is none.
type Request struct {
	tracer   *Tracer
	decision sdk.SamplingDecision
	ctx      context.Context // with the span of the whole, or that of the room
	span     trace.Span
	room     *Room              // that the request is in; nil for none
	noted    []sdk.ReadOnlySpan // that have ended, where it is decided at the end
	over     bool
}

// ID returns the id of the trace, 32 hexadecimal digits; "" for none.
func (q *Request) ID() string {
	if q == nil {
		return ""
	}
	return q.span.SpanContext().TraceID().String()
}

// A Room is the span of a room; nil is none.
type Room struct {
	request *Request
	outer   context.Context
	span    trace.Span
}

// Room begins the span of a room.
func (q *Request) Room(name string) *Room {
	if q == nil || q.over || q.decision == sdk.Drop {
		return nil
	}
	r := &Room{request: q, outer: q.ctx}
	q.ctx, r.span = q.tracer.spans.Start(q.ctx, name)
	q.room = r
	return r
}

// End ends the span. A second call does nothing, nor does one after the end of the request.
func (r *Room) End() {
	if r == nil || r.request.room != r {
		return
	}
	q := r.request
	q.ctx, q.room = r.outer, nil
	q.end(r.span)
}

// end ends a span, and notes it down where that may be of use.
func (q *Request) end(span trace.Span) {
	span.End()
	if ended, ok := span.(sdk.ReadOnlySpan); ok && q.decision == sdk.RecordOnly {
		q.noted = append(q.noted, ended)
	}
}

// Propagate tells the receiver of a request which trace it belongs to.
func (q *Request) Propagate(to http.Header) {
	if q != nil {
		propagate(q.ctx, to)
	}
}

func propagate(ctx context.Context, to http.Header) {
	delete(to, "Tracestate") // of another trace, or of this one as it was
	w3c.Inject(ctx, propagation.HeaderCarrier(to))
}

// An Answer is what is known of a request when it is over.
type Answer struct {
	Method   string
	Path     string // as the client sent it, without query
	Client   string // address
	Route    string // id; "" where no route was looked for
	Pattern  string // that the route matches
	Stage    string
	Side     string // that served
	Clock    string // that decided the side
	Fallback string // why legacy answered in the place of the new side; "" where it did not
	Policy   string // cause of the policy's decision; "" where none was asked
	Tries    int
	Status   int
}

func (a *Answer) failed() bool { return a.Status >= 500 || a.Fallback != "" }

// End ends the trace, and reports whether it is kept. The answer is asked for only if
// somebody wants to know. A second call does nothing.
func (q *Request) End(answer func() Answer) (kept bool) {
	if q == nil || q.over {
		return false
	}
	if q.room != nil {
		q.room.End()
	}
	q.over = true
	if q.decision == sdk.Drop {
		q.span.End()
		return false
	}
	a := answer()
	a.describe(q.span)
	q.end(q.span)
	if q.decision == sdk.RecordAndSample {
		return true
	}
	if a.failed() {
		for _, span := range q.noted {
			q.tracer.sender.OnEnd(late{span})
		}
	}
	q.noted = nil
	return a.failed()
}

// methods are those that may be in a span's name: clients make others up.
var methods = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}

// describe writes an answer into the span of the whole, in the words of OpenTelemetry's
// conventions where there are any.
func (a *Answer) describe(span trace.Span) {
	name, method := a.Method, a.Method
	if !slices.Contains(methods[:], method) {
		name, method = "HTTP", "_OTHER"
	}
	span.SetAttributes(
		text("http.request.method", method), text("url.path", strings.ToValidUTF8(a.Path, "\uFFFD")), text("client.address", a.Client),
		attribute.Int("http.response.status_code", a.Status),
	)
	if a.Route != "" {
		name += " " + a.Route
		span.SetAttributes(
			text("http.route", a.Pattern), text("ficus.route", a.Route), text("ficus.stage", a.Stage),
			text("ficus.side", a.Side), text("ficus.clock", a.Clock), attribute.Int("ficus.tries", a.Tries),
		)
	}
	span.SetName(name)
	if a.Fallback != "" {
		span.SetAttributes(text("ficus.fallback", a.Fallback))
	}
	if a.Policy != "" {
		span.SetAttributes(text("ficus.policy", a.Policy))
	}
	if a.Status >= 500 {
		span.SetAttributes(text("error.type", strconv.Itoa(a.Status)))
		span.SetStatus(codes.Error, "")
	}
}
