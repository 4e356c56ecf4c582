//go:build unix

package faults

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A flooder is a client with HTTP/2 that keeps to no limit.
type flooder struct {
	net.Conn
	framer *http2.Framer
	stream uint32
	frames int // of a flood
	sent   int
	block  bytes.Buffer
	coder  *hpack.Encoder
}

func newFlooder(t *testing.T, address string, deaf bool) *flooder {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // a deaf client may have to wait for ever
	f := &flooder{Conn: conn, framer: http2.NewFramer(conn, nil), stream: 1, frames: floodFrames}
	f.coder = hpack.NewEncoder(&f.block)
	f.framer.AllowIllegalWrites = true
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := f.framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	if deaf {
		f.frames *= 10 // more than sockets hold of what is said to them
	} else {
		go func() { _, _ = io.Copy(io.Discard, conn) }()
	}
	return f
}

// each does something again and again, until it fails.
func (f *flooder) each(do func() error) error {
	for range f.frames {
		if err := do(); err != nil {
			return err
		}
		f.sent++
	}
	return nil
}

func (f *flooder) field(name, value string) []byte {
	f.block.Reset()
	_ = f.coder.WriteField(hpack.HeaderField{Name: name, Value: value, Sensitive: true}) // in a buffer
	return bytes.Clone(f.block.Bytes())
}

func (f *flooder) head(path string) []byte { return f.message("GET", path) }

func (f *flooder) message(method, path string) (block []byte) {
	for _, one := range [][2]string{{":method", method}, {":scheme", "http"}, {":authority", "h"}, {":path", path}} {
		block = append(block, f.field(one[0], one[1])...)
	}
	return block
}

func (f *flooder) ask(path string) error {
	f.stream += 2
	return f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, EndStream: true, EndHeaders: true, BlockFragment: f.head(path)})
}

func (f *flooder) post(path string) error {
	f.stream += 2
	return f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.stream, EndHeaders: true, BlockFragment: f.message("POST", path)})
}
