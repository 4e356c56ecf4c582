package trace

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// Config is how traces are made and where they go. What it leaves open, OpenTelemetry's own
// environment says: OTEL_EXPORTER_OTLP_* where and how to send, OTEL_SERVICE_NAME,
// OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and _ARG, OTEL_BSP_* how much waits to be
// sent. OTEL_SDK_DISABLED=true and OTEL_TRACES_EXPORTER=none switch traces off.
type Config struct {
	// Endpoint is the URL of the collector, http or https. Over HTTP a URL without a path
	// gets /v1/traces. Default: that of the environment, else this machine's.
	Endpoint string

	Protocol string   // "http/protobuf" or "grpc". Default: that of the environment, else http/protobuf
	Ratio    *float64 // share of traces that are kept, 0 to 1. Default: that of the environment, else 0.01
	Errors   *float64 // share of the others that are kept if the request fails, 0 to 1. Default: 1
	Service  string   // Default: that of the environment, else "ficus"

	// TrustClients lets every client decide that its trace is kept, or is not, and not only
	// trusted proxies.
	TrustClients bool

	Logger *slog.Logger
	Getenv func(string) string // Default: os.Getenv; the exporters read the process' own

	Exporter sdk.SpanExporter // where spans go in place of the endpoint
	Random   func() float64   // from 0 to below 1, called concurrently. Default: math/rand/v2's
}

const (
	defaultRatio = 0.01
	maxValue     = 1024 // bytes of an attribute, where the environment sets no limit
)

// New returns a tracer, nil where the environment switches traces off. Nothing is sent yet,
// so a collector that is away is no error.
func New(ctx context.Context, c Config) (*Tracer, error) {
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	if strings.EqualFold(c.Getenv("OTEL_SDK_DISABLED"), "true") || c.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	ratio, err := c.ratio()
	if err != nil {
		return nil, err
	}
	errors := 1.0
	if c.Errors != nil {
		errors = *c.Errors
	}
	for _, share := range []float64{ratio, errors} {
		if !(share >= 0 && share <= 1) {
			return nil, fmt.Errorf("a share of traces is from 0 to 1, and %v is not", share)
		}
	}
	about, err := c.resource(ctx)
	if err != nil {
		return nil, err
	}
	exporter := c.Exporter
	if exporter == nil {
		if exporter, err = c.newExporter(ctx); err != nil {
			return nil, err
		}
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	limits := sdk.NewSpanLimits()
	if limits.AttributeValueLengthLimit < 0 {
		limits.AttributeValueLengthLimit = maxValue
	}
	sender := sdk.NewBatchSpanProcessor(&telling{SpanExporter: exporter, logger: c.Logger})
	provider := sdk.NewTracerProvider(sdk.WithSampler(decided{}), sdk.WithSpanProcessor(sender), sdk.WithResource(about), sdk.WithRawSpanLimits(limits))
	return &Tracer{
		provider: provider, spans: provider.Tracer("ficus"), sender: sender,
		ratio: ratio, errors: errors, trusting: c.TrustClients, random: c.Random,
	}, nil
}

// ratio reads of OpenTelemetry's samplers the share that they keep. That parents decide goes
// without saying here.
func (c *Config) ratio() (float64, error) {
	if c.Ratio != nil {
		return *c.Ratio, nil
	}
	switch name := c.Getenv("OTEL_TRACES_SAMPLER"); strings.TrimPrefix(name, "parentbased_") {
	case "always_on":
		return 1, nil
	case "always_off":
		return 0, nil
	case "traceidratio":
		share, err := strconv.ParseFloat(cmp.Or(c.Getenv("OTEL_TRACES_SAMPLER_ARG"), "1"), 64)
		if err != nil {
			return 0, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG: %w", err)
		}
		return share, nil
	case "":
		return defaultRatio, nil
	default:
		return 0, fmt.Errorf("OTEL_TRACES_SAMPLER: %q is no sampler that is known here (known: always_on, always_off, traceidratio, each with or without parentbased_)", name)
	}
}

func (c *Config) resource(ctx context.Context) (*resource.Resource, error) {
	options := []resource.Option{
		resource.WithTelemetrySDK(), resource.WithAttributes(text("service.name", "ficus")), resource.WithFromEnv(),
	}
	if c.Service != "" {
		options = append(options, resource.WithAttributes(text("service.name", c.Service)))
	}
	about, err := resource.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return about, nil
}

func (c *Config) newExporter(ctx context.Context) (sdk.SpanExporter, error) {
	endpoint := c.Endpoint
	if endpoint != "" {
		u, err := url.Parse(endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("the endpoint of traces %q is no URL such as http://collector:4318", endpoint)
		}
		if u.Path == "" || u.Path == "/" {
			u.Path = "/v1/traces"
		}
		endpoint = u.String()
	}
	switch protocol := cmp.Or(c.Protocol, c.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), c.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf"); protocol {
	case "http/protobuf":
		var options []otlptracehttp.Option
		if endpoint != "" {
			options = append(options, otlptracehttp.WithEndpointURL(endpoint))
		}
		return otlptracehttp.New(ctx, options...)
	case "grpc":
		var options []otlptracegrpc.Option
		if c.Endpoint != "" {
			options = append(options, otlptracegrpc.WithEndpointURL(c.Endpoint))
		}
		return otlptracegrpc.New(ctx, options...)
	default:
		return nil, fmt.Errorf("the protocol of traces is http/protobuf or grpc, not %q", protocol)
	}
}

// telling says in the log when traces can't be sent, and when they can again. OpenTelemetry
// would tell a handler of the whole process, each time.
type telling struct {
	sdk.SpanExporter
	logger *slog.Logger
	failed atomic.Bool
}

func (t *telling) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := t.SpanExporter.ExportSpans(ctx, spans)
	if was := t.failed.Swap(err != nil); was == (err != nil) {
		return nil
	}
	if err != nil {
		t.logger.Warn("traces can't be sent, and are lost", "error", err)
	} else {
		t.logger.Info("traces are sent again")
	}
	return nil
}
