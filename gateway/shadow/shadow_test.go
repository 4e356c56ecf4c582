package shadow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"ficus/gateway/backend"
	"ficus/gateway/parity"
	"ficus/gateway/route"
	"ficus/gateway/split"
	"ficus/gateway/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeLeaf is a transport that answers by a function.
type fakeLeaf struct {
	answer func(*http.Request) (*http.Response, error)
	closed atomic.Int32
}

func (f *fakeLeaf) RoundTrip(r *http.Request) (*http.Response, error) { return f.answer(r) }
func (f *fakeLeaf) Close() error                                      { f.closed.Add(1); return nil }

// hang answers nothing until the copy is given up.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func reply(status int, body string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}, nil
	}
}

// bench is a Copier with one lane, and what it has counted.
type bench struct {
	*Copier
	t        testing.TB
	leaf     *fakeLeaf
	lane     *Lane
	registry *prometheus.Registry
	route    *telemetry.Route
}

func newBench(t testing.TB, limit route.ShadowLimit, answer func(*http.Request) (*http.Response, error)) *bench {
	t.Helper()
	metrics := telemetry.New()
	b := &bench{t: t, leaf: &fakeLeaf{answer: answer}, registry: prometheus.NewRegistry(), route: metrics.Route("r")}
	if err := metrics.Register(b.registry); err != nil {
		t.Fatal(err)
	}
	b.Copier = New(Config{
		NewLeaf: func(route.Backend) (backend.Leaf, error) { return b.leaf, nil },
		Key:     split.NewKey("k"), Metrics: metrics, Random: func() float64 { return 0.5 },
		Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	b.lane = b.use(route.Backend{Name: "cart", Addresses: []string{"http://a:1", "http://b:2"}, ShadowLimit: limit})["cart"]
	return b
}

func (b *bench) use(backends ...route.Backend) map[string]*Lane {
	b.t.Helper()
	named := map[string]route.Backend{}
	for _, d := range backends {
		named[d.Name] = d
	}
	lanes, err := b.Use(named)
	if err != nil {
		b.t.Fatal(err)
	}
	return lanes
}

var rules = parity.Compile(route.Shadow{})

// copy hands over a copy of a request that legacy answered by 200 and a body.
func (b *bench) copy(body string) {
	b.t.Helper()
	kept, reason := b.lane.Capture(rules, 1000)
	if reason != "" {
		b.route.ShadowDropped(string(reason))
		return
	}
	kept.Begin(200, http.Header{}, -1)
	kept.Write([]byte(body))
	b.lane.Send(&Copy{Request: request(b.t), Send: plainly, Count: b.route}, kept)
}

func request(t testing.TB) *http.Request {
	r, err := http.NewRequest("GET", "http://client/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func plainly(r *http.Request, to http.RoundTripper) (*http.Response, error) { return to.RoundTrip(r) }

// count returns the sum of the series of a metric, of those with a word among their labels.
func (b *bench) count(metric, word string) (sum float64) {
	b.t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			matches := word == ""
			for _, l := range m.GetLabel() {
				matches = matches || l.GetValue() == word
			}
			if f.GetName() == metric && matches {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func (b *bench) want(metric, word string, want float64) {
	b.t.Helper()
	if got := b.count(metric, word); got != want {
		b.t.Errorf("%s %s: %v, want %v", metric, word, got, want)
	}
}

// idle checks that nothing is left of copies.
func (b *bench) idle() {
	b.t.Helper()
	b.want("ficus_shadow_captured_bytes", "", 0)
	b.want("ficus_shadow_queued", "", 0)
	b.want("ficus_shadow_in_flight", "", 0)
	if used := b.memory.used.Load(); used != 0 {
		b.t.Errorf("%d bytes are still taken", used)
	}
}

func TestResults(t *testing.T) {
	tests := map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		want   parity.Kind
	}{
		"match":     {reply(200, "same"), parity.Match},
		"status":    {reply(500, "same"), parity.Status},
		"body":      {reply(200, "other"), parity.Body},
		"too large": {reply(200, strings.Repeat("x", 1001)), parity.TooLarge},
		"error":     {func(*http.Request) (*http.Response, error) { return nil, errors.New("reset") }, parity.Failed},
		"timeout":   {hang, parity.Timeout},
		"panic":     {func(*http.Request) (*http.Response, error) { panic("a bug") }, parity.Failed},
		"a body without end": {func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(endless{}), ContentLength: -1}, nil
		}, parity.TooLarge},
		"a body that never comes": {func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: hanging{r.Context()}, ContentLength: 4}, nil
		}, parity.Timeout},
		"a body that breaks off": {func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader("sa"), broken{})), ContentLength: 4}, nil
		}, parity.Failed},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, route.ShadowLimit{}, tc.answer)
				b.copy("same")
				time.Sleep(time.Minute)
				synctest.Wait()
				b.want("ficus_shadow_total", string(tc.want), 1)
				b.want("ficus_shadow_total", "", 1)
				b.want("ficus_shadow_dropped_total", "", 0)
				b.idle()
				b.Close()
			})
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type hanging struct{ ctx context.Context }

