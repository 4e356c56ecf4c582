package pipeline

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/resilience"
)

// streams are the answers that may stay open for days: the tunnels of upgrades, of which
// no server knows any more, and event streams. They are known here so that at the end of
// the process they are closed in order, and not by it. It holds no more than is open,
// which the capacity bounds.
type streams struct {
	tunnels, events gauge

	mu       sync.Mutex
	open     map[*stream]struct{}
	draining bool
	cut      bool
	timer    *time.Timer   // cuts
	changed  chan struct{} // while somebody waits: closed when one ends
}

// gauge counts what is open.
type gauge interface {
	Inc()
	Dec()
}

// Drain says that the process ends: streams that are still open after a time are closed.
// An event stream ends as if the backend had ended it, after the event that was sent
// last; the connections of a tunnel are closed on both sides. No time at all leaves them
// until Close.
func (p *Pipeline) Drain(after time.Duration) {
	s := &p.streams
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return
	}
	s.draining = true
	if after > 0 {
		s.timer = time.AfterFunc(after, s.cutAll)
	}
}

// afterCut is how long streams that were cut may take to say so to their clients.
const afterCut = time.Second

// end waits, where Drain was called, until all streams have ended: until they are cut,
// which is at once if no time was given, and a second more.
func (s *streams) end() {
	s.mu.Lock()
	draining, timer := s.draining, s.timer
	s.mu.Unlock()
	if !draining {
		return
	}
	if timer == nil {
		s.cutAll()
	}
	var late <-chan time.Time
	for {
		s.mu.Lock()
		if len(s.open) == 0 {
			s.mu.Unlock()
			break
		}
		if s.cut && late == nil {
			late = time.After(afterCut)
		}
		changed := s.awaitChange()
		s.mu.Unlock()
		select {
		case <-changed:
		case <-late:
			return
		}
	}
	if timer != nil {
		timer.Stop()
	}
}

// awaitChange returns what is closed at the next change. The lock is held.
func (s *streams) awaitChange() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func (s *streams) change() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

func (s *streams) cutAll() {
	s.mu.Lock()
	s.cut = true
	all := make([]*stream, 0, len(s.open))
	for one := range s.open {
		all = append(all, one)
	}
	s.change()
	s.mu.Unlock()
	for _, one := range all { // outside of the lock: closing a connection may take a moment
		one.end()
	}
}

// follow is called with each final answer of a backend, and takes note of those that stay
// open.
func (s *streams) follow(answer *http.Response) error {
	switch {
	case answer.StatusCode == http.StatusSwitchingProtocols:
		if tunnel, ok := answer.Body.(io.ReadWriteCloser); ok {
			answer.Body = s.tunnel(tunnel)
		}
	case resilience.IsEventStream(answer.Header):
		answer.Body = s.add(&stream{ReadCloser: answer.Body, of: s, gauge: s.events, events: true})
	}
	return nil
}

// tunnel keeps what ReverseProxy asks of the backend's side of a tunnel.
func (s *streams) tunnel(conn io.ReadWriteCloser) io.ReadWriteCloser {
	type closeWriter interface{ CloseWrite() error }
	one := s.add(&stream{ReadCloser: conn, of: s, gauge: s.tunnels})
	if half, ok := conn.(closeWriter); ok {
		return struct {
			*stream
			io.Writer
			closeWriter
		}{one, conn, half}
	}
	return struct {
		*stream
		io.Writer
	}{one, conn}
}

func (s *streams) add(one *stream) *stream {
	one.gauge.Inc()
	s.mu.Lock()
	s.open[one] = struct{}{}
	cut := s.cut
	s.mu.Unlock()
	if cut {
		one.end()
	}
	return one
}

func (s *streams) remove(one *stream) {
	one.gauge.Dec()
	s.mu.Lock()
	delete(s.open, one)
	s.change()
	s.mu.Unlock()
}

// stream is the body of an answer that stays open. ReverseProxy closes it when it is done.
type stream struct {
	io.ReadCloser
	of     *streams
	gauge  gauge
	events bool        // of an event stream, else of a tunnel
	ended  atomic.Bool // by the gateway
	closed sync.Once
}

// Read reads from the backend. An event stream that was ended has come to its end; a
// tunnel has failed, since after an end alone its client might send on.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && s.events && s.ended.Load() {
		err = io.EOF
	}
	return n, err
}

// end closes the backend's side, which ends the client's.
func (s *stream) end() {
	s.ended.Store(true)
	_ = s.ReadCloser.Close()
}

// Close is called when the exchange is over.
func (s *stream) Close() error {
	s.closed.Do(func() { s.of.remove(s) })
	return s.ReadCloser.Close()
}
