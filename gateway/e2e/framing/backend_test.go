package framing

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

// A lie is what a backend sends in answer to one request, and what its client gets.
type lie struct {
	name   string
	method string // "" for GET and POST
	answer string // after which it hangs up where more is empty
	more   bool   // the connection stays
	want   string // the statuses that the client gets
	body   string // that the client gets, as it stands on the wire; "-" for whatever there is
	cut    bool   // the client can see that it is not whole
}

const fine = "HTTP/1.1 200 OK\r\n"

// evil is what must not be read as an answer.
const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

var lies = []lie{
	{"nothing wrong", "", fine + "Content-Length: 2\r\n\r\nhi", true, "200", "hi", false},
	{"chunks", "", fine + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", true, "200", "2\r\nhi\r\n0\r\n\r\n", false},
	{"chunks with extensions", "", fine + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\n\r\n", true, "200", "2\r\nhi\r\n0\r\n\r\n", false},
	{"a body until the end", "", fine + "\r\nhi", false, "200", "-", false},
	{"an answer of HTTP/1.0", "", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, "200", "hi", false},

	// Lengths.
	{"two lengths", "", fine + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", true, "502", "-", false},
	{"two lengths in one", "", fine + "Content-Length: 2, 3\r\n\r\nhi!", true, "502", "-", false},
	{"a length with a sign", "", fine + "Content-Length: +2\r\n\r\nhi", true, "502", "-", false},
	{"a negative length", "", fine + "Content-Length: -1\r\n\r\nhi", true, "502", "-", false},
	{"a length that is none", "", fine + "Content-Length: two\r\n\r\nhi", true, "502", "-", false},
	{"a length beyond all numbers", "", fine + "Content-Length: 18446744073709551618\r\n\r\nhi", true, "502", "-", false},
	{"length and chunks", "", fine + "Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + evil, true, "200", "2\r\nhi\r\n0\r\n\r\n", false},
	{"an unknown coding", "", fine + "Transfer-Encoding: gzip\r\n\r\nhi", true, "502", "-", false},
	{"chunked twice", "", fine + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true, "502", "-", false},
	{"gzip, chunked", "", fine + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", true, "502", "-", false},

	// Lines.
	{"no status line", "", "hello\r\n\r\n", true, "502", "-", false},
	{"no HTTP", "", "SSH-2.0-OpenSSH_9.2\r\n", false, "502", "-", false},
	{"nothing", "", "", false, "502", "-", false},
	{"half a head", "", fine + "Content-Len", false, "502", "-", false},
	{"a status of two digits", "", "HTTP/1.1 20 OK\r\n\r\n", true, "502", "-", false},
	{"a status beyond all", "", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", true, "502", "-", false},
	{"a negative status", "", "HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n", true, "502", "-", false},
	{"a status of 000", "", "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n", true, "502", "-", false},
	{"a status of 999", "", "HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n", true, "999", "", false},
	{"HTTP/2 in the status line", "", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", true, "200", "", false},
	{"HTTP/3.7 in the status line", "", "HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n", true, "200", "", false},
	{"a line without a colon", "", fine + "Content-Length 2\r\n\r\nhi", true, "502", "-", false},
	{"a space before the colon", "", fine + "Content-Length : 2\r\n\r\nhi", true, "502", "-", false},
	{"a space in a name", "", fine + "X Y: 2\r\nContent-Length: 0\r\n\r\n", true, "502", "-", false},
	{"a name in brackets", "", fine + "(X): 2\r\nContent-Length: 0\r\n\r\n", true, "502", "-", false},
	{"a name beyond ASCII", "", fine + "Ｘ: 2\r\nContent-Length: 0\r\n\r\n", true, "502", "-", false},
	{"a NUL in a value", "", fine + "X: a\x00b\r\nContent-Length: 0\r\n\r\n", true, "502", "-", false},
	{"a bare CR in a value", "", fine + "X: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n", true, "502", "-", false},
	{"a control byte in a value", "", fine + "X: a\x01b\r\nContent-Length: 0\r\n\r\n", true, "502", "-", false},
	{"a fold", "", fine + "X: a\r\n b\r\nContent-Length: 2\r\n\r\nhi", true, "200", "hi", false},
	{"a fold before all fields", "", fine + " X: a\r\nContent-Length: 2\r\n\r\nhi", true, "502", "-", false},
	{"a folded length", "", fine + "Content-Length:\r\n 2\r\n\r\nhi", true, "200", "hi", false},

	// Sizes.
	{"headers without end", "", fine + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 2000), true, "502", "-", false},
	{"a header without end", "", fine + "X: " + strings.Repeat("x", 2<<20), true, "502", "-", false},
	{"1xx without end", "", strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: x\r\n\r\n", 10_000), true, strings.Repeat("103 ", 64) + "502", "-", false},
	{"100 without end", "", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10_000), true, strings.Repeat("100 ", 64) + "502", "-", false},

	// Switching.
	{"a 101 that nobody asked for", "", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + evil, true, "502", "-", false},
	{"a 101 without a protocol", "", "HTTP/1.1 101 Switching Protocols\r\n\r\n" + evil, true, "502", "-", false},
	{"a 101 to another method", "POST", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + evil, true, "502", "-", false},

	// Bodies.
	{"a body that is cut", "", fine + "Content-Length: 20\r\n\r\nhi", false, "200", "hi", true},
	{"a chunk that is cut", "", fine + "Transfer-Encoding: chunked\r\n\r\n20\r\nhi", false, "200", "2\r\nhi\r\n", true},
	{"chunks without the last", "", fine + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", false, "200", "2\r\nhi\r\n", true},
	{"a bad chunk", "", fine + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n\r\n", true, "200", "2\r\nhi\r\n", true},
	{"a chunk with 0x", "", fine + "Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n", true, "200", "", true},
	{"a negative chunk", "", fine + "Transfer-Encoding: chunked\r\n\r\n-2\r\nhi\r\n0\r\n\r\n", true, "200", "", true},
	{"a chunk longer than its length", "", fine + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n", true, "200", "2\r\nhi\r\n", true},
	{"a chunk's length beyond all numbers", "", fine + "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\nhi\r\n0\r\n\r\n", true, "200", "", true},

	// Surplus.
	{"two answers", "", fine + "Content-Length: 2\r\n\r\nhi" + evil, true, "200", "hi", false},
	{"a body longer than its length", "", fine + "Content-Length: 2\r\n\r\nhi there", true, "200", "hi", false},
	{"an answer after the last chunk", "", fine + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" + evil, true, "200", "2\r\nhi\r\n0\r\n\r\n", false},
	{"a body with 204", "", "HTTP/1.1 204 No Content\r\n\r\n" + evil, true, "204", "", false},
	{"a body with 304", "", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n" + evil, true, "304", "", false},
	{"a body to HEAD", "HEAD", fine + "Content-Length: 43\r\n\r\n" + evil, true, "200", "", false},
	{"a length with 204", "", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n" + evil, true, "204", "", false},

	// Trailers.
	{"a trailer", "", fine + "Trailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSum: 7\r\n\r\n", true, "200", "2\r\nhi\r\n0\r\nSum: 7\r\n\r\n", false},
	{"a trailer that is framing", "", fine + "Trailer: Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nContent-Length: 7\r\n\r\n", true, "502", "-", false},
	{"a trailer with a bare CR", "", fine + "Trailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSum: 7\rX: y\r\n\r\n", true, "200", "2\r\nhi\r\n", true},
}

// Whatever a backend sends, its client gets that answer, or sees that it is not whole, or
// gets a 502; and nothing of it reaches another client.
func TestBrokenAnswers(t *testing.T) {
	answers := map[string]lie{}
	for i, l := range lies {
		answers[strconv.Itoa(i+1000)] = l
	}
	w := start(t, func(c *conversation) {
		_, rest, _ := strings.Cut(c.seen, "/")
		number, _, _ := strings.Cut(rest, " ")
		if l, lies := answers[number]; lies {
			c.send(l.answer)
			if !l.more {
				c.Close()
			}
			return
		}
		ok(c)
	}, "breaker: { enabled: off }", "stage: retired\n    retry: { attempts: 1 }")
	t.Run("", func(t *testing.T) {
		for number, l := range answers {
			t.Run(l.name, func(t *testing.T) {
				t.Parallel()
				l.check(t, w, number)
			})
		}
	})
	if n := w.sum("ficus_streams_open", ""); n != 0 {
		t.Errorf("%v streams are open", n)
	}
	gatewaytest.Await(t, "nothing to be under way", func() bool { return w.sum("ficus_backend_in_flight", "new") == 0 })
}

func (l lie) check(t *testing.T, w *world, number string) {
	for _, method := range []string{"GET", "POST", "GET", "POST"} { // which go different ways; what is left of one must not be the next one's
		method = cmp.Or(l.method, method)
		answer := gatewaytest.Exchange(t, w.address, fmt.Sprintf("%s /%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", method, number), false)
		if got := statuses(answer); got != l.want {
			t.Errorf("answered %q, want %q", got, l.want)
		}
		if strings.Contains(answer, "evil") {
			t.Errorf("the client got what answers nothing: %q", answer)
		}
		last := answer[max(strings.LastIndex(answer, "HTTP/1."), 0):]
		head, body, _ := strings.Cut(last, "\r\n\r\n")
		if l.body != "-" && body != l.body {
			t.Errorf("the body is %q, want %q", body, l.body)
		}
		if err := strict(head); err != nil {
			t.Errorf("the head of %q: %v", answer, err)
		}
		if cut := isCut(method, head, body); cut != l.cut {
			t.Errorf("%q: cut %v, want %v", answer, cut, l.cut)
		}
		if got := gatewaytest.Exchange(t, w.address, strings.Replace(method, "HEAD", "GET", 1)+" /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false); !strings.HasPrefix(got, "HTTP/1.1 200 ") || !strings.HasSuffix(got, "\r\n\r\nok") {
			t.Errorf("the next request got %q", got)
		}
	}
	if n := len(w.new.of(number)); n != 4 && (l.answer != "" || n > 12) { // a kept connection that was closed gives a GET back
		t.Errorf("sent %d times, not 4", n)
	}
}
