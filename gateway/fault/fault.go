// Package fault breaks backends on purpose, for rehearsals: a share of a route's requests
// is late, gets an answer that is none of the backend's, or loses its connection.
//
// What is injected stands between a try and the transport (backend.Call.Through), so that
// breakers, retries, fallback and shadow see what they would see of a backend that
// fails. The pipeline asks for it, and only where the Caddyfile allows faults; nothing is
// in the way of a request of which nothing is to be broken.
package fault

import (
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"

	"ficus/gateway/internal/pause"
	"ficus/gateway/route"
)

// Kinds of faults, as metrics name them.
const (
	Delay = "delay"
	Abort = "abort"
	Reset = "reset"
)

// Config is what faults work with; all fields are required, and the functions are called
// concurrently.
type Config struct {
	On     *atomic.Bool      // whether faults hit at all
	Random func() float64    // from 0 to below 1
	Count  func(kind string) // is told each fault that hits
}

// Through is what stands between a try and the transport.
type Through = func(r *http.Request, next http.RoundTripper) (*http.Response, error)

// Faults are those of one side of a route. A nil *Faults breaks nothing.
type Faults struct {
	config Config
	faults []fault
}

type fault struct {
	route.Fault
	share  float64 // 0 to 1
	header []wanted
}

type wanted struct {
	name  string // canonical
	value route.Wanted
}

// Compile returns the faults of one side, nil where there are none.
func Compile(faults []route.Fault, side route.Side, config Config) *Faults {
	f := &Faults{config: config}
	for _, one := range faults {
		if one.Side.Side() != side {
			continue
		}
		compiled := fault{Fault: one, share: one.Share / 100}
		if one.Share == 0 {
			compiled.share = 1
		}
		for name, value := range one.Header {
			compiled.header = append(compiled.header, wanted{textproto.CanonicalMIMEHeaderKey(name), value})
		}
		f.faults = append(f.faults, compiled)
	}
	if f.faults == nil {
		return nil
	}
	return f
}

// Through returns what breaks the tries of a request with these headers, as its client
// sent them: nil where nothing does. Each try has its own luck.
func (f *Faults) Through(header http.Header) Through {
	if f == nil || !f.config.On.Load() {
		return nil
	}
	var meant []*fault
	for i := range f.faults {
		if f.faults[i].means(header) {
			meant = append(meant, &f.faults[i])
		}
	}
	if meant == nil {
		return nil
	}
	return func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		for _, one := range meant {
			if f.config.Random() >= one.share {
				continue
			}
			if answer, err := f.hit(one, r); answer != nil || err != nil {
				if r.Body != nil {
					_ = r.Body.Close() // as every RoundTripper does
				}
				return answer, err
			}
		}
		return next.RoundTrip(r)
	}
}

// means reports whether the request has all headers that the fault wants.
func (f *fault) means(header http.Header) bool {
	for _, w := range f.header {
		values := header[w.name]
		if len(values) == 0 || !w.value.Matches(values[0]) {
			return false
		}
	}
	return true
}

// hit breaks a try. With neither answer nor error the try goes on.
func (f *Faults) hit(one *fault, r *http.Request) (*http.Response, error) {
	if one.Delay > 0 {
		f.config.Count(Delay)
		if err := pause.For(r.Context(), one.Delay); err != nil {
			sent(r) // as to a backend that is slow
			return nil, err
		}
	}
	switch {
	case one.Reset == route.On:
		f.config.Count(Reset)
		sent(r)
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case one.Abort != 0:
		f.config.Count(Abort)
		sent(r)
		return answer(r, one.Abort), nil
	}
	return nil, nil
}

// sent tells who watches the try that its headers have left the gateway.
func sent(r *http.Request) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
}

// answer is what a backend would say that has nothing to say but its status.
func answer(r *http.Request, status int) *http.Response {
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Length": {"0"}}, Body: http.NoBody, Request: r,
	}
}