func (h hanging) Read([]byte) (int, error) { <-h.ctx.Done(); return 0, h.ctx.Err() }
func (h hanging) Close() error             { return nil }

// slow answers right after a time.
func slow(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(900 * time.Millisecond):
		return reply(200, "x")(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// A slow side gets as many copies as it may have, and the rest is dropped: by the queue,
// and by its age what waited too long.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, route.ShadowLimit{MaxInflight: 2, Queue: 3, Timeout: time.Second}, slow)
		for range 10 {
			b.copy("x")
		}
		b.want("ficus_shadow_queued", "cart", 3)
		synctest.Wait()
		b.want("ficus_shadow_in_flight", "cart", 2)
		b.want("ficus_shadow_dropped_total", "queue", 5)
		time.Sleep(time.Second)
		synctest.Wait()
		b.want("ficus_shadow_total", "match", 2)
		b.want("ficus_shadow_queued", "cart", 1)
		time.Sleep(time.Second) // now the last one has waited for 1.8 s
		synctest.Wait()
		b.want("ficus_shadow_total", "match", 4)
		b.want("ficus_shadow_dropped_total", "late", 1)
		b.idle()
		b.copy("x") // workers start again
		synctest.Wait()
		b.want("ficus_shadow_in_flight", "cart", 1)
		b.Close()
		b.want("ficus_shadow_dropped_total", "closed", 1)
	})
}

// A side that fails is left alone, for longer each time, until it succeeds.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, healthy := 0, false
		b := newBench(t, route.ShadowLimit{MaxInflight: 1, Queue: 5}, func(r *http.Request) (*http.Response, error) {
			if asked++; healthy {
				return reply(200, "x")(r)
			}
			return nil, errors.New("reset")
		})
		for range 60_000 { // a minute
			b.copy("x")
			synctest.Wait()
			time.Sleep(time.Millisecond)
		}
		if asked < 60 || asked > 70 {
			t.Errorf("a side that fails was asked %d times in a minute", asked)
		}
		b.want("ficus_shadow_dropped_total", "failing", float64(60_000-asked))
		healthy = true
		time.Sleep(maxRest)
		asked = 0
		for range 100 {
			b.copy("x")
			synctest.Wait()
		}
		if asked != 100 {
			t.Errorf("a side that works again was asked %d times of 100", asked)
		}
		b.idle()
		b.Close()
	})
}

// What waits behind a copy that fails is dropped.
func TestRestDropsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, route.ShadowLimit{MaxInflight: 2, Queue: 3, Timeout: time.Second}, hang)
		for range 10 {
			b.copy("x")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		b.want("ficus_shadow_total", "timeout", 2)
		b.want("ficus_shadow_dropped_total", "queue", 5)
		b.want("ficus_shadow_dropped_total", "failing", 3)
		b.idle()
		b.Close()
	})
}

// Closing drops what waits, cuts off what is under way and closes each transport once.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, route.ShadowLimit{MaxInflight: 1, Queue: 5, Timeout: time.Minute}, hang)
		kept, _ := b.lane.Capture(rules, 10)
		kept.Begin(200, http.Header{}, 1)
		for range 3 {
			b.copy("x")
		}
		synctest.Wait()
		started := time.Now()
		b.Close()
		if took := time.Since(started); took != 0 {
			t.Errorf("closing took %v", took)
		}
		if n := b.leaf.closed.Load(); n != 2 { // one for each address, which share this one here
			t.Errorf("the transport was closed %d times", n)
		}
		b.lane.Send(&Copy{Request: request(t), Send: plainly, Count: b.route}, kept)
		b.want("ficus_shadow_dropped_total", "closed", 4)
		if used := b.memory.used.Load(); used != 0 {
			t.Errorf("%d bytes are still taken", used)
		}
	})
}

// A lane lives as long as its backend does not change.
func TestUse(t *testing.T) {
	b := newBench(t, route.ShadowLimit{}, reply(200, ""))
	defer b.Close()
	cart := route.Backend{Name: "cart", Addresses: []string{"http://a:1", "http://b:2"}, Origin: route.Origin{File: "moved.yaml"}}
	if b.use(cart)["cart"] != b.lane {
		t.Error("a backend that did not change has another lane")
	}
	first := b.leaf
	b.leaf = &fakeLeaf{answer: reply(200, "")}
	cart.Addresses = cart.Addresses[:1]
	if b.use(cart)["cart"] == b.lane || first.closed.Load() != 2 { // one for each address
		t.Error("a backend that changed kept its lane")
	}
	b.NewLeaf = func(d route.Backend) (backend.Leaf, error) {
		if d.Name == "bad" {
			return nil, errors.New("no")
		}
		return &fakeLeaf{}, nil
	}
	if _, err := b.Use(map[string]route.Backend{"bad": {Name: "bad", Addresses: []string{"http://c:1"}}, "good": {Name: "good"}}); err == nil {
		t.Error("no error")
	}
	if b.leaf.closed.Load() != 0 || b.lanes["cart"] == nil || len(b.lanes) != 1 {
		t.Error("after an error not all is as it was")
	}
	b.use()
	if b.leaf.closed.Load() != 1 || b.count("ficus_shadow_queued", "cart") != 0 {
		t.Error("a backend that is gone has a lane")
	}
}

