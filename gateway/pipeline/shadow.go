package pipeline

import (
	"net/http"
	"strconv"
	"time"

	"ficus/gateway/identity"
	"ficus/gateway/parity"
	"ficus/gateway/route"
	"ficus/gateway/shadow"
	"ficus/gateway/split"
)

// shadowing is how requests of an entry at stage shadow are copied.
type shadowing struct {
	lane    *shadow.Lane
	rules   *parity.Rules
	share   float64 // percent
	maxBody int     // bytes
}

// shadow gives the entries at stage shadow a lane to their new side, and ends the lanes
// that no entry uses any more.
func (p *Pipeline) shadow(next *serving) error {
	if p.Shadow == nil {
		return nil
	}
	wanted := map[string]route.Backend{}
	for _, e := range next.table.Entries {
		if b := next.table.Backend(e.Backend); e.Stage == route.StageShadow && b != nil {
			wanted[e.Backend] = *b
		}
	}
	lanes, err := p.Shadow.Use(wanted)
	if err != nil {
		return err
	}
	for i := range next.routes {
		b := &next.routes[i]
		if lane := lanes[b.entry.Backend]; b.entry.Stage == route.StageShadow && lane != nil {
			s := b.entry.Resilience.Shadow.Filled()
			b.shadow = &shadowing{lane: lane, rules: parity.Compile(s), share: s.Share, maxBody: s.MaxBody}
		}
	}
	return nil
}

// strip removes what only the gateway may say: of who asks, on every route and before any
// room looks at the request, and that a request is a copy, unless a gateway has signed it.
func (p *Pipeline) strip(r *http.Request, stripper *identity.Stripper, gate *identity.Gate, x *Exchange) {
	mark := p.Shadow.Marked(r.Header)
	stripper.Strip(r)
	gate.Strip(r)
	if mark != nil {
		r.Header[shadow.MarkHeader], x.copied = mark, true
	}
}

// capture returns what keeps the answer to a request of which a copy is to be sent; nil
// for all others, those of a route that is killed among them.
func (p *Pipeline) capture(w http.ResponseWriter, x *Exchange) *capturing {
	s := x.bound.shadow
	if s == nil || x.Side != route.Legacy || x.Clock == split.ClockKill || !p.Shadow.Chosen(s.share) {
		return nil
	}
	reason := uncopied(x)
	var kept *shadow.Capture
	if reason == "" {
		kept, reason = s.lane.Capture(s.rules, s.maxBody)
	}
	if reason != "" {
		x.bound.series.ShadowDropped(string(reason))
		return nil
	}
	return &capturing{ResponseWriter: w, exchange: x, kept: kept, now: p.Now}
}

// uncopied returns why a request is not copied, "" for one that is. A copy must change
// nothing, end by itself and need nothing of the client any more.
func uncopied(x *Exchange) shadow.Reason {
	r := x.request
	switch {
	case x.copied:
		return shadow.Loop
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return shadow.Method
	case r.ContentLength != 0:
		return shadow.Body
	case len(r.Header["Upgrade"]) > 0:
		return shadow.Upgrade
	case shadow.IsEvents(r.Header.Get("Accept")):
		return shadow.Stream
	}
	return ""
}

// capturing keeps what is written to the client. It is nil where there will be no copy.
type capturing struct {
	http.ResponseWriter
	exchange *Exchange
	kept     *shadow.Capture
	sent     *http.Request // to the backend, before anything of one side's own
	length   int64         // of the body, as announced; -1 where it is not
	cut      bool          // the client has not got all
	now      func() time.Time
}

// over returns the writer that keeps, or w.
func (c *capturing) over(w http.ResponseWriter) http.ResponseWriter {
	if c == nil {
		return w
	}
	return c
}

// prepared takes the request that goes out.
func (c *capturing) prepared(out *http.Request) {
	if c != nil {
		c.sent = out
	}
}

func (c *capturing) WriteHeader(status int) {
	c.ResponseWriter.WriteHeader(status)
	if status < 200 {
		return
	}
	c.length = -1
	if n, err := strconv.ParseInt(c.Header().Get("Content-Length"), 10, 64); err == nil && c.exchange.request.Method != http.MethodHead {
		c.length = n
	}
	c.kept.Begin(status, c.Header(), c.length)
}

func (c *capturing) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.kept.Write(p[:n])
	c.cut = c.cut || err != nil
	return n, err
}

// Unwrap lets http.ResponseController reach Flush, Hijack and the deadlines.
func (c *capturing) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// maxAge is how long legacy may take to answer in full: what answers later is a stream in
// all but name, and the two sides would be asked at different times.
const maxAge = time.Minute

// end comes last, after a panic too: without a whole answer there is nothing to compare.
func (c *capturing) end() {
	if c == nil || c.kept == nil {
		return
	}
	c.kept.Release()
	c.exchange.bound.series.ShadowDropped(string(shadow.Incomplete))
}

// send hands the copy over once legacy's answer was written. What it needs of the exchange
// is copied: that belongs to the request's goroutine.
func (c *capturing) send() {
	if c == nil || c.cut || c.sent == nil || c.length >= 0 && !c.kept.Has(c.length) {
		return
	}
	kept, x := c.kept, c.exchange
	c.kept = nil
	if c.now().Sub(x.start) > maxAge {
		kept.Release()
		x.bound.series.ShadowDropped(string(shadow.Late))
		return
	}
	out := copyOf(c.sent, x.Entry.Resilience.Deadline)
	x.trace.Propagate(out.Header) // else it would seem to come of a try of the other side
	x.bound.shadow.lane.Send(&shadow.Copy{
		Request: out,
		Send:    x.asNew().send,
		Route:   x.Entry.ID, Count: x.bound.series,
	}, kept)
}
