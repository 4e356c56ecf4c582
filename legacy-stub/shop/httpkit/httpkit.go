// Package httpkit is what any web server needs around its handlers and the shop has nothing special to say about: compression, conditional
// requests, a line in the log for each request, and calm when a handler panics.
//
// The handlers in package shop and their chain of middleware use it. It knows nothing of products or sessions.
//
//	h := httpkit.Log(logger, now, httpkit.Recover(logger, sorry, httpkit.Gzip(mux)))
package httpkit

import "net/http"

// Recorder is a response writer that remembers the status and the size of what it wrote.
type Recorder struct {
	http.ResponseWriter
	Status int   // 0 until the header is written
	Bytes  int64 // of the body
}

// WriteHeader implements http.ResponseWriter.
func (r *Recorder) WriteHeader(status int) {
	if r.Status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) { // 1xx come before the answer
		r.Status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *Recorder) Write(b []byte) (int, error) {
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.Bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *Recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
