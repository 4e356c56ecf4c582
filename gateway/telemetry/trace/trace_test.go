package trace

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kept collects what a tracer sends.
type kept struct {
	mu    sync.Mutex
	spans []sdk.ReadOnlySpan
}

func (k *kept) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.spans = append(k.spans, spans...)
	return nil
}

func (k *kept) Shutdown(context.Context) error { return nil }

func (k *kept) names() (names []string) {
	for _, s := range k.spans {
		names = append(names, s.Name())
	}
	return names
}

func newTracer(t testing.TB, ratio, errors float64, trusting bool) (*Tracer, *kept) {
	t.Helper()
	k := &kept{}
	tracer, err := New(t.Context(), Config{
		Ratio: &ratio, Errors: &errors, TrustClients: trusting, Exporter: k, Random: func() float64 { return .5 },
		Getenv: func(string) string { return "" }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tracer.Close(context.Background()) })
	return tracer, k
}

const (
	parentID   = "0af7651916cd43dd8448eb211c80319c"
	sampled    = "00-" + parentID + "-b7ad6b7169203331-01"
	notSampled = "00-" + parentID + "-b7ad6b7169203331-00"
)

func from(header ...string) *http.Request {
	r := httptest.NewRequest("GET", "/cart/7?token=secret", nil)
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// serve takes a request through two rooms and one try, and returns what the backend got.
func serve(t *testing.T, tracer *Tracer, r *http.Request, trusted bool, answer Answer) (q *Request, out http.Header, keeps bool) {
	t.Helper()
	q = tracer.Begin(r, trusted)
	q.Room("identify").End()
	room := q.Room("forward")
	sent := httptest.NewRequest("GET", "http://127.0.0.1:9103/cart/7", nil)
	sent.Header = r.Header.Clone()
	try := q.Try(sent, "new", "cart", 1)
	try.End(answer.Status, "", nil)
	room.End()
	keeps = q.End(func() Answer { return answer })
	return q, sent.Header, keeps
}

func TestWhatIsKept(t *testing.T) {
	ok, failed, fellBack := Answer{Status: 200}, Answer{Status: 502}, Answer{Status: 200, Fallback: "timeout"}
	for name, tc := range map[string]struct {
		ratio, errors     float64
		trusted, trusting bool
		header            []string
		answer            Answer
		keeps             bool
		flags             string // that the backend gets
	}{
		"by chance":                             {ratio: .6, answer: ok, keeps: true, flags: "01"},
		"not by chance":                         {ratio: .4, answer: ok, flags: "00"},
		"failed":                                {errors: .6, answer: failed, keeps: true, flags: "00"},
		"legacy answered":                       {errors: .6, answer: fellBack, keeps: true, flags: "00"},
		"failed, and not by chance":             {errors: .4, answer: failed, flags: "00"},
		"not failed":                            {errors: 1, answer: ok, flags: "00"},
		"a trusted proxy says so":               {trusted: true, header: []string{"Traceparent: " + sampled}, answer: ok, keeps: true, flags: "01"},
		"a trusted proxy says not":              {ratio: 1, errors: 1, trusted: true, header: []string{"Traceparent: " + notSampled}, answer: failed, flags: "00"},
		"a client says so, which is not enough": {errors: 0, header: []string{"Traceparent: " + sampled}, answer: ok, flags: "00"},
		"a client says so, and may":             {trusting: true, header: []string{"Traceparent: " + sampled}, answer: ok, keeps: true, flags: "01"},
		"a client says two things":              {trusted: true, header: []string{"Traceparent: " + sampled, "Traceparent: " + sampled}, answer: ok, flags: "00"},
	} {
		t.Run(name, func(t *testing.T) {
			tracer, k := newTracer(t, tc.ratio, tc.errors, tc.trusting)
			q, out, keeps := serve(t, tracer, from(tc.header...), tc.trusted, tc.answer)
			if err := tracer.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if keeps != tc.keeps || (len(k.spans) == 4) != tc.keeps || !tc.keeps && len(k.spans) != 0 {
				t.Errorf("kept %v, sent %q", keeps, k.names())
			}
			parent := out["Traceparent"]
			if len(parent) != 1 || !strings.HasPrefix(parent[0], "00-"+q.ID()+"-") || !strings.HasSuffix(parent[0], "-"+tc.flags) {
				t.Errorf("the backend got %q of trace %s, want flags %s", parent, q.ID(), tc.flags)
			}
			if joined := q.ID() == parentID; joined != (len(tc.header) == 1) {
				t.Errorf("trace %s", q.ID())
			}
		})
	}
}

func TestSpans(t *testing.T) {
	tracer, k := newTracer(t, 1, 0, false)
	_, out, _ := serve(t, tracer, from("Traceparent: "+sampled, "Tracestate: a=1", "Tracestate: b=2"), false, Answer{
		Method: "GET", Path: "/cart/7\xff", Client: "192.0.2.1", Route: "cart", Pattern: "/cart/{id}", Stage: "canary", Side: "new",
		Clock: "file", Tries: 1, Status: 500, Policy: "allowed",
	})
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"identify", "try cart", "forward", "GET cart"}, k.names()); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	identify, try, forward, whole := k.spans[0], k.spans[1], k.spans[2], k.spans[3]
	if whole.Parent().SpanID().String() != "b7ad6b7169203331" || identify.Parent().SpanID() != whole.SpanContext().SpanID() ||
		forward.Parent().SpanID() != whole.SpanContext().SpanID() || try.Parent().SpanID() != forward.SpanContext().SpanID() {
		t.Error("the spans don't hang together")
	}
	if want := "00-" + parentID + "-" + try.SpanContext().SpanID().String() + "-01"; out.Get("Traceparent") != want || len(out["Tracestate"]) != 1 || out.Get("Tracestate") != "a=1,b=2" {
		t.Errorf("the backend got %q and %q, want %q", out["Traceparent"], out["Tracestate"], want)
	}
	got := map[string]string{}
	for _, span := range []sdk.ReadOnlySpan{try, whole} {
		for _, a := range span.Attributes() {
			got[span.SpanKind().String()+" "+string(a.Key)] = a.Value.String()
		}
	}
	want := map[string]string{
		"client ficus.backend": "cart", "client ficus.side": "new", "client ficus.try": "1", "client server.address": "127.0.0.1",
		"client server.port": "9103", "client http.response.status_code": "500", "client error.type": "500",
		"server http.request.method": "GET", "server url.path": "/cart/7\uFFFD", "server client.address": "192.0.2.1",
		"server http.response.status_code": "500", "server http.route": "/cart/{id}", "server ficus.route": "cart", "server ficus.stage": "canary",
		"server ficus.side": "new", "server ficus.clock": "file", "server ficus.tries": "1", "server ficus.policy": "allowed", "server error.type": "500",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attributes (-want +got)\n%s", diff)
	}
}

