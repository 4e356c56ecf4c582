package resilience

import (
	"sync/atomic"
	"time"
)

// A Bucket is a token bucket that fills in two ways: by a share of each request, and by the
// time. It is safe for concurrent use, and nobody waits. The zero Bucket is empty for ever.
type Bucket struct {
	tokens atomic.Int64 // in millionths
	filled atomic.Int64 // until when, in ns since began
	began  time.Time

	share  int64   // of a request, in millionths
	second float64 // tokens
	full   int64   // in millionths
}

const token = 1_000_000

// Fill begins the bucket, full: share is in tokens a request, second in tokens a second.
func (b *Bucket) Fill(now time.Time, share, second, capacity float64) {
	b.began, b.share, b.second, b.full = now, int64(share*token), second, int64(capacity*token)
	b.tokens.Store(b.full)
}

// Deposit adds the share of one request. A full bucket is only looked at.
func (b *Bucket) Deposit() {
	if b.tokens.Load() < b.full {
		b.tokens.Add(b.share) // the next Take cuts what is too much
	}
}

// Take takes one token, if there is one.
func (b *Bucket) Take(now time.Time) bool {
	b.refill(now)
	for {
		have := b.tokens.Load()
		if have < token {
			return false
		}
		if b.tokens.CompareAndSwap(have, min(have, b.full)-token) {
			return true
		}
	}
}

// left is how many tokens there are.
func (b *Bucket) left(now time.Time) float64 {
	b.refill(now)
	return float64(min(b.tokens.Load(), b.full)) / token
}

// refill adds what the time since the last refill gives.
func (b *Bucket) refill(now time.Time) {
	since, last := int64(now.Sub(b.began)), b.filled.Load()
	gained := int64(float64(since-last) / float64(time.Second) * b.second * token)
	if gained <= 0 || !b.filled.CompareAndSwap(last, since) {
		return // somebody else does it
	}
	b.tokens.Add(min(gained, b.full))
}
