package alone_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"ficus/gateway/backend/breaker"
	"ficus/gateway/resilience/alone"
	"ficus/gateway/route"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is what is asked: it answers in turn what it is told, and the last of that for ever.
type peer struct {
	says  []func(r *http.Request) (*http.Response, error)
	asked int
}

func (p *peer) RoundTrip(r *http.Request) (*http.Response, error) {
	say := p.says[min(p.asked, len(p.says)-1)]
	p.asked++
	return say(r)
}

func status(code int, header ...string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		response := &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("text"))}
		for i := 0; i < len(header); i += 2 {
			response.Header.Set(header[i], header[i+1])
		}
		return response, nil
	}
}

func fails(text string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, errors.New(text) }
}

func config() alone.Config {
	return alone.Config{
		Breaker: route.Breaker{MinRequests: 3}.Filled(),
		Random:  func() float64 { return 0 },
		Logger:  slog.New(slog.DiscardHandler),
	}
}

func retrying() alone.Config {
	c := config()
	c.Breaker.MinRequests = 1000
	c.Retry, c.Budget = route.Retry{Attempts: 3}.Filled(), route.RetryBudget{}.Filled()
	return c
}

func request(ctx context.Context, method string, body io.Reader) *http.Request {
	r, err := http.NewRequestWithContext(ctx, method, "http://x/", body)
	if err != nil {
		panic(err)
	}
	return r
}

// ask sends one request and reads its answer: 0 is an error.
func ask(t *testing.T, a *alone.Addresses, to string, p *peer, r *http.Request) (int, error) {
	t.Helper()
	response, err := a.RoundTrip(r, to, false, p)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, errors.Join(err, response.Body.Close())
}

func get(t *testing.T, a *alone.Addresses, to string, p *peer) (int, error) {
	t.Helper()
	return ask(t, a, to, p, request(t.Context(), "GET", nil))
}

func TestEachAddressHasItsBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alone.New(config())
		bad, good := &peer{says: says(status(500))}, &peer{says: says(status(200))}
		for range 3 {
			if code, err := get(t, a, "bad", bad); code != 500 {
				t.Fatal(code, err)
			}
		}
		if _, err := get(t, a, "bad", bad); !errors.Is(err, breaker.ErrOpen) || bad.asked != 3 {
			t.Errorf("after 3 failures: %v, asked %d times", err, bad.asked)
		}
		if code, err := get(t, a, "good", good); code != 200 {
			t.Errorf("the other address: %d, %v", code, err)
		}
		time.Sleep(5*time.Second + 1)
		if code, err := get(t, a, "bad", good); code != 200 {
			t.Errorf("when its time is up: %d, %v", code, err)
		}
		refused := 0
		for range 100 {
			if _, err := get(t, a, "bad", good); errors.Is(err, breaker.ErrRamp) {
				refused++
			}
			if response, err := a.RoundTrip(request(t.Context(), "GET", nil), "bad", true, good); err != nil || response.Body.Close() != nil {
				t.Fatalf("a request that nobody else answers: %v", err)
			}
		}
		if refused < 90 {
			t.Errorf("at the beginning of the ramp %d of 100 are refused", refused)
		}
	})
}

func says(all ...func(*http.Request) (*http.Response, error)) []func(*http.Request) (*http.Response, error) {
	return all
}

func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name   string
		method string
		body   string
		says   []func(*http.Request) (*http.Response, error)
		status int
		asked  int
		took   time.Duration
	}{
		{"once", "GET", "", says(status(503), status(200)), 200, 2, 25 * time.Millisecond},
		{"twice", "DELETE", "", says(status(502), fails("reset"), status(200)), 200, 3, 75 * time.Millisecond},
		{"no more", "GET", "", says(status(504)), 504, 3, 75 * time.Millisecond},
		{"no answer", "HEAD", "", says(fails("reset")), 0, 3, 75 * time.Millisecond},
		{"asked to wait", "GET", "", says(status(503, "Retry-After", "1"), status(200)), 200, 2, time.Second},
		{"asked to wait for long", "GET", "", says(status(503, "Retry-After", "2"), status(200)), 503, 1, 0},
		{"another failure", "GET", "", says(status(500), status(200)), 500, 1, 0},
		{"hopeless", "GET", "", says(fails("tls: failed to verify certificate: x509: certificate is not trusted")), 0, 1, 0},
		{"POST", "POST", "", says(status(503), status(200)), 503, 1, 0},
		{"POST without an answer", "POST", "", says(fails("reset")), 0, 1, 0},
		{"a body", "PUT", "text", says(status(503), status(200)), 503, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, p, began := alone.New(retrying()), &peer{says: tt.says}, time.Now()
				var body io.Reader
				if tt.body != "" {
					body = strings.NewReader(tt.body)
				}
				code, err := ask(t, a, "x", p, request(t.Context(), tt.method, body))
				if took := time.Since(began); code != tt.status || p.asked != tt.asked || took != tt.took {
					t.Errorf("status %d (%v), asked %d times in %v; want %d, %d, %v", code, err, p.asked, took, tt.status, tt.asked, tt.took)
				}
			})
		})
	}
}

