package e2e

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"ficus/gateway/gatewaytest"
)

// collected are the spans that an OTLP receiver got, by name: their trace and their id.
type collected struct {
	mu    sync.Mutex
	spans map[string][2]string
}

func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &request) != nil {
		http.Error(w, "no request", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range request.GetResourceSpans() {
		for _, scope := range of.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans[s.GetName()] = [2]string{hex.EncodeToString(s.GetTraceId()), hex.EncodeToString(s.GetSpanId())}
			}
		}
	}
}

// One request, as its backend, the collector of traces, the log and the metrics see it: by
// the same ids, without its secrets.
func TestObserved(t *testing.T) {
	got := make(chan http.Header, 10)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header
		_, _ = io.WriteString(w, "hello")
	}))
	defer backend.Close()
	spans := &collected{spans: map[string][2]string{}}
	receiver := httptest.NewServer(spans)
	defer receiver.Close()
	logged := filepath.Join(t.TempDir(), "access.log")
	g := runShipped(t, backend.URL,
		"\tficus {\n", "\tficus {\n\t\ttracing {\n\t\t\tendpoint "+receiver.URL+"\n\t\t\tratio 1\n\t\t}\n",
		"{$FICUS_ADDRESS:http://:8080} {\n", "{$FICUS_ADDRESS:http://:8080} {\n\tlog {\n\t\toutput file "+logged+"\n\t\tformat ecs\n\t}\n",
		"\n\tficus\n", "\n\tficus {\n\t\trequest_id\n\t}\n",
	)
	r, err := http.NewRequest("GET", g.url+"/page?token=s3cr3t", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer s3cr3t")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	sent := <-got
	exposed := scraped(t, g.admin)
	if err := g.stop(syscall.SIGTERM); err != nil {
		t.Errorf("the end: %v", err)
	}

	try, whole := spans.spans["try legacy"], spans.spans["GET default"]
	if want := fmt.Sprintf("00-%s-%s-01", whole[0], try[1]); whole[0] == "" || sent.Get("Traceparent") != want {
		t.Errorf("the backend got traceparent %q, want %q; spans %v", sent["Traceparent"], want, spans.spans)
	}
	id := answer.Header.Get("X-Request-Id")
	if id == "" || sent.Get("X-Request-Id") != id {
		t.Errorf("request id %q to the client, %q to the backend", id, sent.Get("X-Request-Id"))
	}
	if !strings.Contains(exposed, whole[0]) {
		t.Error("no exemplar names the trace")
	}
	line, text := lastLine(t, logged)
	if line.Trace.ID != whole[0] || line.HTTP.Request.ID != id || line.URL.Query != "token=REDACTED" || line.Ficus["route"] != "default" || line.Ficus["sent_bytes"] != 5. {
		t.Errorf("%s", text)
	}
	if strings.Contains(text, "s3cr3t") {
		t.Errorf("a secret is in the log: %s", text)
	}
}

// ecsLine is some of a line of the access log.
type ecsLine struct {
	Trace struct{ ID string }
	URL   struct{ Query string }
	HTTP  struct{ Request struct{ ID string } }
	Ficus map[string]any
}

// lastLine returns the last line of a log file.
func lastLine(t *testing.T, path string) (line ecsLine, text string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		text = lines.Text()
	}
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return line, text
}

// scraped waits for the first request to be counted. It asks as Prometheus does where it
// wants native histograms: the text of Caddy's admin endpoint has no exemplars.
func scraped(t *testing.T, admin string) (text string) {
	t.Helper()
	gatewaytest.Await(t, "the request to be counted", func() bool {
		r, err := http.NewRequest("GET", admin+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		text = string(body)
		return err == nil && strings.Contains(text, "ficus_request_duration_seconds")
	})
	return text
}
