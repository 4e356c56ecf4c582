package grafana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"ficus/gateway/change"
	"ficus/gateway/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2027, 1, 2, 12, 0, 0, 0, time.UTC)

func secret() string { return "glsa_secret" }

// What is sent is what Grafana's manual describes.
func TestRequest(t *testing.T) {
	var request *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"message":"Annotation added","id":1}`)
	}))
	defer server.Close()
	target, err := NewTarget(Config{URL: server.URL + "/grafana/", Token: secret, Tags: []string{"prod"}})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	e := change.Event{
		Time: noon, Until: noon.Add(time.Second), Kind: change.Killed, Route: "cart-" + strings.Repeat("x", 200), Backend: "cart",
		Address: "http://127.0.0.1:9", By: "ann <a@b>", Text: "legacy serves: totals < 0 & wrong",
	}
	if err := target.Post(t.Context(), annotationOf(&e)); err != nil {
		t.Fatal(err)
	}
	if request.Method != "POST" || request.URL.Path != "/grafana/api/annotations" || request.URL.RawQuery != "" {
		t.Errorf("%s %s", request.Method, request.URL)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + secret(), "Accept": "application/json"} {
		if got := request.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	want := map[string]any{
		"time": 1798891200000., "timeEnd": 1798891201000.,
		"tags": []any{"ficus", "killed", "route:cart-" + strings.Repeat("x", 89), "backend:cart", "address:http://127.0.0.1:9", "prod"},
		"text": "killed: cart-" + strings.Repeat("x", 200) + ": legacy serves: totals &lt; 0 &amp; wrong (ann &lt;a@b&gt;)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// An event of one moment has no end, and what is not known no tag.
func TestMoment(t *testing.T) {
	text, _ := json.Marshal(annotationOf(&change.Event{Time: noon, Kind: change.Draining, Text: "the gateway ends"}))
	if want := `{"time":1798891200000,"tags":["ficus","draining"],"text":"draining: the gateway ends"}`; string(text) != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
}

func TestURLs(t *testing.T) {
	for url, want := range map[string]string{
		"https://grafana.example.com": "", "http://127.0.0.1:3000/grafana/": "",
		"": "no URL of Grafana", "grafana:3000": "no URL", "ftp://g": "no URL", "https://g/?a=b": "no URL", "https://g/#x": "no URL", "https:///x": "no URL",
		"https://me:hunter2@g": "give a token", "http://me:hunter2@[g": "can't be read",
	} {
		_, err := NewTarget(Config{URL: url})
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
	}
}

// world is an annotator whose Grafana is a function, in a bubble.
type world struct {
	changes  *change.Recorder
	registry *prometheus.Registry
	*Annotator
	log  strings.Builder
	stop func() // and wait

	mu    sync.Mutex
	posts []string // texts of what was answered with 200
	tries int
}

// roundTrip answers a try.
type roundTrip func(try int, r *http.Request) (int, http.Header, error)

func newWorld(t *testing.T, answer roundTrip) *world {
	w := &world{changes: change.NewRecorder(change.Config{Now: time.Now}), registry: prometheus.NewPedanticRegistry()}
	metrics := telemetry.New()
	if err := metrics.Register(w.registry); err != nil {
		t.Fatal(err)
	}
	w.Annotator = New(w.changes, metrics, slog.New(slog.NewTextHandler(&w.log, nil)))
	target, err := NewTarget(Config{URL: "https://grafana.example.com", Token: secret, Transport: transport{w, answer}})
	if err != nil {
		t.Fatal(err)
	}
	w.Use(target)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	w.stop = func() { cancel(); running.Wait() }
	return w
}

type transport struct {
	world  *world
	answer roundTrip
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	t.world.mu.Lock()
	t.world.tries++
	try := t.world.tries
	t.world.mu.Unlock()
	code, header, err := t.answer(try, r)
	if err != nil {
		return nil, err
	}
	if code == 200 {
		var a Annotation
		if err := json.Unmarshal(body, &a); err != nil {
			return nil, err
		}
		t.world.mu.Lock()
		t.world.posts = append(t.world.posts, a.Text)
		t.world.mu.Unlock()
	}
	return &http.Response{StatusCode: code, Header: header, Body: http.NoBody, Request: r}, nil
}

func well(int, *http.Request) (int, http.Header, error) { return 200, nil, nil }

func (w *world) counted(t *testing.T, sent, failed, dropped int) {
	t.Helper()
	want := fmt.Sprintf(`# HELP ficus_changes_delivered_total Changes, or summaries of several, that others are told of, by sink (event: Caddy's events; grafana: annotations) and result: sent, failed (after all tries) or dropped (too many at once).
