// Package trace makes OpenTelemetry traces of requests: a span of the whole, one of each
// room that takes time, and one of each try at a backend, which the backend continues
// (traceparent and tracestate, W3C Trace Context). The pipeline calls it.
//
// Which traces are kept is decided when a request arrives, since backends are told: a share
// of all, and whatever a parent that may decide has decided. Of the others a share is noted
// down anyway and kept if the request fails. That decision comes too late for the backends,
// so such a trace holds the gateway's own spans alone.
//
// A nil [Tracer] makes nothing and costs nothing, and neither does a nil [Request].
// Nothing of query, headers, bodies or principals goes into a span.
package trace

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// A Tracer makes traces and sends them away. It is safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	spans    trace.Tracer
	sender   sdk.SpanProcessor
	ratio    float64
	errors   float64
	trusting bool
	random   func() float64
}

var w3c = propagation.TraceContext{}

// Begin begins the trace of a request that has arrived. trusted says that it comes from a
// trusted proxy, which may decide that the trace is kept; others may name the trace only.
func (t *Tracer) Begin(r *http.Request, trusted bool) *Request {
	if t == nil {
		return nil
	}
	ctx := parentOf(r.Header)
	q := &Request{tracer: t, decision: t.decide(trace.SpanContextFromContext(ctx), trusted || t.trusting)}
	q.ctx, q.span = t.spans.Start(context.WithValue(ctx, decisionKey{}, q.decision), r.Method, trace.WithSpanKind(trace.SpanKindServer))
	return q
}

// parentOf returns a context with the trace that a request belongs to, if it says so in the
// one way that can be understood.
func parentOf(h http.Header) context.Context {
	ctx := context.Background()
	if len(h["Traceparent"]) != 1 {
		return ctx
	}
	return w3c.Extract(ctx, propagation.MapCarrier{"traceparent": h["Traceparent"][0], "tracestate": strings.Join(h["Tracestate"], ",")})
}

// decide decides about a trace by chance, and not by its id, which a client may choose.
func (t *Tracer) decide(parent trace.SpanContext, trusted bool) sdk.SamplingDecision {
	switch {
	case parent.IsValid() && trusted && parent.IsSampled():
		return sdk.RecordAndSample
	case parent.IsValid() && trusted:
		return sdk.Drop
	case t.ratio > 0 && t.random() < t.ratio:
		return sdk.RecordAndSample
	case t.errors > 0 && t.random() < t.errors:
		return sdk.RecordOnly
	}
	return sdk.Drop
}

// decided is the sampler: it has all spans of a trace follow the decision of Begin.
type decided struct{}

type decisionKey struct{}

func (decided) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	d, _ := p.ParentContext.Value(decisionKey{}).(sdk.SamplingDecision)
	return sdk.SamplingResult{Decision: d, Tracestate: trace.SpanContextFromContext(p.ParentContext).TraceState()}
}

func (decided) Description() string { return "Ficus" }

// Close sends away what is left, until the context ends. Spans that end later are lost.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// late is a span that is kept although that was not decided at its beginning.
type late struct{ sdk.ReadOnlySpan }

// SpanContext says that the span is kept, else nobody would send it.
func (s late) SpanContext() trace.SpanContext {
	c := s.ReadOnlySpan.SpanContext()
	return c.WithTraceFlags(c.TraceFlags().WithSampled(true))
}

func text(key, value string) attribute.KeyValue { return attribute.String(key, value) }
