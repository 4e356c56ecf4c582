package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"ficus/gateway/route"
	"ficus/gateway/telemetry"
)

// clientBody is the body of a client's request. Its beginning can be looked at
// before a backend gets all of it, and it notes what went wrong with the client: a
// backend has no part in that. Reads and failure may be concurrent.
type clientBody struct {
	from   io.ReadCloser
	http1  bool
	head   []byte // was looked at, and is not read yet
	failed atomic.Pointer[clientError]

	looked time.Duration    // how long look waited
	read   atomic.Int64     // bytes
	count  *telemetry.Route // counts them; nil until a side is chosen
	side   route.Side       // that was chosen
}

// clientError is what is wrong with a client's request, and the status to answer.
type clientError struct {
	status int
	err    error
}

func (e *clientError) Error() string  { return e.err.Error() }
func (e *clientError) Status() int    { return e.status }
func (e *clientError) ByClient() bool { return true } // no backend is to blame
func (e *clientError) Unwrap() error  { return e.err }

// look returns the beginning of the body, up to limit bytes; those that are to come,
// or fewer, it waits for. It may be called again, for more too, until the first Read.
func (b *clientBody) look(length int64, limit int) ([]byte, error) {
	room := min(max(length, 0)+bytes.MinRead, 8<<10) // a length alone costs no more memory than this
	if len(b.head) >= limit {
		return b.head[:limit], nil
	}
	began := time.Now()
	head := bytes.NewBuffer(append(make([]byte, 0, room), b.head...))
	_, err := head.ReadFrom(io.LimitReader(b.from, int64(limit-len(b.head))))
	b.head = head.Bytes()
	b.looked += time.Since(began)
	b.note(err)
	return b.head, err
}

func (b *clientBody) Read(p []byte) (int, error) {
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.counted(n)
		if b.head = b.head[n:]; len(b.head) == 0 {
			b.head = nil // the answer may take hours
		}
		return n, nil
	}
	n, err := b.from.Read(p)
	b.counted(n)
	b.note(err)
	if failure := b.Failure(); err != nil && failure != nil {
		return n, failure // net/http hands it on as it is, and the breakers know it
	}
	return n, err
}

// counted counts what was read for a backend.
func (b *clientBody) counted(n int) {
	if n > 0 && b.count != nil {
		b.read.Add(int64(n))
		b.count.Received(b.side, n)
	}
}

func (b *clientBody) Close() error { return b.from.Close() }

// Failure returns what went wrong with the client, or nil.
func (b *clientBody) Failure() error {
	if e := b.failed.Load(); e != nil {
		return e
	}
	return nil
}

func (b *clientBody) note(err error) {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, http.ErrBodyReadAfterClose) {
		return
	}
	b.failed.CompareAndSwap(nil, &clientError{b.status(err), fmt.Errorf("reading the request's body: %w", err)})
}

// status is the answer to a body that ended with an error. Over HTTP/2, framing is
// none of the body's.
func (b *clientBody) status(err error) int {
	var tooLarge *http.MaxBytesError
	var broken *net.OpError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.Canceled), errors.As(err, &broken), !b.http1:
		return statusClientGone
	}
	return http.StatusBadRequest
}