# TYPE ficus_changes_delivered_total counter
ficus_changes_delivered_total{result="dropped",sink="event"} 0
ficus_changes_delivered_total{result="failed",sink="event"} 0
ficus_changes_delivered_total{result="sent",sink="event"} 0
ficus_changes_delivered_total{result="dropped",sink="grafana"} %d
ficus_changes_delivered_total{result="failed",sink="grafana"} %d
ficus_changes_delivered_total{result="sent",sink="grafana"} %d
`, dropped, failed, sent)
	if err := testutil.GatherAndCompare(w.registry, strings.NewReader(want), "ficus_changes_delivered_total"); err != nil {
		t.Error(err)
	}
}

// A burst is one annotation a kind, what is alone is one of its own, and a breaker that
// tries in vain is none.
func TestBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, well)
		w.changes.Record(change.Event{Kind: change.TableApplied, Text: "revision 1 serves"})
		for i := range 300 {
			w.changes.Record(change.Event{Kind: change.AddressDown, Backend: fmt.Sprint("b", i), Text: "timeout"})
		}
		w.changes.Record(change.Event{Kind: change.BreakerOpened, Backend: "cart", Text: "after 20 failures"})
		time.Sleep(2 * time.Second)
		for range 10 {
			w.changes.Record(change.Event{Kind: change.BreakerHalfOpen, Backend: "cart"})
			w.changes.Record(change.Event{Kind: change.BreakerOpened, Backend: "cart"})
			time.Sleep(5 * time.Second)
		}
		w.changes.Record(change.Event{Kind: change.BreakerClosed, Backend: "cart", Text: "after 1 success"})
		time.Sleep(2 * time.Second)
		w.stop()
		want := []string{
			"table applied: revision 1 serves", "breaker opened: cart: after 20 failures",
			"address down: 300 times: timeout (300, b0 and others)", "breaker closed: cart: after 1 success",
		}
		if diff := cmp.Diff(want, w.posts); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		w.counted(t, 4, 0, 0)
	})
}

// A Grafana that is away for a while misses nothing; waits are bounded whatever it asks for.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(try int, _ *http.Request) (int, http.Header, error) {
			switch try {
			case 1:
				return 0, nil, errors.New("connection refused")
			case 2:
				return 502, nil, nil
			case 3:
				return 429, http.Header{"Retry-After": {"86400"}}, nil
			}
			return 200, nil, nil
		})
		w.changes.Record(change.Event{Kind: change.Killed, Route: "a", Text: "x"})
		time.Sleep(30 * time.Second)
		w.stop()
		if len(w.posts) != 1 || w.tries != 4 {
			t.Errorf("%v after %d tries", w.posts, w.tries)
		}
		w.counted(t, 1, 0, 0)
	})
}

// What can't be posted is lost and counted, the log hears once that it is so and once that
// it is over, and never of the token.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codes := []int{403, 401, 302, 404, 500, 500, 500, 500, 500, 200, 200}
		w := newWorld(t, func(try int, _ *http.Request) (int, http.Header, error) {
			if try > len(codes) {
				return 0, nil, fmt.Errorf("net/http: invalid header field value for %q", "Authorization: "+secret())
			}
			return codes[try-1], http.Header{"Location": {"https://evil.example"}}, nil
		})
		for i := range 8 {
			w.changes.Record(change.Event{Kind: change.Killed, Text: fmt.Sprint(i)})
			time.Sleep(time.Minute)
		}
		w.stop()
		if diff := cmp.Diff([]string{"killed: 5", "killed: 6"}, w.posts); diff != "" || w.tries != len(codes)+1 {
			t.Errorf("%d tries; (-want +got)\n%s", w.tries, diff)
		}
		if lines := strings.Count(w.log.String(), "\n"); lines != 3 || strings.Contains(w.log.String(), secret()) {
			t.Errorf("%d lines:\n%s", lines, &w.log)
		}
		if !strings.Contains(w.log.String(), "answers 403: the token may not create annotations") {
			t.Errorf("the log does not say why:\n%s", &w.log)
		}
		w.counted(t, 2, 6, 0)
	})
}

// While a Grafana hangs, who records waits for nothing, and what there is no room for is
// counted.
func TestHangingGrafana(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ int, r *http.Request) (int, http.Header, error) {
			<-r.Context().Done()
			return 0, nil, r.Context().Err()
		})
		w.changes.Record(change.Event{Kind: change.Killed, Text: "first"})
		time.Sleep(gather + time.Millisecond) // it is being posted
		begun := time.Now()
		for range Queue + 7 {
			w.changes.Record(change.Event{Kind: change.Killed, Text: "more"})
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("recording took %v", took)
		}
		w.counted(t, 0, 0, 7)
		w.stop()
		if took := time.Since(begun); took > last {
			t.Errorf("the end took %v", took)
		}
	})
}

// The end of the process is told, too, without the usual wait; with nowhere to tell it,
// nothing is kept.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, well)
		w.changes.Record(change.Event{Kind: change.Killed, Route: "a", Text: "x"})
		w.changes.Record(change.Event{Kind: change.Draining, Text: "the gateway ends"})
		begun := time.Now()
		w.stop()
		if len(w.posts) != 2 || time.Since(begun) != 0 {
			t.Errorf("%v after %v", w.posts, time.Since(begun))
		}
		nowhere := newWorld(t, well)
		nowhere.Use(nil)
		nowhere.changes.Record(change.Event{Kind: change.Killed})
		time.Sleep(time.Minute)
		nowhere.stop()
		nowhere.counted(t, 0, 0, 0)
	})
}
