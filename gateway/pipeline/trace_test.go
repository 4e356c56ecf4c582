package pipeline

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"ficus/gateway/route"
	"ficus/gateway/telemetry/trace"
)

type spans struct{ all []sdk.ReadOnlySpan }

func (s *spans) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	s.all = append(s.all, spans...)
	return nil
}

func (s *spans) Shutdown(context.Context) error { return nil }

// tellingLeaf answers by status codes, one after the other, and keeps what it was told of traces.
type tellingLeaf struct {
	statuses []int
	told     [][]string
}

func (*tellingLeaf) Close() error { return nil }

func (l *tellingLeaf) RoundTrip(r *http.Request) (*http.Response, error) {
	l.told = append(l.told, r.Header["Traceparent"])
	status := l.statuses[0]
	if len(l.statuses) > 1 {
		l.statuses = l.statuses[1:]
	}
	return &http.Response{StatusCode: status, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("hello"))}, nil
}

// Each try has its span, of which its backend is told; the last one is legacy's.
func TestTracedTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := &tellingLeaf{statuses: []int{503, 503, 200}}
		p, registry := inBubble(t, leaf, route.Definition{ID: "cart", Match: "GET /cart/{id}", Settings: route.Settings{Backend: "other", Stage: route.StageNew}})
		defer p.Close()
		to, ratio := &spans{}, 1.0
		tracer, err := trace.New(t.Context(), trace.Config{Ratio: &ratio, Exporter: to, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		p.UseTracing(tracer)
		x := &Exchange{}
		if err := p.Serve(httptest.NewRecorder(), httptest.NewRequest("GET", "/cart/7?a=b", nil), Client{IP: "192.0.2.1"}, x); err != nil {
			t.Fatal(err)
		}
		if err := tracer.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, s := range to.all {
			about := s.Name()
			for _, a := range s.Attributes() {
				if strings.HasPrefix(string(a.Key), "ficus.") || a.Key == "http.route" || a.Key == "server.address" {
					about += " " + strings.TrimPrefix(string(a.Key), "ficus.") + "=" + a.Value.String()
				}
			}
			got = append(got, about)
			if i < 3 {
				if want := "00-" + x.TraceID() + "-" + s.SpanContext().SpanID().String() + "-01"; len(leaf.told[i]) != 1 || leaf.told[i][0] != want {
					t.Errorf("try %d told its backend %q, want %s", i+1, leaf.told[i], want)
				}
			}
		}
		want := []string{
			"try other backend=other side=new try=1 server.address=other",
			"try other backend=other side=new try=2 server.address=other",
			"try legacy backend=legacy side=legacy try=3 server.address=legacy",
			"forward",
			"GET cart http.route=/cart/{id} route=cart stage=new side=legacy clock=file tries=3 fallback=status",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if !strings.Contains(exemplars(t, registry), x.TraceID()) {
			t.Error("the duration does not point at the trace")
		}
	})
}

// exemplars returns those of all histograms, as text.
func exemplars(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, b := range m.GetHistogram().GetBucket() {
				text.WriteString(b.GetExemplar().String())
			}
		}
	}
	return text.String()
}

// Without tracing nothing is added, and what a client says of its trace passes untouched.
func TestUntraced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leaf := &tellingLeaf{statuses: []int{200}}
		p, _ := inBubble(t, leaf, route.Definition{ID: "cart", Match: "/", Settings: route.Settings{Backend: "other", Stage: route.StageNew}})
		defer p.Close()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Traceparent"] = []string{"anything", "at all"}
		for _, r := range []*http.Request{r, httptest.NewRequest("GET", "/", nil)} {
			x := &Exchange{}
			if err := p.Serve(httptest.NewRecorder(), r, Client{}, x); err != nil || x.TraceID() != "" {
				t.Errorf("%v, trace %q", err, x.TraceID())
			}
		}
		if diff := cmp.Diff([][]string{{"anything", "at all"}, nil}, leaf.told); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}
