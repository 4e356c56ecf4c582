package lean

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// body is an answer's. Its end gives the connection back; to close it before closes the
// connection, since nobody knows how much would be left to read.
type body struct {
	from     io.Reader
	conn     *conn
	ctx      context.Context
	reusable bool

	mu  sync.Mutex
	end error // nothing more is to be read
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	end := b.end
	b.mu.Unlock()
	if end != nil {
		return 0, end
	}
	n, err := b.from.Read(p)
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, io.EOF) {
		err = orCause(b.ctx, err)
	}
	b.finish(err)
	return n, err
}

// Close may be called while another goroutine reads, which then fails.
func (b *body) Close() error {
	b.finish(http.ErrBodyReadAfterClose)
	return nil
}

func (b *body) finish(end error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.end == nil {
		b.end = end
		b.conn.done(errors.Is(end, io.EOF) && b.reusable)
	}
}
