package apps

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

// chat opens a websocket, sends texts and notes each answer, frame by frame, then closes
// it and notes how the other end does.
func chat(v *visitor, path string, texts ...string) {
	v.t.Helper()
	v.open("websocket "+path, path)
	defer v.hangUp()
	for _, text := range texts {
		v.sendFrame(0x81, text)
		v.noteFrames(path, text)
	}
	v.sendFrame(0x89, "ping")
	v.noteFrames(path, "ping")
	v.sendFrame(0x88, "\x03\xe8")
	v.noteFrames(path, "close")
}

// open begins a websocket on a connection of its own.
func (v *visitor) open(step, path string) {
	v.t.Helper()
	v.hangUp()
	opened := v.doAs(step, "GET", path, "", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: http://"+host)
	if opened.Status != 101 {
		v.t.Fatalf("%s: %d %s", step, opened.Status, opened.Body)
	}
}

// sendFrame writes a frame as clients do, masked: by zeros, which leaves it readable.
func (v *visitor) sendFrame(first byte, payload string) {
	v.t.Helper()
	frame := []byte{first}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, 0x80|byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(n))
	}
	frame = append(frame, 0, 0, 0, 0)
	_ = v.conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := v.conn.Write(append(frame, payload...)); err != nil {
		v.t.Fatal(err)
	}
}

// noteFrames reads frames to the end of a message and notes them as one exchange.
func (v *visitor) noteFrames(path, about string) exchange {
	v.t.Helper()
	x := exchange{Step: fmt.Sprintf("websocket %s: %.8s", path, about), Framing: "frames"}
	var body strings.Builder
	for {
		first, payload, err := v.readFrame()
		if err != nil {
			v.t.Fatalf("%s: %v", x.Step, err)
		}
		fmt.Fprintf(&body, "%02x %d %s\n", first, len(payload), payload)
		if first&0x80 != 0 {
			break
		}
	}
	x.Body = body.String()
	v.seen = append(v.seen, x)
	return x
}

func (v *visitor) readFrame() (first byte, payload []byte, err error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(v.in, head); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 0x7f)
	if n >= 126 {
		wide := make([]byte, 8)
		size := 2 << (2 * (n - 126)) // 126: 2 bytes, 127: 8
		if _, err := io.ReadFull(v.in, wide[8-size:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(wide)
	}
	if n > 1<<24 {
		return 0, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(v.in, payload)
	return head[0], payload, err
}
