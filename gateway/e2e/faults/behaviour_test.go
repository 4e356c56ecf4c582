package faults

import (
	"net"
	"strings"
)

// What origins do with a connection. healthy is the one that keeps the rules.

func healthy(c *conversation) { answering(200)(c) }

// answering answers every request by one status.
func answering(status int) func(*conversation) {
	return func(c *conversation) {
		for {
			proof, ok := c.request()
			if !ok || !c.answer(status, proof) {
				return
			}
		}
	}
}

// resetAtOnce resets when the first byte of a request is here.
func resetAtOnce(c *conversation) {
	c.piece()
	c.reset()
}

// after does something when a whole request is here, to that connection.
func after(do func(*conversation)) func(*conversation) {
	return func(c *conversation) {
		if _, ok := c.request(); ok {
			do(c)
		}
	}
}

// saying sends a text in the place of an answer, and closes.
func saying(text string) func(*conversation) {
	return after(func(c *conversation) { c.send(text) })
}

// halfClosed closes its own direction, and goes on reading.
func halfClosed(c *conversation) {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	c.hold()
}

// half is an answer of which half of the body is missing.
const half = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nnew "

// brokenOff sends half of an answer and resets. (Linux hands over what came before a
// reset first.)
func brokenOff(c *conversation) {
	c.send(half)
	c.reset()
}

// stalling sends half of an answer, and then nothing.
func stalling(c *conversation) {
	c.send(half)
	c.hold()
}

// noTLS answers the first bytes of a handshake by a line of text.
func noTLS(c *conversation) {
	if _, err := c.r.Peek(1); err == nil {
		c.send("this is no TLS\r\n")
	}
}

// flooding sends a text again and again until nobody reads it any more.
func flooding(head, again string) func(*conversation) {
	return after(func(c *conversation) {
		c.send(head)
		for block := strings.Repeat(again, 1+4096/len(again)); c.send(block); {
		}
	})
}

// staleAfterOne answers one request, and then closes when the next one is here whole.
func staleAfterOne(c *conversation) {
	if proof, ok := c.request(); ok && c.answer(200, proof) {
		_, _ = c.request()
	}
}

// smuggling answers by a body that is longer than it said: the rest looks like the answer
// to the next request on the connection.
func smuggling(c *conversation) {
	proof, ok := c.request()
	if !ok || !c.answer(200, proof) {
		return
	}
	c.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled")
	c.hold()
}
