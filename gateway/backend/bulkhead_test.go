package backend

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ficus/gateway/route"
)

func limited(limit, queue int, timeout time.Duration) *bulkhead {
	return newBulkhead(&route.Backend{MaxInflight: limit, Queue: route.Queue{Size: queue, Timeout: timeout}})
}

func TestQueueIsFirstInFirstOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := limited(1, 10, time.Hour)
		if !h.try() {
			t.Fatal("no place at first")
		}
		var order []int
		var waiting sync.WaitGroup
		for i := range 10 {
			waiting.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				if err := h.wait(t.Context()); err != nil {
					t.Error(err)
				}
				order = append(order, i) // one at a time is in
				h.release()
			})
		}
		time.Sleep(time.Second)
		if _, in, queued := h.figures(); in != 1 || queued != 10 {
			t.Errorf("%d are in and %d wait", in, queued)
		}
		if err := h.wait(t.Context()); !errors.Is(err, ErrFull) {
			t.Errorf("the queue is full: %v", err)
		}
		h.release()
		waiting.Wait()
		if !slices.IsSorted(order) || len(order) != 10 {
			t.Errorf("they came in as %v", order)
		}
		if _, in, queued := h.figures(); in != 0 || queued != 0 {
			t.Errorf("%d are in and %d wait after all", in, queued)
		}
	})
}

func TestQueueHasItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := limited(1, 10, 100*time.Millisecond)
		h.try()
		start := time.Now()
		if err := h.wait(t.Context()); !errors.Is(err, errQueueTimeout) || time.Since(start) != 100*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := h.wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no longer than the context: %v", err)
		}
		h.release()
		if _, in, queued := h.figures(); in != 0 || queued != 0 {
			t.Errorf("%d are in and %d wait", in, queued)
		}
	})
}

func TestReasonsOfRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		d := definition("cart", "http://a:1")
		d.MaxInflight, d.Queue = 1, route.Queue{Size: 1, Timeout: time.Second}
		b, set := hold1(t, w.registry(), d)
		defer set.Release()
		first := admit(t, b)
		var queued sync.WaitGroup
		queued.Go(func() {
			if _, err := b.Admit(t.Context(), false); !errors.Is(err, ErrFull) {
				t.Errorf("waited too long: %v", err)
			}
		})
		synctest.Wait()
		if _, err := b.Admit(t.Context(), false); !errors.Is(err, ErrFull) {
			t.Errorf("queue full: %v", err)
		}
		queued.Wait()
		b.breaker.Set(1)
		start := time.Now()
		if _, err := b.Admit(t.Context(), false); !errors.Is(err, ErrOpen) || time.Since(start) != 0 {
			t.Errorf("%v, after waiting %v for an open breaker", err, time.Since(start))
		}
		b.breaker.Set(0) // which begins with a ramp
		first.Finish(nil, nil)
		if _, err := b.Admit(t.Context(), false); !errors.Is(err, ErrOpen) {
			t.Errorf("in the ramp: %v", err)
		}
		want := map[string]uint64{"open": 1, "ramp": 1, "full": 1, "queue_timeout": 1}
		for reason, n := range b.status(time.Now()).Refused {
			if want[reason] != n {
				t.Errorf("%s: %d, want %d", reason, n, want[reason])
			}
		}
		if got := under(b); got != [3]int{} {
			t.Errorf("%v are left", got)
		}
	})
}

// A backend with room for 10, behind which requests wait for each other: the limit finds
// it, and comes back when the backend gets quicker.
func TestAdaptiveLimitFollowsLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newBulkhead(&route.Backend{MaxInflight: 100, Adaptive: route.On, Queue: route.Queue{Size: 1000, Timeout: time.Hour}})
		ctx, stop := context.WithCancel(t.Context())
		workers := make(chan struct{}, 100)
		for range 10 {
			workers <- struct{}{}
		}
		var clients sync.WaitGroup
		for range 120 {
			clients.Go(func() {
				for ctx.Err() == nil {
					if h.wait(ctx) != nil {
						return
					}
					start := time.Now()
					<-workers
					time.Sleep(10 * time.Millisecond)
					workers <- struct{}{}
					h.learn(time.Since(start), false)
					h.release()
				}
			})
		}
		time.Sleep(45 * time.Second)
		small, in, _ := h.figures()
		if small < 8 || small > 40 || in > small {
			t.Errorf("a backend with room for 10 has a limit of %d, with %d under way", small, in)
		}
		for range 40 {
			workers <- struct{}{} // it gets room for 50
		}
		time.Sleep(45 * time.Second)
		if large, _, _ := h.figures(); large < 45 {
			t.Errorf("with room for 50 the limit is %d", large)
		}
		stop()
		clients.Wait()
	})
}

func TestAdaptiveLimitStaysInItsBounds(t *testing.T) {
	a := newAdaptive(50)
	now := time.Unix(1, 0)
	for range 10_000 {
		now = now.Add(20 * time.Millisecond)
		a.sample(now, 0, true, 50)
	}
	if a.whole() != 1 {
		t.Errorf("everything fails, and the limit is %d", a.whole())
	}
	for range 10_000 {
		now = now.Add(20 * time.Millisecond)
		a.sample(now, time.Millisecond, false, a.whole())
	}
	if a.whole() != 50 {
		t.Errorf("everything is fast, and the limit is %d", a.whole())
	}
	for i := range 10_000 {
		now = now.Add(time.Millisecond)
		a.sample(now, time.Millisecond, i%100 == 0, a.whole())
	}
	if a.whole() != 50 {
		t.Errorf("one of 100 fails, and the limit is %d", a.whole())
	}
}

func BenchmarkBulkhead(b *testing.B) {
	h := limited(1000, 10, time.Second)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if h.try() {
				h.release()
			}
		}
	})
}
