package dashboardtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// A Backend is a server that answers as a test tells it. A new one answers all requests
// with 200 and a short JSON body. Its health check is asked at /healthz.
type Backend struct {
	URL     string
	answer  atomic.Pointer[http.HandlerFunc]
	healthy atomic.Bool
}

// NewBackend starts one, which is gone with the test.
func NewBackend(t testing.TB) *Backend {
	b := &Backend{}
	b.Recover()
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.URL = server.URL
	return b
}

// ServeHTTP is part of http.Handler.
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	if r.URL.Path == "/healthz" {
		if !b.healthy.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return
	}
	(*b.answer.Load())(w, r)
}

// Answer says how it answers from now on.
func (b *Backend) Answer(how http.HandlerFunc) { b.answer.Store(&how) }

// Recover has it answer as a new one.
func (b *Backend) Recover() {
	b.healthy.Store(true)
	b.Say(`{"ok":true}`)
}

// Say has it answer with 200 and a body of JSON.
func (b *Backend) Say(body string) {
	b.Answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	})
}

// Fail has it answer with a status; its health check passes.
func (b *Backend) Fail(status int) {
	b.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

// Sick has its health check fail, and all requests.
func (b *Backend) Sick() {
	b.Fail(http.StatusServiceUnavailable)
	b.healthy.Store(false)
}

// Break has it end connections without an answer.
func (b *Backend) Break() {
	b.Answer(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// Hang has it leave requests without an answer until they are given up, or until the
// function is called that is returned: then they get that of a new one.
func (b *Backend) Hang() (release func()) {
	released := make(chan struct{})
	b.Answer(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-released:
			_, _ = io.WriteString(w, `{"ok":true}`)
		case <-r.Context().Done():
		}
	})
	return func() {
		b.Recover()
		close(released)
	}
}
