package limit

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// Buckets are the buckets of all routes and clients. They are as long as the gateway
// runs, whatever tables come and go. They are safe for concurrent use.
//
// A bucket is one number: the moment at which it would be full again (the generic cell
// rate algorithm). That moment only ever moves forward, so requests that overtake each
// other on their way here, or a clock that was read a moment ago, get no token twice, as
// they would from a count of tokens with the time of its last change
// (golang.org/x/time/rate). And a bucket that is full is the same as none: it is
// forgotten without a loss.
type Buckets struct {
	seed   maphash.Seed
	epoch  time.Time
	shards [shards]shard
}

const (
	shards = 64

	// MaxKeys is how many clients of routes are told apart at most. Beyond them the one
	// that has not asked for the longest time, of a few, is forgotten for each new one.
	MaxKeys = 1 << 18

	maxInShard = MaxKeys / shards
	looked     = 8 // at, for each new key
)

// shard holds the buckets of some keys. Nothing in it is a pointer, so that it costs the
// garbage collector nothing.
type shard struct {
	mu      sync.Mutex
	buckets map[uint64]bucket
	_       [48]byte // one cache line each
}

// bucket is in nanoseconds since the epoch.
type bucket struct {
	full int64 // when it is full again
	used int64 // when it was asked last
}

// NewBuckets returns buckets that are all full. now is the start of their time.
func NewBuckets(now time.Time) *Buckets {
	b := &Buckets{seed: maphash.MakeSeed(), epoch: now}
	for i := range b.shards {
		b.shards[i].buckets = map[uint64]bucket{}
	}
	return b
}

// A Verdict is what a bucket says to one request.
type Verdict struct {
	Refused bool
	Left    int           // tokens in the bucket now
	Reset   time.Duration // until the next token where it refuses, else until the bucket is full
}

// take takes a token from the bucket of a key, if there is one.
func (b *Buckets) take(r *Rule, key uint64, now time.Time) Verdict {
	at := int64(now.Sub(b.epoch))
	s := &b.shards[key%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.buckets[key]
	if !known {
		s.makeRoom(at)
	}
	full := max(old.full, at)
	refused := full-at > r.span
	if !refused {
		full += r.every
	}
	s.buckets[key] = bucket{full: full, used: max(old.used, at)}
	if refused {
		return Verdict{Refused: true, Reset: time.Duration(full - at - r.span)}
	}
	return Verdict{Left: int((r.span + r.every - (full - at)) / r.every), Reset: time.Duration(full - at)}
}

// makeRoom forgets buckets that are full again, of some that it looks at; where there is
// no room and all of them are wanted, it forgets the one that was asked the longest time
// ago. A map begins to range at a place of its own choice.
func (s *shard) makeRoom(now int64) {
	var oldest uint64
	used, n := int64(math.MaxInt64), 0
	for key, b := range s.buckets {
		if b.full <= now {
			delete(s.buckets, key)
		} else if b.used < used {
			oldest, used = key, b.used
		}
		if n++; n == looked {
			break
		}
	}
	if len(s.buckets) >= maxInShard {
		delete(s.buckets, oldest)
	}
}

// Len returns how many buckets there are: at most [MaxKeys].
func (b *Buckets) Len() int {
	n := 0
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		n += len(s.buckets)
		s.mu.Unlock()
	}
	return n
}
