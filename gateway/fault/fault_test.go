package fault

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"ficus/gateway/route"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type transport func(r *http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// rehearsal counts what hits, and draws from a list over and over.
type rehearsal struct {
	on    atomic.Bool
	draws []float64
	drawn int
	hits  map[string]int
}

func newRehearsal(draws ...float64) *rehearsal {
	r := &rehearsal{draws: draws, hits: map[string]int{}}
	r.on.Store(true)
	return r
}

func (r *rehearsal) config() Config {
	return Config{On: &r.on, Count: func(kind string) { r.hits[kind]++ }, Random: func() float64 {
		r.drawn++
		return r.draws[(r.drawn-1)%len(r.draws)]
	}}
}

// try sends a request through what there is to go through.
func try(t *testing.T, f *Faults, r *http.Request, header http.Header) (answer string, headersSent bool) {
	t.Helper()
	body := &closed{Reader: strings.NewReader("body")}
	r.Body = body
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{WroteHeaders: func() { headersSent = true }}))
	backend := transport(func(r *http.Request) (*http.Response, error) {
		_ = r.Body.Close()
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})
	through := f.Through(header)
	if through == nil {
		through = func(r *http.Request, next http.RoundTripper) (*http.Response, error) { return next.RoundTrip(r) }
	}
	response, err := through(r, backend)
	if !body.closed {
		t.Error("the request's body is still open")
	}
	if err != nil {
		return err.Error(), headersSent
	}
	rest, err := io.ReadAll(response.Body)
	if err != nil || len(rest) != 0 {
		t.Errorf("the answer's body: %q, %v", rest, err)
	}
	return http.StatusText(response.StatusCode), headersSent
}

type closed struct {
	io.Reader
	closed bool
}

func (c *closed) Close() error { c.closed = true; return nil }

func request(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", "http://backend.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestThrough(t *testing.T) {
	const reset = "read tcp: read: connection reset by peer"
	for _, tc := range []struct {
		name   string
		faults []route.Fault
		header http.Header
		draw   float64
		want   string
		sent   bool
		hits   map[string]int
	}{
		{"none", nil, nil, 0, "OK", false, map[string]int{}},
		{"abort", []route.Fault{{Abort: 503}}, nil, 0.999, "Service Unavailable", true, map[string]int{Abort: 1}},
		{"reset", []route.Fault{{Reset: route.On}}, nil, 0, reset, true, map[string]int{Reset: 1}},
		{"other side", []route.Fault{{Abort: 503, Side: route.FaultyLegacy}}, nil, 0, "OK", false, map[string]int{}},
		{"in the share", []route.Fault{{Abort: 500, Share: 10}}, nil, 0.0999, "Internal Server Error", true, map[string]int{Abort: 1}},
		{"beyond the share", []route.Fault{{Abort: 500, Share: 10}}, nil, 0.1, "OK", false, map[string]int{}},
		{"first of two", []route.Fault{{Abort: 500}, {Reset: route.On}}, nil, 0, "Internal Server Error", true, map[string]int{Abort: 1}},
		{"header", []route.Fault{{Reset: route.On, Header: map[string]route.Wanted{"x-rehearsal": "night*"}}}, http.Header{"X-Rehearsal": {"night 7"}}, 0, reset, true, map[string]int{Reset: 1}},
		{"other header", []route.Fault{{Reset: route.On, Header: map[string]route.Wanted{"x-rehearsal": "night*"}}}, http.Header{"X-Rehearsal": {"day"}}, 0, "OK", false, map[string]int{}},
		{"no header", []route.Fault{{Reset: route.On, Header: map[string]route.Wanted{"x-rehearsal": "*"}}}, http.Header{}, 0, "OK", false, map[string]int{}},
		{"one of two headers", []route.Fault{{Reset: route.On, Header: map[string]route.Wanted{"A": "*", "B": "*"}}}, http.Header{"A": {"1"}}, 0, "OK", false, map[string]int{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRehearsal(tc.draw)
			got, sent := try(t, Compile(tc.faults, route.New, r.config()), request(t), tc.header)
			if got != tc.want || sent != tc.sent {
				t.Errorf("got %q, sent %v", got, sent)
			}
			if diff := cmp.Diff(tc.hits, r.hits); diff != "" {
				t.Errorf("hits (-want +got)\n%s", diff)
			}
		})
	}
}

