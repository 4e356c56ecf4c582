package resilience

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	now := time.Now()
	var b Bucket
	b.Fill(now, .1, 1, 10)
	took := func() (n int) {
		for b.Take(now) {
			n++
		}
		return n
	}
	if n := took(); n != 10 {
		t.Errorf("a full bucket gave %d", n)
	}
	for range 35 {
		b.Deposit()
	}
	if n := took(); n != 3 {
		t.Errorf("35 requests gave %d", n)
	}
	now = now.Add(2500 * time.Millisecond)
	if n := took(); n != 3 { // half a token is left of the requests
		t.Errorf("2.5 seconds gave %d", n)
	}
	now = now.Add(time.Hour)
	for range 1000 {
		b.Deposit()
	}
	if n := took(); n != 10 {
		t.Errorf("after an hour it holds %d", n)
	}
	if left := b.left(now.Add(500 * time.Millisecond)); left != .5 {
		t.Errorf("half a second after it was empty %v are left", left)
	}
	now = now.Add(-time.Minute) // a clock that goes back gives nothing
	if n := took(); n != 0 {
		t.Errorf("the past gave %d", n)
	}
}

// Many takers at once get no token twice.
func TestBucketIsNeverOverdrawn(t *testing.T) {
	now := time.Now()
	var b Bucket
	b.Fill(now, .2, 0, 10)
	var taken atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				b.Deposit()
				if b.Take(now) {
					taken.Add(1)
				}
			}
		})
	}
	all.Wait()
	if n := taken.Load(); n > 10+8000/5 || n < 1000 {
		t.Errorf("8000 requests with a share of a fifth gave %d", n)
	}
}
