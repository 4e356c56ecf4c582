package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

const (
	smallAnswer = 1 << 10
	bigBody     = 10 << 20 // both ways
	bigPath     = "/big"
)

// backend answers each request with 1 KiB, which begins with its name, those for bigPath
// with 10 MiB, and those for other paths it was given with what was given.
type backend struct {
	name   string
	delay  time.Duration // before each answer
	extra  map[string][]byte
	served atomic.Int64

	small, big []byte
}

func newBackend(name string, delay time.Duration, extra map[string][]byte) *backend {
	b := &backend{name: name, delay: delay, extra: extra}
	b.small = answer([]byte(name + " " + strings.Repeat("x", smallAnswer-len(name)-1)))
	b.big = answer(bytes.Repeat([]byte("x"), bigBody))
	return b
}

func answer(body []byte) []byte {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: %d\r\n\r\n", len(body))
	return append([]byte(head), body...)
}

// serve answers until the listener is closed.
func (b *backend) serve(on net.Listener) error {
	for {
		conn, err := on.Accept()
		if err != nil {
			return err
		}
		go b.connection(conn)
	}
}

func (b *backend) connection(conn net.Conn) {
	defer conn.Close()
	from := bufio.NewReaderSize(conn, readSize)
	var h head
	for h.readHead(from) == nil && h.skip(from) == nil {
		b.served.Add(1)
		if b.delay > 0 {
			time.Sleep(b.delay)
		}
		if _, err := conn.Write(b.answerTo(h.first)); err != nil || h.closes {
			return
		}
	}
}

// answerTo finds the answer to a request line.
func (b *backend) answerTo(line []byte) []byte {
	_, rest, _ := bytes.Cut(line, []byte(" "))
	path, _, _ := bytes.Cut(rest, []byte(" "))
	if string(path) == bigPath {
		return b.big
	}
	if given, ok := b.extra[string(path)]; ok {
		return given
	}
	return b.small
}
