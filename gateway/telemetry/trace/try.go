package trace

import (
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// A Try is the span of one try at a backend; nil is none.
type Try struct {
	request *Request
	span    trace.Span
	sent    *http.Request
}

// Try begins the span of a try, the number of which counts from 1, and tells the backend of
// it: each try has a span id of its own there.
func (q *Request) Try(out *http.Request, side, backend string, number int) *Try {
	if q == nil {
		return nil
	}
	if q.decision == sdk.Drop {
		propagate(q.ctx, out.Header)
		return nil
	}
	ctx, span := q.tracer.spans.Start(q.ctx, "try "+backend, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		text("ficus.backend", backend), text("ficus.side", side), attribute.Int("ficus.try", number),
	))
	if number > 1 {
		span.SetAttributes(attribute.Int("http.request.resend_count", number-1))
	}
	propagate(ctx, out.Header)
	return &Try{q, span, out}
}

// End ends the span when the headers of the answer are here, or none came. The reason is why
// the try failed, "" where it did not.
func (t *Try) End(status int, reason string, err error) {
	if t == nil {
		return
	}
	t.span.SetAttributes(text("server.address", t.sent.URL.Hostname()))
	if port, err := strconv.Atoi(t.sent.URL.Port()); err == nil {
		t.span.SetAttributes(attribute.Int("server.port", port))
	}
	if status != 0 {
		t.span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	switch {
	case err != nil: // whose text might tell of what was sent
		if reason == "" {
			reason = "client"
		}
		t.span.SetAttributes(text("error.type", reason))
		t.span.SetStatus(codes.Error, "")
	case status >= 400:
		t.span.SetAttributes(text("error.type", strconv.Itoa(status)))
		t.span.SetStatus(codes.Error, "")
	}
	t.request.end(t.span)
}
