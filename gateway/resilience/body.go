package resilience

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// body is the body of a client's request, which several tries may read, each from its
// beginning. What is read is kept up to a limit. A try that has failed may still be
// reading: of all readers one reads from the client, and what it gets is there for all.
type body struct {
	source   io.Reader
	announce http.Header // trailers of the request, which source fills in at its end
	limit    int         // bytes that are kept
	waiting  atomic.Bool // for the client
	moved    *atomic.Uint64

	mu     sync.Mutex
	free   sync.Cond
	busy   bool // somebody reads from source, without the lock
	closed bool
	kept   []byte
	read   int64 // from source
	gone   bool  // not all that was read is kept
	err    error // of source
}

var (
	errGone           = errors.New("the request's body is too long to be sent again")
	errTryEnded error = endedError{}
)

// endedError is why a try ends of which nobody awaits anything any more.
type endedError struct{}

func (endedError) Error() string  { return "the try is over" }
func (endedError) ByClient() bool { return true } // no backend is to blame

// firstKept is what a length alone is worth, in bytes of memory: anybody may announce one.
const firstKept = 8 << 10

// begin takes the body of a request of that length, -1 for unknown. moved counts what moves.
func (b *body) begin(source io.Reader, length int64, limit int, moved *atomic.Uint64) {
	b.source, b.limit, b.moved = source, limit, moved
	b.free.L = &b.mu
	if length > int64(limit) {
		b.limit = 0 // it won't fit, so nothing needs to be kept
	}
	if b.limit > 0 && length > 0 {
		b.kept = make([]byte, 0, min(length, firstKept))
	}
}

// settle says that there will be no further try: nothing is kept from now on.
func (b *body) settle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limit, b.kept, b.gone = 0, nil, b.gone || b.read > 0
}

// close ends all reading, and reports whether somebody still waits for the client.
func (b *body) close() (waiting bool) {
	if b.source == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.kept, b.gone = true, nil, true
	b.free.Broadcast()
	return b.waiting.Load()
}

// replays reports whether another try gets the whole body.
func (b *body) replays() bool {
	if b.source == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.gone && (b.err == nil || b.err == io.EOF) //nolint:errorlint // Read returns it as it is
}

// fits reports whether there will be another try with the whole body, as far as is known
// before any.
func (b *body) fits() bool { return b.source == nil || b.limit > 0 }

// fetch reads from the client. The lock is held, but not meanwhile. Bytes that come for a
// try that has ended are kept for the next one, even beyond the limit.
func (b *body) fetch(p []byte, ended *bool) int {
	b.busy = true
	b.waiting.Store(true)
	b.mu.Unlock()
	n, err := b.source.Read(p)
	b.waiting.Store(false)
	b.moved.Add(1)
	b.mu.Lock()
	b.busy, b.err = false, err
	if n > 0 {
		if !b.gone && (len(b.kept)+n <= b.limit || *ended && !b.closed) {
			b.kept = append(b.kept, p[:n]...)
		} else {
			b.gone, b.kept = true, nil
		}
		b.read += int64(n)
	}
	b.free.Broadcast()
	return n
}

// reader reads the body for one try. Close may be called while Read runs.
type reader struct {
	body    *body
	trailer http.Header // of the try's request
	at      int64
	ended   bool
}

// open returns a reader that begins at the beginning, and fills in trailer at the end.
func (b *body) open(trailer http.Header) *reader { return &reader{body: b, trailer: trailer} }

func (r *reader) Read(p []byte) (int, error) {
	b := r.body
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		switch {
		case r.ended || b.closed:
			return 0, errTryEnded
		case r.at < b.read && b.gone:
			return 0, errGone
		case r.at < b.read:
			n := copy(p, b.kept[r.at:])
			r.at += int64(n)
			return n, nil
		case b.err != nil:
			return 0, r.end()
		case b.busy:
			b.free.Wait()
		default:
			n := b.fetch(p, &r.ended)
			if r.ended || b.closed {
				return 0, errTryEnded
			}
			r.at += int64(n)
			if b.err != nil {
				return n, r.end()
			}
			return n, nil
		}
	}
}

// end returns how the body ended. Each try has trailers of its own, for net/http looks at
// them whenever it likes.
func (r *reader) end() error {
	if r.body.err == io.EOF { //nolint:errorlint // Read returns it as it is
		for name := range r.trailer {
			r.trailer[name] = r.body.announce[name]
		}
	}
	return r.body.err
}

func (r *reader) Close() error {
	r.body.mu.Lock()
	defer r.body.mu.Unlock()
	r.ended = true
	r.body.free.Broadcast()
	return nil
}

// came returns how many bytes have come.
func (b *body) came() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.read
}

// atEnd reports whether all of the body has come.
func (b *body) atEnd() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err != nil
}