// A tracestate goes with its traceparent: that of a trace which is not joined stays behind.
func TestTracestateOfNoTrace(t *testing.T) {
	tracer, _ := newTracer(t, 1, 0, false)
	_, out, _ := serve(t, tracer, from("Traceparent: nonsense", "Tracestate: a=1"), true, Answer{})
	if _, ok := out["Tracestate"]; ok || out.Get("Traceparent") == "nonsense" {
		t.Errorf("%v", out)
	}
}

// What ends after its request, as the room of an upgrade does, is no part of the trace.
func TestEndsOnce(t *testing.T) {
	tracer, k := newTracer(t, 0, 1, false)
	q := tracer.Begin(from(), false)
	room := q.Room("forward")
	if !q.End(func() Answer { return Answer{Status: 503, Method: "BREW"} }) {
		t.Error("not kept")
	}
	room.End()
	if q.End(func() Answer { return Answer{Status: 503} }) || q.Room("late") != nil {
		t.Error("it goes on after its end")
	}
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"forward", "HTTP"}, k.names()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// An OTLP/HTTP receiver gets the spans, by configuration or environment.
func TestOTLP(t *testing.T) {
	got := make(chan *collector.ExportTraceServiceRequest, 10)
	paths := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &request) != nil {
			http.Error(w, "no request", http.StatusBadRequest)
			return
		}
		paths <- r.URL.Path
		got <- &request
	}))
	defer receiver.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	t.Setenv("OTEL_SERVICE_NAME", "edge")
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_always_on")
	for name, c := range map[string]Config{"edge": {}, "shop": {Endpoint: receiver.URL, Service: "shop"}} {
		c.Logger = slog.New(slog.DiscardHandler)
		tracer, err := New(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		serve(t, tracer, from(), false, Answer{Status: 200, Path: "\xff"})
		if err := tracer.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if path := <-paths; path != "/v1/traces" {
			t.Errorf("sent to %s", path)
		}
		spans := (<-got).GetResourceSpans()
		service := ""
		for _, a := range spans[0].GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = a.GetValue().GetStringValue()
			}
		}
		if n := len(spans[0].GetScopeSpans()[0].GetSpans()); service != name || n != 4 {
			t.Errorf("%d spans of %q, want 4 of %q", n, service, name)
		}
	}
}

