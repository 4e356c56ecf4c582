package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/route"
)

func request(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://x/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func admit(t testing.TB, b *Backend) *Call {
	t.Helper()
	call, err := b.Admit(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// under returns how many are under way: to the backend, in its bulkhead, at its addresses.
func under(b *Backend) [3]int {
	counts := [3]int{int(b.ledger.inFlight.Load())}
	if b.bulkhead != nil {
		_, counts[1], _ = b.bulkhead.figures()
	}
	for i := range b.members {
		counts[2] += int(b.members[i].inFlight.Load())
	}
	return counts
}

func TestUnderWayUntilTheBodyIsClosed(t *testing.T) {
	d := definition("cart", "http://a:1")
	d.MaxInflight = 10
	b := held(t, d, newWorld())
	call := admit(t, b)
	response, err := call.Try(request(t))
	call.Finish(response, err)
	call.Finish(nil, errors.New("again"))
	if got := under(b); got != [3]int{1, 1, 1} {
		t.Errorf("with the body open: %v", got)
	}
	var closers sync.WaitGroup
	for range 8 {
		closers.Go(func() { response.Body.Close() })
	}
	closers.Wait()
	if got := under(b); got != [3]int{} {
		t.Errorf("after all is closed: %v", got)
	}

	call = admit(t, b) // closed before it is finished
	response, err = call.Try(request(t))
	response.Body.Close()
	if got := under(b); got != [3]int{1, 1, 0} {
		t.Errorf("closed and not finished: %v", got)
	}
	call.Finish(response, err)
	if got := under(b); got != [3]int{} {
		t.Errorf("closed, then finished: %v", got)
	}

	admit(t, b).Finish(nil, context.Canceled) // without a try
	if got := under(b); got != [3]int{} {
		t.Errorf("finished without a try: %v", got)
	}
}

// Through may answer in the backend's place, and panic.
func TestThrough(t *testing.T) {
	w := newWorld()
	b := held(t, definition("cart", "http://a:1"), w)
	for range 20 {
		call := admit(t, b)
		call.Through = func(*http.Request, http.RoundTripper) (*http.Response, error) {
			return &http.Response{StatusCode: 503}, nil // without a body
		}
		response, err := call.Try(request(t))
		call.Finish(response, err)
		response.Body.Close()
	}
	if n := w.count("a:1"); n != 0 {
		t.Errorf("the backend got %d requests", n)
	}
	if _, err := b.Admit(t.Context(), false); !errors.Is(err, ErrOpen) {
		t.Errorf("20 answers in the backend's place were 503, and its breaker says %v", err)
	}
	if got := under(b); got != [3]int{} {
		t.Errorf("%v are left", got)
	}

	b = held(t, definition("other", "http://a:1"), w)
	call := admit(t, b)
	call.Through = func(*http.Request, http.RoundTripper) (*http.Response, error) { panic("on purpose") }
	func() {
		defer func() { _ = recover() }()
		_, _ = call.Try(request(t))
	}()
	call.Finish(nil, errors.New("it panicked"))
	if got := under(b); got != [3]int{} {
		t.Errorf("%v are left after a panic", got)
	}
}

func TestTriesGoToDifferentAddresses(t *testing.T) {
	w := newWorld()
	b := held(t, definition("cart", "http://a:1", "http://b:1", "http://c:1"), w)
	for range 50 {
		w.forget()
		call := admit(t, b)
		var response *http.Response
		for range 3 {
			var err error
			if response, err = call.Try(request(t)); err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
		}
		call.Finish(response, nil)
		if w.count("a:1") != 1 || w.count("b:1") != 1 || w.count("c:1") != 1 {
			t.Fatalf("three tries went to %v", w.asked)
		}
	}
}

// What the call came to counts for the breaker, not each try.
func TestBreakerCountsCalls(t *testing.T) {
	w := newWorld()
	w.says("a:1", 503)
	d := definition("cart", "http://a:1", "http://b:1")
	d.Breaker.EjectAfter = 1000
	b := held(t, d, w)
	for range 100 {
		call := admit(t, b)
		response, err := call.Try(request(t))
		if response.StatusCode == 503 {
			response.Body.Close()
			response, err = call.Try(request(t))
		}
		call.Finish(response, err)
		response.Body.Close()
	}
	if s := b.breaker.Snapshot(); s.State != breaker.Closed || s.Counts.Failures != 0 {
		t.Errorf("%+v although each call had its answer in the end", s)
	}
}

func TestSlowAnswersOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := definition("cart", "http://a:1")
		d.Breaker.Slow = time.Second
		b, set := hold1(t, newWorld().registry(), d)
		defer set.Release()
		for range 20 {
			call := admit(t, b)
			call.Through = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				time.Sleep(1001 * time.Millisecond)
				return next.RoundTrip(r)
			}
			response, err := call.Try(request(t))
			call.Finish(response, err)
			response.Body.Close()
		}
		if !b.breaker.Refuses() {
			t.Error("20 slow answers in a row, and the breaker is closed")
		}
	})
}

