package backend

import (
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ficus/gateway/backend/breaker"
)

// answerBody is the body of an answer: until it is closed, its address and its backend
// count the request as under way. Read, Close and Finish may be concurrent.
type answerBody struct {
	io.ReadCloser
	call    *Call
	member  *member
	drained bool // it is among the address's open bodies
	state   atomic.Int32
}

// What has happened to a body; the call's place is given back when both have.
const (
	bodyClosed = 1 << iota
	callFinished
	brokeOff
)

// guard has the body looked after. That of a 101 answer can be written to, and
// httputil.ReverseProxy asks for that.
func (b *answerBody) guard() io.ReadCloser {
	if drain := b.call.backend.drain; drain > 0 {
		b.drained = true
		if !b.member.open.add(b) {
			_ = b.Close() // the address has left, and its time is up
		}
	}
	if w, ok := b.ReadCloser.(io.Writer); ok {
		b.state.Or(brokeOff) // how a tunnel ends says nothing
		return struct {
			*answerBody
			io.Writer
		}{b, w}
	}
	return b
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.breaksOff(err)
	}
	return n, err
}

// breaksOff counts an answer that ends too early as a failure, once. Where the request's
// context has ended, it may be the client that was slow.
func (b *answerBody) breaksOff(err error) {
	if b.call.ctx.Err() != nil || breaker.Judge(b.call.ctx, 0, err) != breaker.Failure {
		return
	}
	old := b.state.Or(brokeOff)
	if old&(brokeOff|bodyClosed) != 0 {
		return
	}
	backend := b.call.backend
	backend.failed(b.member, time.Now())
	if old&callFinished != 0 && backend.breaker != nil {
		backend.breaker.Fail()
	}
}

func (b *answerBody) Close() error {
	if old := b.state.Or(bodyClosed); old&bodyClosed == 0 {
		b.member.inFlight.Add(-1)
		if b.drained {
			b.member.open.remove(b)
		}
		if old&callFinished != 0 {
			b.call.release()
		}
	}
	return b.ReadCloser.Close()
}

// openBodies are those that are cut some time after their address has left.
type openBodies struct {
	mu   sync.Mutex
	open map[*answerBody]struct{}
	over bool
}

// add reports false where there is no time left.
func (o *openBodies) add(b *answerBody) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return false
	}
	if o.open == nil {
		o.open = map[*answerBody]struct{}{}
	}
	o.open[b] = struct{}{}
	return true
}

func (o *openBodies) remove(b *answerBody) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.open, b)
}

// cutAfter closes what is still open after a time.
func (o *openBodies) cutAfter(wait time.Duration) {
	time.AfterFunc(wait, func() {
		o.mu.Lock()
		open := slices.Collect(maps.Keys(o.open))
		o.over = true
		o.mu.Unlock()
		for _, b := range open {
			_ = b.Close() // which takes it out
		}
	})
}