// Over HTTP/3 a GET has a body that turns out to be none.
func TestEmptyBodyIsNone(t *testing.T) {
	for text, want := range map[string]int{"": 2, "text": 1} {
		synctest.Test(t, func(t *testing.T) {
			read := func(r *http.Request) (*http.Response, error) {
				if got, err := io.ReadAll(r.Body); string(got) != text || err != nil {
					t.Errorf("%q came as %q, %v", text, got, err)
				}
				return status(503)(r)
			}
			again := func(r *http.Request) (*http.Response, error) {
				if r.Body != nil || r.ContentLength != 0 {
					t.Errorf("the second time it has a body, of length %d", r.ContentLength)
				}
				return status(200)(r)
			}
			p := &peer{says: says(read, again)}
			r := request(t.Context(), "GET", io.NopCloser(strings.NewReader(text)))
			r.ContentLength = -1
			if _, err := ask(t, alone.New(retrying()), "x", p, r); err != nil || p.asked != want {
				t.Errorf("%q: asked %d times, want %d (%v)", text, p.asked, want, err)
			}
		})
	}
}

// An outage of all makes no storm.
func TestRetriesHaveABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := retrying()
		c.Breaker.MinRequests, c.Breaker.FailureRatio = 1_000_000, 1
		a, p := alone.New(c), &peer{says: says(status(503))}
		const requests = 1000
		for range requests {
			_, _ = get(t, a, "x", p)
		}
		// The burst, a tenth of the requests, and one for each second that the waits took.
		if retries := p.asked - requests; retries < 100 || retries > 10+requests/10+10 {
			t.Errorf("%d retries for %d requests", retries, requests)
		}
	})
}

// A retry that an open breaker would refuse is none: the client gets the answer that is
// there.
func TestNoRetryOnceItIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := retrying()
		c.Breaker.MinRequests = 1
		a, p := alone.New(c), &peer{says: says(status(503))}
		if code, err := get(t, a, "x", p); code != 503 || p.asked != 1 {
			t.Errorf("status %d (%v), asked %d times", code, err, p.asked)
		}
	})
}

func TestClientThatGoesEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		a, p := alone.New(retrying()), &peer{says: says(status(503))}
		if _, err := ask(t, a, "x", p, request(ctx, "GET", nil)); !errors.Is(err, context.DeadlineExceeded) || p.asked != 1 {
			t.Errorf("%v, asked %d times", err, p.asked)
		}
	})
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
func (broken) Close() error               { return nil }

// What clients do wrong opens no breaker, and what upstreams do wrong after the headers
// does.
func TestWhoseFaultItIs(t *testing.T) {
	upload := func(r *http.Request) (*http.Response, error) {
		_, err := io.Copy(io.Discard, r.Body)
		return nil, err
	}
	cut := func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: broken{io.ErrUnexpectedEOF}}, nil
	}
	gone := func(r *http.Request) (*http.Response, error) { return nil, context.Canceled }
	whole := func() io.Reader { return strings.NewReader("text") }
	for _, tt := range []struct {
		name string
		body func() io.Reader
		says func(*http.Request) (*http.Response, error)
		open bool
	}{
		{"an upload that breaks off", func() io.Reader { return broken{io.ErrUnexpectedEOF} }, upload, false},
		{"a client that goes away", whole, gone, false},
		{"an answer that breaks off", whole, cut, true},
		{"no answer", whole, fails("reset"), true},
		{"an error of the application", whole, status(404), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, p := alone.New(config()), &peer{says: says(tt.says)}
			var err error
			for range 4 {
				_, err = ask(t, a, "x", p, request(t.Context(), "POST", tt.body()))
			}
			if open := errors.Is(err, breaker.ErrOpen); open != tt.open {
				t.Errorf("%s: open %v (%v)", tt.name, open, err)
			}
		})
	}
}

type slowly struct {
	io.Reader
	by time.Duration
}