// Where nothing is to be broken nothing is in the way.
func TestNothingInTheWay(t *testing.T) {
	r := newRehearsal(0)
	f := Compile([]route.Fault{{Abort: 503, Header: map[string]route.Wanted{"A": "*"}}}, route.New, r.config())
	if Compile(nil, route.New, r.config()) != nil || (*Faults)(nil).Through(nil) != nil {
		t.Error("something without faults")
	}
	if f.Through(http.Header{}) != nil {
		t.Error("something for a request that is not meant")
	}
	r.on.Store(false)
	if f.Through(http.Header{"A": {"1"}}) != nil {
		t.Error("something where faults are not allowed")
	}
	if n := testing.AllocsPerRun(100, func() { f.Through(http.Header{}) }); n != 0 {
		t.Errorf("%v allocations for nothing", n)
	}
}

// A reset is what a transport reports of one.
func TestResetIsOne(t *testing.T) {
	r := newRehearsal(0)
	_, err := Compile([]route.Fault{{Reset: route.On}}, route.New, r.config()).Through(nil)(request(t), nil)
	var op *net.OpError
	if !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &op) || op.Timeout() {
		t.Errorf("got %#v", err)
	}
}

// Each try has its own luck.
func TestTriesDiffer(t *testing.T) {
	r := newRehearsal(0.2, 0.8)
	through := Compile([]route.Fault{{Abort: 503, Share: 50}}, route.New, r.config()).Through(nil)
	next := transport(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil })
	for i, want := range []int{503, 200, 503, 200} {
		if answer, err := through(request(t), next); err != nil || answer.StatusCode != want {
			t.Errorf("try %d: %v, %v", i, answer, err)
		}
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(0)
		f := Compile([]route.Fault{{Delay: 300 * time.Millisecond}}, route.New, r.config())
		began := time.Now()
		if got, _ := try(t, f, request(t), nil); got != "OK" || time.Since(began) != 300*time.Millisecond {
			t.Errorf("%q after %v", got, time.Since(began))
		}
		later := Compile([]route.Fault{{Delay: time.Second, Abort: 504}}, route.New, r.config())
		began = time.Now()
		if got, sent := try(t, later, request(t), nil); got != "Gateway Timeout" || !sent || time.Since(began) != time.Second {
			t.Errorf("%q after %v", got, time.Since(began))
		}
		if diff := cmp.Diff(map[string]int{Delay: 2, Abort: 1}, r.hits); diff != "" {
			t.Error(diff)
		}
	})
}

// A delay ends with its request, which counts as sent: to a backend that is slow it would
// have been.
func TestDelayEndsWithRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := Compile([]route.Fault{{Delay: 5 * time.Minute, Abort: 503}}, route.New, newRehearsal(0).config())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		got, sent := try(t, f, request(t).WithContext(ctx), nil)
		if got != context.DeadlineExceeded.Error() || !sent || time.Since(began) != time.Second {
			t.Errorf("%q after %v, sent %v", got, time.Since(began), sent)
		}
	})
}

// Of many requests about the share is hit.
func TestShare(t *testing.T) {
	draws := make([]float64, 10_000)
	for i := range draws {
		draws[i] = float64(i) / float64(len(draws))
	}
	r := newRehearsal(draws...)
	f := Compile([]route.Fault{{Abort: 503, Share: 12.5}}, route.New, r.config())
	for range draws {
		try(t, f, request(t), nil)
	}
	if r.hits[Abort] != 1250 {
		t.Errorf("%d of 10000 were hit, want 1250", r.hits[Abort])
	}
}
