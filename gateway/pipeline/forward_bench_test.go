package pipeline

import (
	"bytes"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"ficus/gateway/backend"
	"ficus/gateway/identity"
	"ficus/gateway/route"
	"ficus/gateway/routetable"
	"ficus/gateway/split"
	"ficus/gateway/telemetry"
)

// cannedLeaf answers without a network, so that what is measured is the gateway's own.
type cannedLeaf struct{ body []byte }

func (cannedLeaf) Close() error { return nil }

func (l cannedLeaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: 200, ContentLength: int64(len(l.body)), Request: r,
		Header: http.Header{"Content-Type": {"text/plain"}, "Date": {"Thu, 01 Jan 1970 00:00:00 GMT"}},
		Body:   io.NopCloser(bytes.NewReader(l.body)),
	}, nil
}

// discardWriter is a client that takes everything.
type discardWriter struct{ header http.Header }

func (w *discardWriter) Header() http.Header         { return w.header }
func (w *discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *discardWriter) WriteHeader(int)             {}

func benchmarkForward(b *testing.B, stage route.Stage, method string, body []byte) {
	p := New(Config{
		Backends: backend.NewRegistry(backend.Config{
			NewLeaf: func(route.Backend) (backend.Leaf, error) { return cannedLeaf{make([]byte, 1<<10)}, nil },
			Random:  rand.IntN,
		}),
		Metrics: telemetry.New(), Key: &split.Key{1}, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Issue: func(*identity.Principal, identity.Grant) (string, error) { return "", nil },
	})
	defer p.Close()
	table, problems := routetable.Compile(route.Set{
		Backends: []route.Backend{
			{Name: "legacy", Addresses: []string{"http://legacy:1"}},
			{Name: "other", Addresses: []string{"http://other:1"}, Identity: route.Told{Token: route.Off}},
		},
		Routes: []route.Definition{{ID: "r", Match: "/", Settings: route.Settings{Backend: "other", Stage: stage}}},
	}, routetable.Options{})
	if problems.HasErrors() {
		b.Fatal(problems)
	}
	if problems := p.Publish(table, nil); problems.HasErrors() {
		b.Fatal(problems)
	}
	template := httptest.NewRequest(method, "/api/cart/7?full=1", nil)
	template.Header = http.Header{"Accept": {"*/*"}, "User-Agent": {"bench"}, "Cookie": {"a=b"}, "X-Request-Id": {"7"}}
	ctx := b.Context()
	reader := bytes.NewReader(nil)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		r := template.Clone(ctx)
		if len(body) > 0 {
			reader.Reset(body)
			r.Body, r.ContentLength = io.NopCloser(reader), int64(len(body))
		}
		if err := p.Serve(&discardWriter{http.Header{}}, r, Client{}, &Exchange{}); err != nil {
			b.Fatal(err)
		}
	}
}

// What one request costs the gateway, without server and transport.
func BenchmarkForward(b *testing.B) {
	b.Run("legacy GET", func(b *testing.B) { benchmarkForward(b, route.StageLegacy, "GET", nil) })
	b.Run("new GET", func(b *testing.B) { benchmarkForward(b, route.StageNew, "GET", nil) })
	b.Run("new POST 4KiB", func(b *testing.B) { benchmarkForward(b, route.StageNew, "POST", make([]byte, 4<<10)) })
	b.Run("new PUT 4KiB", func(b *testing.B) { benchmarkForward(b, route.StageNew, "PUT", make([]byte, 4<<10)) })
}
