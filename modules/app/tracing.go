package app

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"ficus/gateway/telemetry/trace"
	"ficus/modules/internal/block"
	"ficus/modules/internal/later"
)

// Tracing makes OpenTelemetry traces of requests: a span of the whole, of each room that
// takes time and of each try at a backend, which gets traceparent and tracestate. Without
// it nothing is added to requests, and what clients say of traces passes as it is.
//
// What is left open here, OpenTelemetry's own environment says: OTEL_EXPORTER_OTLP_*,
// OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and OTEL_BSP_*.
type Tracing struct {
	// Endpoint is the URL of the collector, as http://collector:4318. May have placeholders.
	// Default: OTEL_EXPORTER_OTLP_ENDPOINT, else this machine's.
	Endpoint string `json:"endpoint,omitempty"`

	// Protocol is "http/protobuf" or "grpc". Default: OTEL_EXPORTER_OTLP_PROTOCOL, else
	// http/protobuf.
	Protocol string `json:"protocol,omitempty"`

	// Ratio is the share of requests whose trace is kept, 0 to 1. Default: that of
	// OTEL_TRACES_SAMPLER_ARG, else 0.01.
	Ratio *float64 `json:"ratio,omitempty"`

	// Errors is the share of the other requests whose trace is kept if they fail: with 500
	// or above, or because legacy had to answer in the place of the new side. Backends have
	// been told by then that the trace is not kept, so it holds the gateway's spans alone.
	// To note them down costs each request about as much as tracing it. Default: 1.
	Errors *float64 `json:"errors,omitempty"`

	// Service is what the gateway is called in traces. May have placeholders. Default:
	// OTEL_SERVICE_NAME, else "ficus".
	Service string `json:"service,omitempty"`

	// TrustClients lets the traceparent of every client decide whether its trace is kept.
	// By default only that of the server's trusted_proxies does; others are part of the
	// trace that they name all the same. Default: false.
	TrustClients bool `json:"trust_clients,omitempty"`
}

// provision returns the tracer of these settings; nil settings: there is none.
func (t *Tracing) provision(ctx caddy.Context, log slog.Handler) (*trace.Tracer, error) {
	if t == nil {
		return nil, nil
	}
	repl := caddy.NewReplacer()
	return trace.New(ctx, trace.Config{
		Endpoint: repl.ReplaceKnown(t.Endpoint, ""), Protocol: t.Protocol, Service: repl.ReplaceKnown(t.Service, ""),
		Ratio: t.Ratio, Errors: t.Errors, TrustClients: t.TrustClients, Logger: slog.New(log),
	})
}

// lastSpans is how long the end of the process waits for spans to be sent.
const lastSpans = 3 * time.Second

// endTracing ends a tracer, once the requests that it traces are over.
func endTracing(tracer *trace.Tracer) {
	end := func() {
		ctx, cancel := context.WithTimeout(context.Background(), lastSpans)
		defer cancel()
		_ = tracer.Close(ctx) // which has told its log
	}
	switch {
	case tracer == nil:
	case caddy.Exiting():
		end()
	default:
		later.Close(end)
	}
}

// UnmarshalCaddyfile reads the block:
//
//	tracing {
//	    endpoint <url>
//	    protocol http/protobuf|grpc
//	    ratio    <share>
//	    errors   <share>
//	    service  <name>
//	    trust_clients
//	}
func (t *Tracing) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	return block.Keys{
		"endpoint": block.Text(&t.Endpoint), "protocol": block.Text(&t.Protocol), "service": block.Text(&t.Service),
		"ratio": share(&t.Ratio), "errors": share(&t.Errors), "trust_clients": block.Flag(&t.TrustClients),
	}.Read(d)
}

// share reads a number from 0 to 1, once.
func share(value **float64) func(d *caddyfile.Dispenser) error {
	return func(d *caddyfile.Dispenser) error {
		key, given := d.Val(), ""
		if *value != nil {
			return d.Errf("%s is given twice", key)
		}
		if !d.AllArgs(&given) {
			return d.ArgErr()
		}
		n, err := strconv.ParseFloat(given, 64)
		if err != nil || !(n >= 0 && n <= 1) {
			return d.Errf("%s: %q is no number from 0 to 1", key, given)
		}
		*value = &n
		return nil
	}
}
