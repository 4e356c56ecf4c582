package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// The load generator gets each answer of the backend whole, and counts as failed what is
// none.
func TestLoad(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBackend("first", 0, map[string][]byte{"/broken": []byte("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")})
	ended := make(chan error, 1)
	go func() { ended <- b.serve(listener) }()
	defer func() {
		_ = listener.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}()
	for _, tc := range []struct {
		name   string
		order  order
		failed bool
	}{
		{"as fast as it goes", order{Paths: []string{"/a", "/b"}, Connections: 3}, false},
		{"at a pace", order{Paths: []string{"/a"}, Connections: 3, Rate: 1000, Idle: 2}, false},
		{"large bodies", order{Method: "POST", Paths: []string{bigPath}, Connections: 1, Body: 100_000}, false},
		{"tokens", order{Paths: []string{"/a"}, Connections: 2, Tokens: []string{"x", "y"}}, false},
		{"failures", order{Paths: []string{"/a", "/broken"}, Connections: 1}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.order.Address = listener.Addr().String()
			l, err := open(tc.order)
			if err != nil {
				t.Fatal(err)
			}
			defer l.close()
			served := b.served.Load()
			r := l.run(50 * time.Millisecond)
			if r.Requests == 0 || (r.Failed > 0) != tc.failed {
				t.Errorf("%+v", r)
			}
			if got := b.served.Load() - served; got != int64(r.Requests+r.Failed) {
				t.Errorf("the backend has served %d, %d were counted", got, r.Requests+r.Failed)
			}
			if r.P50 > r.P99 || r.P99 > r.Max || r.Max == 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestReadHead(t *testing.T) {
	for text, want := range map[string]struct {
		status int
		length int64
		closes bool
		err    bool
	}{
		"HTTP/1.1 200 OK\r\ncontent-LENGTH: 12\r\n\r\n":                 {status: 200, length: 12},
		"HTTP/1.1 502 Bad\r\nConnection: Close\r\n\r\n":                 {status: 502, closes: true},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":         {err: true},
		"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n":               {err: true},
		"HTTP/1.1 200 OK\r\nContent-Length: 1":                          {err: true},
		"HTTP/1.1 200 OK\nX-Other: a\nContent-Length: 3\nServer: x\n\n": {status: 200, length: 3},
		"":                     {err: true},
		"nonsense\r\n\r\n":     {status: 0},
		"HTTP/1.1 2xx\r\n\r\n": {status: 0},
	} {
		var h head
		err := h.readHead(bufio.NewReader(strings.NewReader(text)))
		if (err != nil) != want.err {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && (h.status() != want.status || h.length != want.length || h.closes != want.closes) {
			t.Errorf("%q: %+v, want %+v", text, h, want)
		}
	}
	h := head{length: 5}
	if err := h.skip(bufio.NewReader(strings.NewReader("four"))); err != io.ErrUnexpectedEOF { //nolint:errorlint // returned as it is
		t.Errorf("a body that is cut: %v", err)
	}
}

// Every peer's files can be filled in, with everything on and with nothing.
func TestPeers(t *testing.T) {
	for _, s := range []setup{{}, {Routes: routes(3), Policy: "bench.orders", Everything: true, Tuned: true}, {Shadow: true, Keys: "{}"}} {
		s.Backend, s.Other, s.Listen, s.Admin, s.Dir = "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4", t.TempDir()
		for name, peer := range peers {
			p := &proxy{setup: s, peer: peer}
			texts, err := p.texts()
			if err == nil {
				err = p.write(texts)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A ratio is that of one round, and of rounds the median.
func TestRatio(t *testing.T) {
	s := &standings{rounds: map[string][]figures{"a": {{CPU: 10}, {CPU: 20}, {CPU: 90}}, "b": {{CPU: 20}, {CPU: 40}, {CPU: 90}}}}
	if got := s.ratio("a", "b", cpu); got != .5 {
		t.Errorf("%v", got)
	}
	if got := s.middle("a", cpu); got != 20 {
		t.Errorf("%v", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("%v", got)
	}
}

// Of rounds of edits the medians count, and all that failed.
func TestMiddleOf(t *testing.T) {
	got := middleOf([]edited{
		{Label: "a", Slow: 3, Effect: 30, More: 5, CPU: 7}, {Label: "a", Slow: 1, Effect: 20, More: 9, CPU: 1, Failed: 2}, {Label: "a", Slow: 2, Effect: 90, More: 1, CPU: 4},
	})
	if want := (edited{Label: "a", Failed: 2, Slow: 2, Effect: 30, More: 5, CPU: 4}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A bundle is what was put in, to the last byte.
func TestPack(t *testing.T) {
	text, err := pack("policy.rego", "package a")
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(unzipped)
	if _, err := archive.Next(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(archive); err != nil || string(got) != "package a" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := archive.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}
