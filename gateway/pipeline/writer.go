package pipeline

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// transparentWriter keeps net/http from adding headers to an answer that has none
// of them, and notes the status.
type transparentWriter struct {
	http.ResponseWriter
	exchange *Exchange
	now      func() time.Time
}

// addedByServer are the headers that net/http adds unless the map holds the key; the
// length by HTTP/2 alone, where an empty answer does without.
var addedByServer = [...]string{"Content-Length", "Content-Type", "Date"}

// quiet tells the server to add nothing.
func (w *transparentWriter) quiet() {
	h := w.Header()
	for _, name := range addedByServer {
		if _, ok := h[name]; !ok {
			h[name] = nil
		}
	}
}

// loud takes quiet back, for an answer that is the gateway's own.
func (w *transparentWriter) loud() {
	h := w.Header()
	for _, name := range addedByServer {
		if len(h[name]) == 0 {
			delete(h, name)
		}
	}
}

// WriteHeader also repeats quiet: ReverseProxy clears the map after a 1xx answer. A
// client that was told to continue already is not told again.
func (w *transparentWriter) WriteHeader(status int) {
	if status == http.StatusContinue && w.exchange.continued {
		return
	}
	if status >= 200 {
		w.exchange.Status, w.exchange.headed = status, w.now()
		w.exchange.gate.Answered(w.exchange.request, w.Header())
		w.quiet()
		w.exchange.tellLimit(w.Header())
		w.exchange.tellID(w.Header())
		if EndsConnection(w.exchange.request) {
			w.Header()["Connection"] = []string{"close"}
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write notes that the client takes a part of the answer.
func (w *transparentWriter) Write(p []byte) (int, error) {
	w.exchange.run.Taking(true)
	n, err := w.ResponseWriter.Write(p)
	w.exchange.run.Taking(false)
	w.exchange.sent += int64(n)
	w.exchange.bound.series.Sent(w.exchange.Served(), n)
	return n, err
}

// FlushError notes it too, for what was written before.
func (w *transparentWriter) FlushError() error {
	w.exchange.run.Taking(true)
	err := http.NewResponseController(w.ResponseWriter).Flush()
	w.exchange.run.Taking(false)
	return err
}

// flushEmpty sends the header of an answer of no length of which nothing came: with an
// answer that ends before its header is sent, HTTP/1 says that its length is 0. HTTP/2
// does not, and needs to end such an answer with its header: gRPC looks for that.
func (w *transparentWriter) flushEmpty() {
	x := w.exchange
	if x.sent == 0 && x.request.ProtoMajor == 1 && x.Status >= 200 && x.Status != http.StatusNoContent && x.Status != http.StatusNotModified &&
		x.request.Method != http.MethodHead && len(w.Header()["Content-Length"]) == 0 {
		_ = w.FlushError() // a client that is gone misses nothing
	}
}

// Hijack opens the tunnel of an upgrade: ReverseProxy writes the 101 to the
// connection itself.
func (w *transparentWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.exchange.Status = http.StatusSwitchingProtocols
		w.exchange.tellLimit(w.Header())
		w.exchange.tellID(w.Header())
		w.exchange.headed = w.now()
		w.exchange.observe(w.exchange.headed)
	}
	return conn, buffered, err
}

// Unwrap lets http.ResponseController reach Flush and the deadlines.
func (w *transparentWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// flushCut sends what came of an answer that a backend broke off, before the
// connection is aborted: a client that got nothing at all might take the request
// for one that never arrived, and send it again.
func (w *transparentWriter) flushCut() {
	if cause := recover(); cause != nil {
		if w.exchange.Status != 0 {
			_ = http.NewResponseController(w.ResponseWriter).Flush()
		}
		panic(cause)
	}
}
