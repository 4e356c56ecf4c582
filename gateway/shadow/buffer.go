package shadow

import "sync/atomic"

// budget is memory that is shared by all who capture. Nobody waits for it.
type budget struct {
	limit   int64
	used    atomic.Int64
	changed func(by int)
}

func (b *budget) take(n int) bool {
	if b.used.Add(int64(n)) > b.limit {
		b.used.Add(int64(-n))
		return false
	}
	b.changed(n)
	return true
}

func (b *budget) give(n int) {
	if n != 0 {
		b.used.Add(int64(-n))
		b.changed(-n)
	}
}

// buffer keeps a body up to a limit, out of a budget. What it can't keep, it forgets
// altogether, and takes all further writes for nothing.
type buffer struct {
	from  *budget
	limit int // bytes

	kept     []byte
	paid     int  // bytes of the budget
	tooLarge bool // the body exceeds the limit
	refused  bool // the budget is exhausted
}

// firstPiece is the least that is allocated, in bytes.
const firstPiece = 512

// expect makes room for a body of known length, so that it is allocated once.
func (b *buffer) expect(length int64) {
	switch {
	case length > int64(b.limit):
		b.tooLarge = true
	case length > 0:
		b.grow(int(length))
	}
}

// Write keeps p, or forgets all. It never fails.
func (b *buffer) Write(p []byte) (int, error) {
	n := len(b.kept) + len(p)
	switch {
	case b.tooLarge || b.refused || len(p) == 0:
		return len(p), nil
	case n > b.limit:
		b.tooLarge = true
		b.release()
		return len(p), nil
	case n > cap(b.kept) && !b.grow(min(max(n, 2*cap(b.kept), firstPiece), b.limit)):
		return len(p), nil
	}
	b.kept = append(b.kept, p...)
	return len(p), nil
}

func (b *buffer) grow(to int) bool {
	if !b.from.take(to - b.paid) {
		b.refused = true
		b.release()
		return false
	}
	b.paid = to
	grown := make([]byte, len(b.kept), to)
	copy(grown, b.kept)
	b.kept = grown
	return true
}

// release gives the memory back.
func (b *buffer) release() {
	b.kept = nil
	b.from.give(b.paid)
	b.paid = 0
}
