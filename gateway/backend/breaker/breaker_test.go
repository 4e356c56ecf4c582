package breaker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func settings() Settings {
	return Settings{Window: 10 * time.Second, MinRequests: 20, FailureRatio: 0.5, OpenFor: 5 * time.Second, Ramp: 10 * time.Second}
}

// ask sends one request with an outcome, and reports whether it was let through.
func ask(t testing.TB, b *Breaker, outcome Outcome) bool {
	t.Helper()
	permit, err := b.Admit(false)
	if err != nil {
		return false
	}
	permit.Done(outcome, 0)
	return true
}

func expect(t testing.TB, b *Breaker, want State) {
	t.Helper()
	if got := b.Snapshot().State; got != want {
		t.Fatalf("the breaker is %v, want %v", got, want)
	}
}

// open makes a breaker that has just opened.
func open(t testing.TB, s Settings) *Breaker {
	t.Helper()
	b := New(s)
	for range s.MinRequests {
		ask(t, b, Failure)
	}
	expect(t, b, Open)
	return b
}

func TestRatioInTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(settings())
		for range 9 {
			ask(t, b, Failure)
			ask(t, b, Success)
		}
		expect(t, b, Closed) // 18 requests are too few
		time.Sleep(11 * time.Second)
		if got := b.Snapshot().Counts; got != (Counts{}) {
			t.Errorf("after the window %+v are left", got)
		}
		ask(t, b, Success)
		ask(t, b, Failure)
		expect(t, b, Closed)
		for range 9 {
			ask(t, b, Success)
			ask(t, b, Failure)
		}
		expect(t, b, Open)
	})
}

func TestFewerFailuresThanTheRatioKeepItClosed(t *testing.T) {
	b := New(settings())
	for range 1000 {
		ask(t, b, Failure)
		ask(t, b, Success)
		ask(t, b, Success)
	}
	expect(t, b, Closed)
}

// A dead backend opens it at once, whatever the window holds, and also when it is asked so
// seldom that no window holds enough.
func TestFailuresInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := New(settings())
		for range 10_000 {
			ask(t, busy, Success)
		}
		for range 19 {
			ask(t, busy, Failure)
		}
		expect(t, busy, Closed)
		ask(t, busy, Failure)
		expect(t, busy, Open)

		seldom := New(settings())
		for range 20 {
			time.Sleep(time.Minute)
			expect(t, seldom, Closed)
			ask(t, seldom, Failure)
		}
		expect(t, seldom, Open)
	})
}

// The outcomes of requests that hang for longer than the window count, too.
func TestHangingRequestsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(settings())
		permits := make([]Permit, 1000)
		for i := range permits {
			permits[i], _ = b.Admit(false)
		}
		time.Sleep(30 * time.Second)
		for i := range 20 {
			permits[i].Done(Failure, 30*time.Second)
		}
		expect(t, b, Open)
		for i := 20; i < len(permits); i++ {
			permits[i].Done(Success, 30*time.Second) // of another time
		}
		expect(t, b, Open)
	})
}

func TestSlowIsFailure(t *testing.T) {
	s := settings()
	s.Slow = time.Second
	b := New(s)
	for range 20 {
		permit, _ := b.Admit(false)
		permit.Done(Success, time.Second)
	}
	expect(t, b, Closed)
	for range 20 {
		permit, _ := b.Admit(false)
		permit.Done(Success, time.Second+1)
	}
	expect(t, b, Open)
}

func TestExcludedCountsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(settings())
		for range 19 {
			ask(t, b, Failure)
		}
		for range 1000 {
			ask(t, b, Excluded)
		}
		expect(t, b, Closed)
		ask(t, b, Failure)
		expect(t, b, Open)
		time.Sleep(5*time.Second + 1)
		for range 100 { // a probe whose client goes away makes room for the next one
			if !ask(t, b, Excluded) {
				t.Fatal("no second probe after one that says nothing")
			}
		}
		expect(t, b, HalfOpen)
	})
}

func TestOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, settings())
		time.Sleep(5 * time.Second)
		if ask(t, b, Success) {
			t.Fatal("let one through while it is open")
		}
		time.Sleep(time.Nanosecond)
		probe, err := b.Admit(false)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if _, err := b.Admit(true); !errors.Is(err, ErrOpen) {
				t.Fatalf("a second probe: %v", err)
			}
		}
		probe.Done(Failure, 0)
		expect(t, b, Open)
		time.Sleep(5*time.Second + 1)
		if !ask(t, b, Success) {
			t.Fatal("no probe after it was open again")
		}
		expect(t, b, Closed)
	})
}

// gobreaker waits for a lost probe for ever.
func TestLostProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, settings())
		time.Sleep(6 * time.Second)
		lost, err := b.Admit(false)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if ask(t, b, Excluded) {
			t.Fatal("gave the probe up too early")
		}
		time.Sleep(time.Nanosecond)
		second, err := b.Admit(false)
		if err != nil {
			t.Fatalf("half-open for good: %v", err)
		}
		lost.Done(Excluded, time.Minute) // gives no room a second time
		if _, err := b.Admit(false); err == nil {
			t.Fatal("two probes at once")
		}
		second.Done(Success, 0)
		expect(t, b, Closed)
	})
}

func TestLateProbeStillCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, settings())
		time.Sleep(6 * time.Second)
		late, _ := b.Admit(false)
		time.Sleep(20 * time.Second)
		_, _ = b.Admit(false) // gives the first one up
		late.Done(Success, 20*time.Second)
		expect(t, b, Closed)
	})
}

func TestRamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, settings())
		time.Sleep(6 * time.Second)
		ask(t, b, Success)
		for second, want := range []int{50, 145, 240, 335, 430, 525, 620, 715, 810, 905, 1000, 1000} {
			passed := 0
			for range 1000 {
				if ask(t, b, Success) {
					passed++
				}
			}
			if passed < want-1 || passed > want+1 {
				t.Errorf("%d s after the first success %d of 1000 pass, want %d", second, passed, want)
			}
			for range 10 {
				permit, err := b.Admit(true)
				if err != nil {
					t.Fatalf("refused one that nobody else can answer: %v", err)
				}
				permit.Done(Success, 0)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestFailuresInTheRampOpenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, settings())
		time.Sleep(6 * time.Second)
		ask(t, b, Success)
		failures := 0
		for b.Snapshot().State == Closed {
			if ask(t, b, Failure) {
				failures++
			}
		}
		if failures != 5 {
			t.Errorf("opened again after %d failures, want a quarter of 20", failures)
		}
	})
}

func TestOverride(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(settings())
		b.Set(ForceOpen)
		expect(t, b, Open)
		if ask(t, b, Success) || !b.Refuses() {
			t.Error("forced open, and lets requests through")
		}
		time.Sleep(time.Hour)
		if ask(t, b, Success) {
			t.Error("an operator's word expired")
		}
		b.Set(ForceClosed)
		for range 1000 {
			if !ask(t, b, Failure) {
				t.Fatal("forced closed, and refuses requests")
			}
		}
		expect(t, b, Closed)
		b.Set(Auto)
		for range 20 {
			ask(t, b, Failure)
		}
		expect(t, b, Open)
		b.Set(ForceOpen)
		b.Set(Auto)
		if share := b.Snapshot().Share; share > 0.06 {
			t.Errorf("all requests come back at once after it was forced open: %v", share)
		}
	})
}

func TestChangesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		var b *Breaker
		s := settings()
		s.OnChange = func(c Change) {
			told = append(told, fmt.Sprintf("%v to %v %+v %v", c.From, c.To, c.Counts, c.Override))
			b.Snapshot() // no lock is held
		}
		b = New(s)
		ask(t, b, Success)
		for range 20 {
			ask(t, b, Failure)
		}
		time.Sleep(6 * time.Second)
		ask(t, b, Success)
		b.Set(ForceOpen)
		b.Set(ForceClosed)
		want := []string{
			"closed to open {Successes:1 Failures:19} false",
			"open to half_open {Successes:0 Failures:0} false",
			"half_open to closed {Successes:0 Failures:0} false",
			"closed to open {Successes:0 Failures:0} true",
			"open to closed {Successes:0 Failures:0} true",
		}
		if !slices.Equal(told, want) {
			t.Errorf("got  %q\nwant %q", told, want)
		}
	})
}

func TestRefusesChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, settings())
		if !b.Refuses() {
			t.Error("open, and says it would let one through")
		}
		time.Sleep(6 * time.Second)
		if b.Refuses() {
			t.Error("its time is up, and it says it would refuse")
		}
		expect(t, b, Open) // as long as nobody tries
	})
}

// Whatever requests come to, in whatever order they end, and if some never do: as soon as
// the backend is well, the breaker closes.
func TestPermitsAreNeverLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 300).Draw(rt, "steps")
		var end Snapshot
		synctest.Test(t, func(t *testing.T) {
			s := settings()
			s.MinRequests = 3
			b := New(s)
			var out []Permit
			for i, step := range seed {
				switch {
				case step < 4:
					if permit, err := b.Admit(step < 2); err == nil {
						out = append(out, permit)
					}
				case step < 8 && len(out) > 0:
					j := i * 7 % len(out)
					out[j].Done(Outcome(step%3), time.Duration(i))
					if step == 7 {
						out[j].Done(Excluded, 0) // twice
					}
					out = slices.Delete(out, j, j+1)
				case step == 8:
					time.Sleep(time.Duration(i%13) * time.Second)
				case step == 9:
					b.Fail()
				}
			}
			for range 100 { // those that are still out are lost
				time.Sleep(s.OpenFor)
				ask(t, b, Success)
			}
			end = b.Snapshot()
		})
		if end.State != Closed || end.Share != 1 {
			rt.Fatalf("%+v after steps %v", end, seed)
		}
	})
}

type mark bool

func (mark) Error() string    { return "marked" }
func (m mark) ByClient() bool { return bool(m) }

func TestJudge(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	asked, cancel := context.WithDeadlineCause(t.Context(), time.Unix(1, 0), mark(true))
	defer cancel()
	slow, cancelSlow := context.WithCancelCause(t.Context())
	cancelSlow(errors.New("the try took too long"))
	for _, tc := range []struct {
		name   string
		ctx    context.Context
		status int
		err    error
		want   Outcome
	}{
		{"answer", t.Context(), 200, nil, Success},
		{"not found", t.Context(), 404, nil, Success},
		{"too many", t.Context(), 429, nil, Success},
		{"not implemented", t.Context(), 501, nil, Success},
		{"error", t.Context(), 500, nil, Failure},
		{"bad gateway", t.Context(), 502, nil, Failure},
		{"unavailable", t.Context(), 503, nil, Failure},
		{"timeout", t.Context(), 504, nil, Failure},
		{"answered although it went away", gone, 200, nil, Success},
		{"refused", t.Context(), 0, errors.New("refused"), Failure},
		{"cut", t.Context(), 0, io.ErrUnexpectedEOF, Failure},
		{"client went away", t.Context(), 0, fmt.Errorf("x: %w", context.Canceled), Excluded},
		{"client went away, the transport says something else", gone, 0, io.ErrUnexpectedEOF, Excluded},
		{"client's body", t.Context(), 0, fmt.Errorf("x: %w", mark(true)), Excluded},
		{"marked as not the client's", t.Context(), 0, mark(false), Failure},
		{"try timeout", late, 0, context.DeadlineExceeded, Failure},
		{"the client's own deadline", asked, 0, context.DeadlineExceeded, Excluded},
		{"cancelled for a reason", slow, 0, context.Cause(slow), Failure},
	} {
		if got := Judge(tc.ctx, tc.status, tc.err); got != tc.want {
			t.Errorf("%s: got %d, want %d", tc.name, got, tc.want)
		}
	}
}

func BenchmarkAdmit(b *testing.B) {
	breaker := New(settings())
	b.ReportAllocs()
	for b.Loop() {
		permit, _ := breaker.Admit(false)
		permit.Done(Success, time.Millisecond)
	}
}