// All that is captured and read, in whatever order it ends, stays below the limit.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, route.ShadowLimit{MaxInflight: 10, Queue: 10, Timeout: time.Second}, hang)
		b.memory.limit = 5000
		for range 4 {
			b.copy(strings.Repeat("x", 900)) // and some 2 KiB for the request
		}
		synctest.Wait()
		if used := b.memory.used.Load(); used > 5000 {
			t.Errorf("%d bytes are taken", used)
		}
		b.want("ficus_shadow_dropped_total", "memory", 3)
		time.Sleep(time.Second)
		synctest.Wait()
		b.idle()
		b.Close()
	})
}

// A new side whose answer exceeds the memory that is left is not compared.
func TestMemoryForTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, route.ShadowLimit{}, reply(200, strings.Repeat("x", 900)))
		b.memory.limit = 3000
		b.copy("x")
		synctest.Wait()
		b.want("ficus_shadow_dropped_total", "memory", 1)
		b.idle()
		b.Close()
	})
}

// Each copy is marked and goes to the addresses in turn; nothing of the header that the
// client's request has is written to.
func TestSent(t *testing.T) {
	var mu sync.Mutex
	var hosts []string
	var bench *bench
	bench = newBench(t, route.ShadowLimit{MaxInflight: 1}, func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		hosts = append(hosts, r.URL.Scheme+"://"+r.URL.Host)
		if bench.Marked(r.Header) == nil {
			t.Errorf("no mark: %v", r.Header)
		}
		return reply(200, "x")(r)
	})
	for range 4 {
		bench.copy("x")
	}
	bench.workers.Wait()
	bench.Close()
	if got := fmt.Sprint(hosts); got != "[http://b:2 http://a:1 http://b:2 http://a:1]" {
		t.Errorf("asked %v", got)
	}
}

func TestRefused(t *testing.T) {
	b := newBench(t, route.ShadowLimit{}, reply(200, ""))
	kept, _ := b.lane.Capture(rules, 10)
	kept.Begin(200, http.Header{}, 0)
	b.lane.Send(&Copy{Request: request(t), Count: b.route, Send: func(*http.Request, http.RoundTripper) (*http.Response, error) {
		return nil, fmt.Errorf("%w: why", ErrNotSent)
	}}, kept)
	b.workers.Wait()
	b.want("ficus_shadow_dropped_total", "refused", 1)
	b.want("ficus_shadow_total", "", 0)
	b.Close()
}

func TestCapture(t *testing.T) {
	tests := map[string]struct {
		status int
		header http.Header
		length int64
		writes []string
		want   Reason
	}{
		"whole":           {status: 200, length: 2, writes: []string{"a", "b"}},
		"nothing came":    {want: Incomplete},
		"not modified":    {status: 304, want: Partial},
		"a part":          {status: 206, length: 1, writes: []string{"a"}, want: Partial},
		"a condition":     {status: 412, want: Partial},
		"no such range":   {status: 416, want: Partial},
		"events":          {status: 200, header: http.Header{"Content-Type": {"Text/Event-Stream; charset=utf-8"}}, length: -1, writes: []string{"data:"}, want: Stream},
		"larger, unknown": {status: 200, length: -1, writes: []string{strings.Repeat("x", 9), "xx"}},
		"larger, known":   {status: 200, length: 11},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, route.ShadowLimit{}, reply(200, ""))
			defer b.Close()
			kept, _ := b.lane.Capture(rules, 10)
			if tc.status != 0 {
				kept.Begin(tc.status, tc.header, tc.length)
			}
			for _, w := range tc.writes {
				kept.Write([]byte(w))
			}
			got, reason := kept.answer()
			if reason != tc.want {
				t.Fatalf("reason %q, want %q", reason, tc.want)
			}
			if all := strings.Join(tc.writes, ""); reason == "" && (got.TooLarge != (tc.length > 10 || len(all) > 10) || !got.TooLarge && string(got.Body) != all) {
				t.Errorf("kept %+v of %q", got, all)
			}
			kept.Release()
			b.idle()
		})
	}
}

func TestChosen(t *testing.T) {
	b := newBench(t, route.ShadowLimit{}, nil)
	defer b.Close()
	for share, want := range map[float64]bool{100: true, 50.1: true, 50: false, 0.001: false} { // the number drawn is 0.5
		if b.Chosen(share) != want {
			t.Errorf("a share of %v: %v", share, !want)
		}
	}
}
