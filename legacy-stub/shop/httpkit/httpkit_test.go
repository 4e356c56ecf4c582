package httpkit

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAcceptsGzip(t *testing.T) {
	tests := map[string]bool{
		"":                          false,
		"gzip":                      true,
		"GZIP":                      true,
		"deflate, gzip;q=0.5":       true,
		"gzip;q=0":                  false,
		"gzip; q=0.000, br":         false,
		"*":                         true,
		"*;q=0":                     false,
		"gzip;q=0, *":               false,
		"br":                        false,
		"identity, x-gzip ; q = .3": true,
		"gzip;q=nonsense":           false,
	}
	for header, want := range tests {
		if got := acceptsGzip([]string{header}); got != want {
			t.Errorf("Accept-Encoding %q: %t, want %t", header, got, want)
		}
	}
}

func TestGzip(t *testing.T) {
	long := strings.Repeat("all work and no play ", 100)
	tests := map[string]struct {
		contentType, accept, body string
		status                    int
		header                    http.Header
		zipped, vary              bool
	}{
		"a page":                 {contentType: "text/html; charset=utf-8", accept: "gzip", body: long, zipped: true, vary: true},
		"not asked":              {contentType: "text/html", accept: "", body: long, vary: true},
		"short":                  {contentType: "application/json", accept: "gzip", body: "{}", vary: true},
		"an event stream":        {contentType: "text/event-stream", accept: "gzip", body: long},
		"an export":              {contentType: "text/csv", accept: "gzip", body: long},
		"a photo":                {contentType: "image/png", accept: "gzip", body: long},
		"a download with ranges": {contentType: "text/plain", accept: "gzip", body: long, header: http.Header{"Accept-Ranges": {"bytes"}}},
		"an error page":          {contentType: "text/html", accept: "gzip", body: long, status: 404, zipped: true, vary: true},
		"no body":                {accept: "gzip", status: 204},
		"not modified":           {accept: "gzip", status: 304, header: http.Header{"Etag": {`W/"1"`}}, vary: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.status == 0 {
				tt.status = http.StatusOK
			}
			h := Gzip(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range tt.header {
					w.Header()[k] = v
				}
				if tt.contentType != "" {
					w.Header().Set("Content-Type", tt.contentType)
				}
				w.WriteHeader(tt.status)
				if tt.body != "" {
					_, _ = io.WriteString(w, tt.body)
				}
			}))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Accept-Encoding", tt.accept)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if got := w.Header().Get("Vary") == "Accept-Encoding"; got != tt.vary {
				t.Errorf("Vary %q, want it: %t", w.Header().Get("Vary"), tt.vary)
			}
			if got := w.Header().Get("Content-Encoding") == "gzip"; got != tt.zipped {
				t.Fatalf("compressed: %t, want %t", got, tt.zipped)
			}
			if body := unzipped(t, w); body != tt.body {
				t.Errorf("body %q, want %q", body, tt.body)
			}
		})
	}
}

func unzipped(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Header().Get("Content-Encoding") != "gzip" {
		return w.Body.String()
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHeadHasTheHeadersOfGet(t *testing.T) {
	srv := httptest.NewServer(Gzip(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(bytes.Repeat([]byte("x"), 2000))
	})))
	defer srv.Close()
	tr := &http.Transport{DisableCompression: true}
	defer tr.CloseIdleConnections()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r, err := http.NewRequestWithContext(t.Context(), method, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		resp, err := tr.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.Header.Get("Content-Encoding") != "gzip" || resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: headers %v", method, resp.Header)
		}
	}
}

func TestNotModified(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 500e6, time.UTC)
	second, earlier := at.Format(http.TimeFormat), at.Add(-time.Minute).Format(http.TimeFormat)
	tests := map[string]struct {
		method string
		header http.Header
		want   bool
	}{
		"no condition":            {"GET", nil, false},
		"same tag":                {"GET", http.Header{"If-None-Match": {`W/"p1-7"`}}, true},
		"same tag, strong":        {"GET", http.Header{"If-None-Match": {`"p1-7"`}}, true},
		"one of several":          {"HEAD", http.Header{"If-None-Match": {`"a", W/"p1-7" ,"b"`}}, true},
		"in two lines":            {"GET", http.Header{"If-None-Match": {`"a"`, `"p1-7"`}}, true},
		"any":                     {"GET", http.Header{"If-None-Match": {`*`}}, true},
		"other tag":               {"GET", http.Header{"If-None-Match": {`W/"p1-8"`}}, false},
		"no GET":                  {"POST", http.Header{"If-None-Match": {`W/"p1-7"`}}, false},
		"since":                   {"GET", http.Header{"If-Modified-Since": {second}}, true},
		"changed since":           {"GET", http.Header{"If-Modified-Since": {earlier}}, false},
		"the tag outweighs dates": {"GET", http.Header{"If-None-Match": {`"x"`}, "If-Modified-Since": {second}}, false},
		"no date":                 {"GET", http.Header{"If-Modified-Since": {"yesterday"}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/", nil)
			for k, v := range tt.header {
				r.Header[k] = v
			}
			w := httptest.NewRecorder()
			if got := NotModified(w, r, `W/"p1-7"`, at); got != tt.want || (w.Code == http.StatusNotModified) != tt.want {
				t.Errorf("got %t and status %d, want %t", got, w.Code, tt.want)
			}
			if w.Header().Get("ETag") != `W/"p1-7"` || w.Header().Get("Last-Modified") != second {
				t.Errorf("validators %v", w.Header())
			}
		})
	}
}

func TestLogTellsNoSecrets(t *testing.T) {
	var out bytes.Buffer
	now := time.Now()
	h := Log(slog.New(slog.NewTextHandler(&out, nil)), func() time.Time { now = now.Add(time.Second); return now },
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "tea only", http.StatusTeapot) }))
	r := httptest.NewRequest(http.MethodPost, "/login?token=hush", strings.NewReader("password=hush"))
	r.Header.Set("Cookie", "shop_session=hush")
	h.ServeHTTP(httptest.NewRecorder(), r)
	line := out.String()
	for _, want := range []string{"method=POST", "path=/login", "status=418", "bytes=9", "took=1s"} {
		if !strings.Contains(line, want) {
			t.Errorf("the line lacks %q: %s", want, line)
		}
	}
	if strings.Contains(line, "hush") {
		t.Errorf("the line tells a secret: %s", line)
	}
}

func TestRecover(t *testing.T) {
	sorry := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	quiet := slog.New(slog.DiscardHandler)
	w := httptest.NewRecorder()
	Recover(quiet, sorry, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") })).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", w.Code)
	}
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("after a first byte: %v, want the connection cut", err)
		}
	}()
	Recover(quiet, sorry, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("half")); panic("oh") })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}
