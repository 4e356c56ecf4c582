package backend

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"ficus/gateway/route"
)

func TestEjection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.says("a:1", 0)
		d := definition("cart", "http://a:1", "http://b:1", "http://c:1")
		d.Breaker.MinRequests = 1000
		b, set := hold1(t, w.registry(), d)
		defer set.Release()
		many(t, b, 100)
		if n := w.count("a:1"); n != 5 {
			t.Errorf("a dead address got %d of 100 requests, want 5", n)
		}
		if s := b.status(time.Now()).Addresses[0]; s.State != "ejected" || s.Share != 0 {
			t.Errorf("%+v", s)
		}
		// It comes back, fails once, and is out for twice as long each time.
		for _, wait := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second} {
			w.forget()
			time.Sleep(wait - 1)
			many(t, b, 100)
			if n := w.count("a:1"); n != 0 {
				t.Fatalf("back before %v were over", wait)
			}
			time.Sleep(time.Nanosecond)
			many(t, b, 200)
			if n := w.count("a:1"); n != 1 {
				t.Fatalf("after %v it got %d requests, want one, to try", wait, n)
			}
		}
		w.says("a:1", 200)
		time.Sleep(time.Hour) // it has been well for long: the time begins anew
		many(t, b, 100)
		w.says("a:1", 0)
		w.forget()
		many(t, b, 100)
		if n := w.count("a:1"); n != 5 {
			t.Errorf("well for an hour, then dead: %d requests", n)
		}
		time.Sleep(6 * time.Second)
		many(t, b, 200)
		if n := w.count("a:1"); n != 6 {
			t.Errorf("out for longer than at first: %d requests", n)
		}
	})
}

// The last address that is well is never ejected; where all fail, all but it are.
func TestTheLastOneAlwaysGetsRequests(t *testing.T) {
	w := newWorld()
	w.says("a:1", 503)
	w.says("b:1", 503)
	d := definition("cart", "http://a:1", "http://b:1")
	d.Breaker.MinRequests = 1_000_000
	d.Breaker.FailureRatio = 1
	r := w.registry()
	b, set := hold1(t, r, d)
	defer set.Release()
	b.breaker.Set(2) // closed, whatever fails
	many(t, b, 100)
	out := 0
	for _, a := range b.status(time.Now()).Addresses {
		if !a.Up() {
			out++
		}
	}
	if total := w.count("a:1") + w.count("b:1"); out != 1 || total != 100 {
		t.Errorf("%d of 2 are ejected, and %d of 100 requests were sent", out, total)
	}
}

func TestEjectionIsOff(t *testing.T) {
	w := newWorld()
	w.says("a:1", 503)
	d := definition("cart", "http://a:1", "http://b:1")
	d.Breaker.Enabled = route.Off
	b := held(t, d, w)
	many(t, b, 100)
	if n := w.count("a:1"); n < 20 {
		t.Errorf("without a breaker the failing address got %d of 100 requests", n)
	}
}

// A breaker's default for legacy is off; that leaves out single addresses all the same.
func TestLegacyEjectsAddresses(t *testing.T) {
	w := newWorld()
	w.says("a:1", 503)
	b := held(t, definition("legacy", "http://a:1", "http://b:1"), w)
	many(t, b, 100)
	if n := w.count("a:1"); n != 5 || b.breaker != nil {
		t.Errorf("the failing address of legacy got %d of 100 requests", n)
	}
}

func TestLeastTimePrefersTheFasterAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		d := definition("cart", "http://a:1", "http://b:1")
		d.Balance = route.LeastTime
		b, set := hold1(t, w.registry(), d)
		defer set.Release()
		slow := &leafAfter{w, map[string]time.Duration{"a:1": 100 * time.Millisecond, "b:1": 10 * time.Millisecond}}
		for i := range b.members {
			b.members[i].leaf = slow
		}
		many(t, b, 2) // each is tried once
		w.forget()
		many(t, b, 200)
		if n := w.count("b:1"); n < 190 {
			t.Errorf("the faster one got %d of 200 requests", n)
		}
		slow.after["a:1"] = time.Millisecond
		time.Sleep(time.Minute) // what was slow is forgotten
		w.forget()
		many(t, b, 200)
		if n := w.count("a:1"); n < 150 {
			t.Errorf("the one that has got faster got %d of 200 requests", n)
		}
	})
}

// An address that nobody has heard of does not get all that comes until it answers.
func TestLeastTimeTriesTheUnknownOnce(t *testing.T) {
	w := newWorld()
	d := definition("cart", "http://a:1", "http://b:1")
	d.Balance = route.LeastTime
	b := held(t, d, w)
	b.members[0].latency.observe(time.Now(), time.Second)
	for range 10 {
		call := admit(t, b)
		if _, err := call.Try(request(t)); err != nil { // and the body stays open
			t.Fatal(err)
		}
		b.members[1].latency = latency{} // as if b had not answered yet
	}
	if n := w.count("b:1"); n != 1 {
		t.Errorf("the unknown address got %d of 10 requests", n)
	}
}

func TestSlowStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, balance := range []route.Balance{route.LeastRequests, route.RoundRobin, route.LeastTime} {
			w := newWorld()
			r := w.registry()
			d := definition("cart", "http://a:1", "http://b:1")
			d.Balance = balance
			_, old := hold1(t, r, d)
			time.Sleep(time.Minute)
			d.Addresses = append(d.Addresses, "http://new:1")
			b, set := hold1(t, r, d)
			old.Release()
			last := -1
			for second := 0; second <= 10; second++ {
				w.forget()
				many(t, b, 1000)
				n := w.count("new:1")
				if second == 0 && n > 150 || n < last-60 || second == 10 && (n < 250 || n > 420) {
					t.Errorf("%v: after %d s the new address gets %d of 1000, before %d", balance, second, n, last)
				}
				last = n
				time.Sleep(time.Second)
			}
			set.Release()
		}
	})
}

// leafAfter answers after a time, by host.
type leafAfter struct {
	*world
	after map[string]time.Duration
}

func (l *leafAfter) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(l.after[r.URL.Host])
	return l.world.RoundTrip(r)
}
