package shadow

import (
	"net/http"
	"strings"

	"ficus/gateway/parity"
)

// A Reason is why no copy of a request was sent.
type Reason string

// The reasons. The first ones are the pipeline's, which looks at the request.
const (
	Method     Reason = "method"     // it is not safe
	Body       Reason = "body"       // it has one
	Upgrade    Reason = "upgrade"    // it asks for another protocol
	Stream     Reason = "stream"     // of events, by request or answer
	Loop       Reason = "loop"       // it is a copy itself
	Partial    Reason = "partial"    // legacy's answer depends on a range or a condition
	Incomplete Reason = "incomplete" // legacy's answer did not reach its end
	Queue      Reason = "queue"      // as many copies wait as may
	Memory     Reason = "memory"     // copies take as much as they may
	Late       Reason = "late"       // legacy's answer is too old to be compared with a new one
	Refused    Reason = "refused"    // the other side can't be told who asks
	Failing    Reason = "failing"    // the other side has just failed, and is left alone for a moment
	Closed     Reason = "closed"     // the backend has left the table, or the gateway ends
)

// A Capture keeps what the client gets of an answer, as far as it is compared. It belongs
// to one goroutine, and ends by [Lane.Send] or by Release.
type Capture struct {
	rules  *parity.Rules
	status int
	header http.Header
	body   buffer
	reason Reason // why there will be no copy
}

// Capture begins to keep an answer, with a body of up to maxBody bytes. Where there is no
// room for another copy it says so, and the Capture is nil.
func (l *Lane) Capture(rules *parity.Rules, maxBody int) (*Capture, Reason) {
	if reason := l.busy(); reason != "" {
		return nil, reason
	}
	return &Capture{rules: rules, body: buffer{from: &l.copier.memory, limit: maxBody}}, ""
}

// Begin takes the final status and header. length is that of the body, -1 where it is not
// known. Nothing of the header is kept that is written to later.
func (c *Capture) Begin(status int, header http.Header, length int64) {
	switch status {
	case http.StatusPartialContent, http.StatusNotModified, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		c.reason = Partial
		return
	}
	if media := header["Content-Type"]; len(media) > 0 && IsEvents(media[0]) {
		c.reason = Stream
		return
	}
	c.status, c.header = status, c.rules.Keep(header)
	c.body.expect(length)
}

// IsEvents reports whether a text names the type of an event stream.
func IsEvents(media string) bool {
	return strings.Contains(strings.ToLower(media), "text/event-stream")
}

// Write takes the next bytes of the body.
func (c *Capture) Write(p []byte) {
	if c.reason == "" {
		_, _ = c.body.Write(p)
	}
}

// Has reports whether the body that was kept has this length, or is not kept at all.
func (c *Capture) Has(length int64) bool {
	return c.reason != "" || c.body.tooLarge || c.body.refused || int64(len(c.body.kept)) == length
}

// Answer returns the answer, and why it can't be compared.
func (c *Capture) answer() (parity.Answer, Reason) {
	switch {
	case c.reason != "":
		return parity.Answer{}, c.reason
	case c.status == 0:
		return parity.Answer{}, Incomplete
	case c.body.refused:
		return parity.Answer{}, Memory
	}
	return parity.Answer{Status: c.status, Header: c.header, Body: c.body.kept, TooLarge: c.body.tooLarge}, ""
}

// Release gives the memory back.
func (c *Capture) Release() { c.body.release() }