// What clients do wrong opens nothing.
func TestClientsOpenNothing(t *testing.T) {
	b := held(t, definition("cart", "http://a:1"), newWorld())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		call := admit(t, b)
		call.Through = func(*http.Request, http.RoundTripper) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
		response, err := call.Try(request(t).WithContext(gone))
		call.Finish(response, err)
	}
	if s := b.breaker.Snapshot(); s.Counts.Failures != 0 || b.members[0].ejection.row.Load() != 0 {
		t.Errorf("%+v, %d failures in a row", s, b.members[0].ejection.row.Load())
	}
}

// brokenBody ends in the middle.
type brokenBody struct{ err error }

func (b brokenBody) Read([]byte) (int, error) { return 0, b.err }
func (brokenBody) Close() error               { return nil }

func TestBodyThatBreaksOff(t *testing.T) {
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for _, tc := range []struct {
		ctx  context.Context
		err  error
		want int
	}{
		{t.Context(), io.ErrUnexpectedEOF, 1},
		{t.Context(), context.Canceled, 0},
		{t.Context(), io.EOF, 0},
		{late, context.DeadlineExceeded, 0}, // perhaps its client reads slowly
	} {
		b := held(t, definition("cart", "http://a:1"), cannedLeaf{brokenBody{tc.err}})
		call := admit(t, b)
		response, err := call.Try(request(t).WithContext(tc.ctx))
		call.Finish(response, err)
		for range 3 {
			_, _ = response.Body.Read(make([]byte, 1))
		}
		response.Body.Close()
		if got := b.breaker.Snapshot().Counts.Failures; got != tc.want {
			t.Errorf("%v: %d failures, want %d", tc.err, got, tc.want)
		}
	}
}

func TestRoundTripKeepsOpenBreakersShut(t *testing.T) {
	w := newWorld()
	w.says("a:1", 0)
	b := held(t, definition("cart", "http://a:1"), w)
	for range 20 {
		_, _ = b.RoundTrip(request(t))
	}
	if _, err := b.RoundTrip(request(t)); !errors.Is(err, ErrOpen) || w.count("a:1") != 20 {
		t.Errorf("%v after %d requests", err, w.count("a:1"))
	}
}

// Whatever calls come to, in whatever order: when all have ended, nothing is under way, and
// the backend takes as many as before.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 1000), 1, 200).Draw(rt, "steps")
		var verdict string
		synctest.Test(t, func(t *testing.T) {
			d := definition("cart", "http://a:1", "http://b:1")
			d.MaxInflight, d.Breaker = 5, route.Breaker{MinRequests: 3, OpenFor: time.Second}
			d.Adaptive = route.Switch(len(steps) % 3)
			w := newWorld()
			b, set := hold1(t, w.registry(), d)
			defer set.Release()
			var calls sync.WaitGroup
			for i, step := range steps {
				w.says("a:1", []int{0, 200, 503}[step%3])
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(step)*time.Millisecond)
				calls.Go(func() {
					defer cancel()
					time.Sleep(time.Duration(step%17) * 10 * time.Millisecond)
					oneOf(ctx, t, b, i+step)
				})
			}
			calls.Wait()
			for i := range b.members { // one that was left out comes back
				w.says(b.members[i].host, 200)
			}
			time.Sleep(time.Hour)
			many(t, b, 50)
			time.Sleep(time.Hour)
			many(t, b, 50)
			limit, _, waiting := b.bulkhead.figures()
			if got := under(b); got != [3]int{} || waiting != 0 || limit < 1 || b.breaker.Snapshot().State != breaker.Closed {
				verdict = fmt.Sprintf("%v under way, %d wait, limit %d, breaker %+v", got, waiting, limit, b.breaker.Snapshot())
			}
		})
		if verdict != "" {
			rt.Fatalf("%s after %v", verdict, steps)
		}
	})
}

// oneOf makes a call that ends in one of many ways.
func oneOf(ctx context.Context, t testing.TB, b *Backend, how int) {
	call, err := b.Admit(ctx, how%2 == 0)
	if err != nil {
		return
	}
	var response *http.Response
	for range how % 4 {
		if response != nil {
			response.Body.Close()
		}
		time.Sleep(time.Duration(how%7) * 50 * time.Millisecond)
		response, err = call.Try(request(t).WithContext(ctx))
	}
	if how%5 == 0 && response != nil {
		response.Body.Close()
	}
	call.Finish(response, err)
	if response != nil {
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

func TestHostStaysTheRequestsOwn(t *testing.T) {
	var host string
	b := held(t, definition("cart", "http://a:1"), cannedLeaf{io.NopCloser(strings.NewReader(""))})
	call := admit(t, b)
	call.Through = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		host = r.Host + " at " + r.URL.Host
		return next.RoundTrip(r)
	}
	r := request(t)
	r.Host = "shop.example"
	response, err := call.Try(r)
	call.Finish(response, err)
	response.Body.Close()
	if host != "shop.example at a:1" {
		t.Error(host)
	}
}
