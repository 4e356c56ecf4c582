package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func nothing(string) (string, bool) { return "", false }

// output collects what the program writes and tells the address that it names.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	url   chan string
	found bool
}

var urlField = regexp.MustCompile(`"url":"([^"]+)"`)

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.text.Write(b)
	if m := urlField.FindStringSubmatch(o.text.String()); m != nil && !o.found {
		o.found = true
		o.url <- m[1]
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// The program listens on a free port, answers, and ends cleanly although an event stream is open.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, ended := &output{url: make(chan string, 1)}, make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-data", filepath.Join(t.TempDir(), "new", "folder"), "-log-format", "json"}, nothing, out)
	}()
	var url string
	select {
	case url = <-out.url:
	case err := <-ended:
		t.Fatalf("ended at once: %v\n%s", err, out)
	}
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	get := func(path string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := tr.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	page := get("/api/products/12")
	body, err := io.ReadAll(page.Body)
	_ = page.Body.Close()
	if err != nil || !strings.Contains(string(body), `"url":"`+url+`/products/12"`) {
		t.Errorf("%v, %s: want the listening address as base URL", err, body)
	}
	stream := get("/events/stock")
	cancel()
	if _, err := io.Copy(io.Discard, stream.Body); err != nil {
		t.Errorf("the stream ends with %v, want a clean end", err)
	}
	_ = stream.Body.Close()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v\n%s", err, out)
	}
	if log := out.String(); !strings.Contains(log, `"path":"/api/products/12"`) || strings.Contains(log, "shop_session") {
		t.Errorf("log:\n%s", log)
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	tests := map[string]struct {
		args []string
		want string
	}{
		"address taken":  {[]string{"-addr", taken.Addr().String()}, "address already in use"},
		"unknown flag":   {[]string{"-color"}, "not defined"},
		"argument":       {[]string{"start"}, `unexpected argument "start"`},
		"log format":     {[]string{"-log-format", "xml"}, `log format "xml"`},
		"log level":      {[]string{"-log-level", "loud"}, "loud"},
		"base URL":       {[]string{"-addr", "127.0.0.1:0", "-base-url", "shop"}, `base URL "shop"`},
		"database":       {[]string{"-addr", "127.0.0.1:0", "-db", "/dev/null/shop.db"}, "opening the sqlite database"},
		"PostgreSQL URL": {[]string{"-addr", "127.0.0.1:0", "-db", "postgres://x@127.0.0.1:1/x?connect_timeout=1"}, "opening the postgres database"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), tt.args, nothing, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	env := map[string]string{"SHOP_ADDR": ":80", "SHOP_DEMO_FAULTS": "true", "SHOP_LOG_LEVEL": "warn", "SHOP_BASE_URL": "https://shop.example", "SHOP_DB": ""}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	o, err := parse([]string{"-addr", ":81", "-data", "d"}, lookup, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.addr != ":81" || !o.shop.DemoFaults || o.level != slog.LevelWarn || o.shop.BaseURL != "https://shop.example" || o.shop.DB != "" || o.shop.DataDir != "d" {
		t.Errorf("options %+v: want the environment, and flags over it", o)
	}
	env["SHOP_DEMO_FAULTS"] = "perhaps"
	if _, err := parse(nil, lookup, io.Discard); err == nil || !strings.Contains(err.Error(), `SHOP_DEMO_FAULTS="perhaps"`) {
		t.Errorf("error %v: want the variable's name", err)
	}
	var usage bytes.Buffer
	if err := run(t.Context(), []string{"-help"}, nothing, &usage); !errors.Is(err, flag.ErrHelp) || !strings.Contains(usage.String(), "alice-demo") {
		t.Errorf("-help: %v\n%s", err, usage.String())
	}
}