// A collector that is away is told of once, and once more when it is back.
func TestCollectorAway(t *testing.T) {
	var log strings.Builder
	away := true
	to := &telling{SpanExporter: exporterFunc(func() error {
		if away {
			return io.ErrUnexpectedEOF
		}
		return nil
	}), logger: slog.New(slog.NewTextHandler(&log, nil))}
	for _, away = range []bool{true, true, false, false} {
		if err := to.ExportSpans(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "sent again") {
		t.Errorf("%s", &log)
	}
}

type exporterFunc func() error

func (f exporterFunc) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return f() }
func (f exporterFunc) Shutdown(context.Context) error                        { return nil }

func TestConfig(t *testing.T) {
	half, five := .5, 5.
	for name, tc := range map[string]struct {
		c     Config
		env   map[string]string
		off   bool
		ratio float64
		err   string
	}{
		"default":            {ratio: defaultRatio},
		"ratio":              {c: Config{Ratio: &half}, env: map[string]string{"OTEL_TRACES_SAMPLER": "always_on"}, ratio: .5},
		"sampler":            {env: map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}, ratio: .25},
		"sampler off":        {env: map[string]string{"OTEL_TRACES_SAMPLER": "always_off"}},
		"sampler unknown":    {env: map[string]string{"OTEL_TRACES_SAMPLER": "xray"}, err: "xray"},
		"sampler's argument": {env: map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "x"}, err: "OTEL_TRACES_SAMPLER_ARG"},
		"disabled":           {env: map[string]string{"OTEL_SDK_DISABLED": "TRUE"}, off: true},
		"no exporter":        {env: map[string]string{"OTEL_TRACES_EXPORTER": "none"}, off: true},
		"too much":           {c: Config{Ratio: &five}, err: "from 0 to 1"},
		"no URL":             {c: Config{Endpoint: "collector:4318"}, err: "no URL"},
		"no protocol":        {c: Config{Protocol: "smoke"}, err: "smoke"},
		"grpc":               {c: Config{Endpoint: "http://127.0.0.1:1", Protocol: "grpc"}, ratio: defaultRatio},
	} {
		t.Run(name, func(t *testing.T) {
			tc.c.Getenv, tc.c.Logger = func(name string) string { return tc.env[name] }, slog.New(slog.DiscardHandler)
			tracer, err := New(t.Context(), tc.c)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("%v, want %q", err, tc.err)
				}
				return
			}
			if err != nil || (tracer == nil) != tc.off {
				t.Fatalf("%v, %v", tracer, err)
			}
			if tracer != nil && tracer.ratio != tc.ratio {
				t.Errorf("ratio %v, want %v", tracer.ratio, tc.ratio)
			}
			if err := tracer.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOffCostsNothing(t *testing.T) {
	var tracer *Tracer
	r, answer := from(), func() Answer { panic("nobody asked") }
	if n := testing.AllocsPerRun(100, func() {
		q := tracer.Begin(r, false)
		q.Room("forward").End()
		q.Try(r, "new", "cart", 1).End(200, "", nil)
		q.Propagate(r.Header)
		if q.End(answer) || q.ID() != "" {
			t.Error("there is a trace")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRequest(b *testing.B) {
	for name, tc := range map[string]struct{ ratio, errors float64 }{"not kept": {0, 0}, "noted": {0, 1}, "kept": {1, 0}} {
		b.Run(name, func(b *testing.B) {
			tracer, _ := newTracer(b, tc.ratio, tc.errors, false)
			r := from()
			b.ReportAllocs()
			for b.Loop() {
				q := tracer.Begin(r, false)
				room := q.Room("forward")
				q.Try(r, "new", "cart", 1).End(200, "", nil)
				room.End()
				q.End(func() Answer { return Answer{Method: "GET", Route: "cart", Status: 200} })
			}
		})
	}
}