func (s slowly) Read(p []byte) (int, error) {
	time.Sleep(s.by)
	return s.Reader.Read(p)
}

// Slow is an upstream that takes its time, and not a client that does.
func TestSlow(t *testing.T) {
	for _, tt := range []struct {
		name             string
		upload, thinking time.Duration
		open             bool
	}{
		{"both fast", 0, time.Second, false},
		{"a slow client", time.Minute, time.Second, false},
		{"a slow upstream", 0, time.Second + 1, true},
		{"both slow", time.Minute, time.Second + 1, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := config()
			c.Breaker.Slow = time.Second
			a := alone.New(c)
			p := &peer{says: says(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				time.Sleep(tt.thinking)
				return status(200)(r)
			})}
			var err error
			for range 4 {
				_, err = ask(t, a, "x", p, request(t.Context(), "POST", slowly{strings.NewReader("text"), tt.upload}))
			}
			if open := errors.Is(err, breaker.ErrOpen); open != tt.open {
				t.Errorf("%s: open %v (%v)", tt.name, open, err)
			}
		})
	}
}

// A panic of the transport is not a probe for ever.
func TestPanicGivesThePermitBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, bad, good := alone.New(config()), &peer{says: says(status(500))}, &peer{says: says(status(200))}
		for range 3 {
			_, _ = get(t, a, "x", bad)
		}
		time.Sleep(5*time.Second + 1)
		func() {
			defer func() { _ = recover() }()
			_, _ = get(t, a, "x", &peer{says: says(func(*http.Request) (*http.Response, error) { panic("oops") })})
		}()
		if code, err := get(t, a, "x", good); code != 200 {
			t.Errorf("after a probe that panicked: %d, %v", code, err)
		}
	})
}

// Addresses that clients may think up fill no memory, and what is asked is remembered.
func TestAddressesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, bad, good := alone.New(config()), &peer{says: says(status(500))}, &peer{says: says(status(200))}
		for range 3 {
			_, _ = get(t, a, "first", bad)
			_, _ = get(t, a, "kept", bad)
		}
		open := func(address string) bool {
			time.Sleep(time.Millisecond)
			_, err := get(t, a, address, good)
			return errors.Is(err, breaker.ErrOpen)
		}
		for i := range 1023 {
			if i%100 == 0 && !open("kept") {
				t.Fatal("what is asked was forgotten")
			}
			time.Sleep(time.Millisecond)
			_, _ = get(t, a, fmt.Sprint(i), good)
		}
		if !open("kept") || open("first") {
			t.Error("it was not the one that was not asked for longest that was forgotten")
		}
	})
}

// Many at once; the race detector watches.
func TestConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alone.New(retrying())
		done := make(chan struct{})
		for i := range 8 {
			go func() {
				defer func() { done <- struct{}{} }()
				for j := range 300 {
					p := &peer{says: says(status(503), status(200))}
					_, _ = get(t, a, fmt.Sprint(i*j), p)
				}
			}()
		}
		for range 8 {
			<-done
		}
	})
}

// What a request costs beside its transport.
func BenchmarkRoundTrip(b *testing.B) {
	a, p := alone.New(config()), &peer{}
	response := &http.Response{StatusCode: 200}
	p.says = says(func(*http.Request) (*http.Response, error) {
		response.Body = io.NopCloser(strings.NewReader(""))
		return response, nil
	})
	r := request(b.Context(), "GET", nil)
	b.ReportAllocs()
	for b.Loop() {
		got, err := a.RoundTrip(r, "x", false, p)
		if err != nil {
			b.Fatal(err)
		}
		_ = got.Body.Close()
	}
}

// net/http takes a key for the leave to send a POST again by itself. On the wire it stays.
func TestKeyIsHiddenFromTheTransport(t *testing.T) {
	r := request(t.Context(), "POST", nil)
	r.Header.Set("Idempotency-Key", "7")
	p := &peer{says: []func(*http.Request) (*http.Response, error){func(got *http.Request) (*http.Response, error) {
		if _, shows := got.Header["Idempotency-Key"]; shows || len(got.Header[strings.ToLower("Idempotency-Key")]) != 1 {
			t.Errorf("the transport sees %v", got.Header)
		}
		return status(200)(got)
	}}}
	if code, err := ask(t, alone.New(config()), "a", p, r); code != 200 || err != nil {
		t.Fatal(code, err)
	}
	if r.Header.Get("Idempotency-Key") != "7" {
		t.Error("the caller's request was changed")
	}
}
