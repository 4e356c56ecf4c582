package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// head is what load generator and backend read of the head of a message: enough to find
// its end. They speak HTTP/1.1 with lengths by themselves, so that they cost a fraction of
// what any proxy does.
type head struct {
	first  []byte // the request line or status line
	length int64  // of the body
	closes bool   // the connection ends after this message
}

var (
	nameLength     = []byte("content-length")
	nameConnection = []byte("connection")
	nameCoding     = []byte("transfer-encoding")
	wordClose      = []byte("close")

	errCoding = errors.New("a message without a length")
)

// readHead reads a head; io.EOF says that the connection ended before it.
func (h *head) readHead(from *bufio.Reader) error {
	line, err := from.ReadSlice('\n')
	if err != nil {
		if len(line) > 0 && errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	h.first, h.length, h.closes = append(h.first[:0], bytes.TrimRight(line, "\r\n")...), 0, false
	for {
		if line, err = from.ReadSlice('\n'); err != nil {
			return io.ErrUnexpectedEOF
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			return nil
		}
		if err = h.field(line); err != nil {
			return err
		}
	}
}

func (h *head) field(line []byte) (err error) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	switch value = bytes.TrimSpace(value); len(name) {
	case len(nameLength):
		if bytes.EqualFold(name, nameLength) {
			h.length, err = strconv.ParseInt(string(value), 10, 64)
		}
	case len(nameConnection):
		h.closes = h.closes || bytes.EqualFold(name, nameConnection) && bytes.EqualFold(value, wordClose)
	case len(nameCoding):
		if bytes.EqualFold(name, nameCoding) {
			err = errCoding
		}
	}
	return err
}

// skip reads the body and forgets it.
func (h *head) skip(from *bufio.Reader) error {
	for left := h.length; left > 0; {
		n, err := from.Discard(int(min(left, 1<<20)))
		left -= int64(n)
		if err != nil {
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}

// status is that of a status line, 0 for none.
func (h *head) status() int {
	if len(h.first) < len("HTTP/1.1 200") {
		return 0
	}
	n, err := strconv.Atoi(string(h.first[9:12]))
	if err != nil {
		return 0
	}
	return n
}
