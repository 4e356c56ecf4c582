package framing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ficus/gateway/gatewaytest"
)

// An attack is what a client sends on one connection, and what has to come of it. {n} stands
// for its number, by which requests are told apart.
type attack struct {
	name string
	send string
	half bool   // nothing follows, and the client says so; else a request to /after-{n} follows, which ends the connection
	want string // the statuses of the answers, in order
	seen string // the requests that the backend gets, in order, divided by " | "
}

// after is a request that follows an attack on the same connection: where the attack is
// refused it must not be served, since nobody knows where it begins.
const after = "GET /after-{n} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

const post = "POST /{n} HTTP/1.1\r\nHost: h\r\n"

// smuggled is what must not be read as a request.
const smuggled = "GET /smuggled-{n} HTTP/1.1\r\nHost: h\r\nX: x\r\n\r\n"

var attacks = []attack{
	// What is right passes, and so does what follows it.
	{"nothing wrong", post + "Content-Length: 2\r\n\r\nhi", false, "200 200", `POST /{n} length "hi" | GET /after-{n}`},
	{"chunked", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false, "200", `POST /{n} chunked "hi"`},
	{"a body that looks like a request", post + "Content-Length: {l}\r\n\r\n" + smuggled, false, "200 200", `POST /{n} length {smuggled} | GET /after-{n}`},
	{"chunk extensions are not passed on", post + "Transfer-Encoding: chunked\r\n\r\n2;a=b;c=\"d\"\r\nhi\r\n0;e\r\n\r\n", false, "200", `POST /{n} chunked "hi"`},
	{"the same length twice", post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", false, "200 200", `POST /{n} length "hi" | GET /after-{n}`},

	// Two lengths. Where there are chunks, too, they win, and the connection ends.
	{"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", false, "400", ""},
	{"two lengths in one", post + "Content-Length: 2, 3\r\n\r\nhi!", false, "400", ""},
	{"the same length in one", post + "Content-Length: 2, 2\r\n\r\nhi", false, "400", ""},
	{"length and chunks", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, false, "200", `POST /{n} chunked ""`},
	{"chunks and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled, false, "200", `POST /{n} chunked ""`},
	{"length and chunks on HTTP/1.0", "POST /{n} HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi" + smuggled, false, "200", `POST /{n} length "hi"`},
	{"chunks on HTTP/1.0", "POST /{n} HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, false, "200", `POST /{n} length ""`},

	// Odd lengths.
	{"a length with a sign", post + "Content-Length: +2\r\n\r\nhi", false, "400", ""},
	{"a negative length", post + "Content-Length: -2\r\n\r\nhi", false, "400", ""},
	{"a length that is none", post + "Content-Length: 0x2\r\n\r\nhi", false, "400", ""},
	{"a length with a space", post + "Content-Length: 1 2\r\n\r\nhi", false, "400", ""},
	{"an empty length", post + "Content-Length: \r\n\r\n" + smuggled, false, "400", ""},
	{"a length beyond all numbers", post + "Content-Length: 18446744073709551618\r\n\r\nhi", false, "400", ""},
	{"a length with an underscore", post + "Content-Length: 1_0\r\n\r\n0123456789", false, "400", ""},
	{"a length in other digits", post + "Content-Length: ２\r\n\r\nhi", false, "400", ""},
	{"a length with a feed", post + "Content-Length: \v2\r\n\r\nhi", false, "400", ""},

	// Odd codings.
	{"an unknown coding", post + "Transfer-Encoding: gzip\r\n\r\n" + smuggled, false, "501", ""},
	{"chunked and another", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", false, "501", ""},
	{"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, "501", ""},
	{"chunked twice in one", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", false, "501", ""},
	{"chunked, then identity", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", false, "501", ""},
	{"identity", post + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi", false, "501", ""},
	{"an empty coding", post + "Transfer-Encoding:\r\nContent-Length: 2\r\n\r\nhi", false, "501", ""},
	{"chunked in quotes", post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", false, "501", ""},
	{"chunked with a feed", post + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", false, "400", ""},
	{"chunked with a NUL", post + "Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\n", false, "400", ""},
	{"chunked with a parameter", post + "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", false, "501", ""},
	{"chunked in capitals", post + "Transfer-Encoding: CHUNKED\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false, "200", `POST /{n} chunked "hi"`},

	// Lines. A fold becomes a blank (RFC 9112, 5.2).
	{"a space before the colon", post + "Content-Length : 2\r\n\r\nhi", false, "400", ""},
	{"a tab before the colon", post + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", false, "400", ""},
	{"a folded field", post + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", false, "200 200", `POST /{n} length "" | GET /after-{n}`},
	{"a folded length", post + "Content-Length:\r\n 2\r\n\r\nhi", false, "200 200", `POST /{n} length "hi" | GET /after-{n}`},
	{"a folded coding", post + "Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n" + smuggled, false, "200", `POST /{n} chunked ""`},
	{"a fold before all fields", "POST /{n} HTTP/1.1\r\n X: a\r\nHost: h\r\nContent-Length: 0\r\n\r\n", false, "400", ""},
	{"a bare CR in a value", post + "X: a\rContent-Length: 5\r\n\r\n", false, "400", ""},
	{"a bare CR at the end of a value", post + "Content-Length: 2\r\r\n\r\nhi", false, "400", ""},
	{"a bare CR in the request line", "POST /{n}\r HTTP/1.1\r\nHost: h\r\n\r\n", false, "400", ""},
	{"a NUL in a value", post + "X: a\x00b\r\n\r\n", false, "400", ""},
	{"a NUL in a name", post + "X\x00: a\r\n\r\n", false, "400", ""},
	{"a control byte in a value", post + "X: a\x01b\r\n\r\n", false, "400", ""},
	{"a line without a colon", post + "Content-Length\r\n\r\n", false, "400", ""},
	{"a field without a name", post + ": 2\r\n\r\n", false, "400", ""},
	{"a name with a space", post + "Content Length: 2\r\n\r\nhi", false, "400", ""},
	{"a name in brackets", post + "(Content-Length): 2\r\n\r\nhi", false, "400", ""},
	{"a name beyond ASCII", post + "Ｈost: g\r\n\r\n", false, "400", ""},
	{"two spaces in the request line", "POST  /{n} HTTP/1.1\r\nHost: h\r\n\r\n", false, "400", ""},
	{"a tab in the request line", "POST\t/{n}\tHTTP/1.1\r\nHost: h\r\n\r\n", false, "400", ""},
	{"a space in the target", "POST /{n} /x HTTP/1.1\r\nHost: h\r\n\r\n", false, "400", ""},
	{"no host", "POST /{n} HTTP/1.1\r\nContent-Length: 0\r\n\r\n", false, "400", ""},
	{"two hosts", post + "Host: g\r\nContent-Length: 0\r\n\r\n", false, "400", ""},
	{"a method that is none", "PO,ST /{n} HTTP/1.1\r\nHost: h\r\n\r\n", false, "400", ""},

	// Chunks.
	{"a chunk's length beyond all numbers", post + "Transfer-Encoding: chunked\r\n\r\n100000000000000002\r\nhi\r\n0\r\n\r\n", false, "400", "broken"},
	{"a chunk's length with 0x", post + "Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n", false, "400", "broken"},
	{"a chunk's length with a sign", post + "Transfer-Encoding: chunked\r\n\r\n+2\r\nhi\r\n0\r\n\r\n", false, "400", "broken"},
	{"a negative chunk", post + "Transfer-Encoding: chunked\r\n\r\n-2\r\nhi\r\n0\r\n\r\n", false, "400", "broken"},
	{"no chunk's length", post + "Transfer-Encoding: chunked\r\n\r\n\r\nhi\r\n0\r\n\r\n", false, "400", "broken"},
	{"a chunk longer than its length", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n", false, "400", "broken"},
	{"a chunk without its end", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi0\r\n\r\n", false, "400", "broken"},
	{"a bare LF after a chunk's length", post + "Transfer-Encoding: chunked\r\n\r\n2\nhi\r\n0\r\n\r\n", false, "400", "broken"},
	{"a bare LF in a chunk's extension", post + "Transfer-Encoding: chunked\r\n\r\n2;a\nhi\r\n0\r\n\r\n", false, "400", "broken"},
	{"a bare CR in a chunk's extension", post + "Transfer-Encoding: chunked\r\n\r\n2;a\rb\r\nhi\r\n0\r\n\r\n", false, "400", "broken"},
	{"a bare LF after a chunk", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\n0\r\n\r\n", false, "400", "broken"},
	{"a chunk's extension without end", post + "Transfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("a", 64<<10) + "\r\nhi\r\n0\r\n\r\n", false, "400", "broken"},
	{"more extensions than bytes", post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("a", 4000)+"\r\nx\r\n", 50) + "0\r\n\r\n", false, "400", "broken"},
	{"the last chunk is missing", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", true, "499", "broken"},
	{"a chunk is cut", post + "Transfer-Encoding: chunked\r\n\r\n20\r\nhi", true, "499", "broken"},
	{"a length is not filled", post + "Content-Length: 20\r\n\r\nhi", true, "499", "broken"},

	// Trailers.
	{"a trailer", post + "Trailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSum: 7\r\n\r\n", false, "200", `POST /{n} chunked "hi" [sum]`},
	{"a trailer that nobody announced", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSum: 7\r\n\r\n", false, "200", `POST /{n} chunked "hi"`},
	{"a trailer that is framing", post + "Trailer: Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 7\r\n\r\n", false, "400", ""},
	{"a trailer that is a coding", post + "Trailer: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", false, "400", ""},
	{"a trailer that says who asks", post + "Trailer: Ficus-Identity, Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nFicus-Identity: me\r\nSum: 7\r\n\r\n", false, "200", `POST /{n} chunked "hi" [sum]`},
	{"a trailer that nobody announced and that is protected", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nHost: g\r\nContent-Length: 7\r\nFicus-Identity: me\r\n\r\n", false, "200", `POST /{n} chunked "hi"`},
	{"a folded trailer", post + "Trailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSum: 7\r\n 8\r\n\r\n", false, "200", `POST /{n} chunked "hi" [sum]`},
	{"trailers without end", post + "Trailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n" + strings.Repeat("Sum: "+strings.Repeat("a", 1000)+"\r\n", 200) + "\r\n", false, "400", "broken"},

	// Other protocols.
	{"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", false, "400", ""},
	{"CONNECT with a path", "CONNECT /{n} HTTP/1.1\r\nHost: h\r\n\r\n", false, "400", ""},
	{"the preface of HTTP/2, alone", "PRI * HTTP/2.0\r\n\r\n", false, "400", ""},
	{"PRI on HTTP/1.1", "PRI * HTTP/1.1\r\nHost: h\r\n\r\n", false, "400", ""},
	{"HTTP/2 in the request line", "GET /{n} HTTP/2.0\r\nHost: h\r\n\r\n", false, "505", ""},
	{"HTTP/1.2", "GET /{n} HTTP/1.2\r\nHost: h\r\n\r\n", false, "200 200", "GET /{n} | GET /after-{n}"},
	{"HTTP/0.9", "GET /{n}\r\n\r\n", false, "400", ""},
	{"HTTP/1.0", "GET /{n} HTTP/1.0\r\n\r\n", false, "200", "GET /{n}"},
	{"HTTP/1.0, kept", "GET /{n} HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", false, "200", "GET /{n}"},
	{"an upgrade to h2c", "GET /{n} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", false, "200 200", "GET /{n} | GET /after-{n}"},
	{"an upgrade to h2c among others", "GET /{n} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n", false, "200 200", "GET /{n} upgrade websocket | GET /after-{n}"},
	{"an upgrade with a body", post + "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi", false, "200 200", `POST /{n} upgrade websocket length "hi" | GET /after-{n}`},

	// Expectations.
	{"an unknown expectation", post + "Expect: 200-ok\r\nContent-Length: 2\r\n\r\nhi", false, "417", ""},
	{"100-continue without waiting", post + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi", false, "100 200 200", `POST /{n} length "hi" | GET /after-{n}`},
	{"100-continue without a body", "GET /{n} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", false, "200 200", `GET /{n} | GET /after-{n}`},
	{"two expectations", post + "Expect: 100-continue, 200-ok\r\nContent-Length: 2\r\n\r\nhi", false, "100 200 200", `POST /{n} length "hi" | GET /after-{n}`},

	// Sizes.
	{"a header of 64 KiB", "GET /{n} HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", false, "431", ""},
	{"a thousand headers", "GET /{n} HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: x\r\n", 1000) + "\r\n", false, "431 200", "GET /after-{n}"},
	{"a target of 64 KiB", "GET /{n}" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: h\r\n\r\n", false, "431", ""},
	{"lines of nothing before a request", strings.Repeat("\r\n", 8<<10) + "GET /{n} HTTP/1.1\r\nHost: h\r\n\r\n", false, "400", ""},
}

// A client's broken message is refused, or its connection closed; nothing of it becomes
// another request; and no backend is to blame.
func TestBrokenRequests(t *testing.T) {
	w := start(t, ok, blames, "stage: new")
	t.Run("", func(t *testing.T) {
		for i, a := range attacks {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				a.check(t, w, strconv.Itoa(i+1000))
			})
		}
	})
	w.blamesNobody()
	if got := get(t, w.address, "/last"); got != "200" {
		t.Errorf("then a request is answered %s", got)
	}
	for _, seen := range w.new.take() {
		if strings.HasPrefix(seen, "GET /smuggled") {
			t.Errorf("smuggled: %s", seen)
		}
	}
}

// The body of a request that is refused is not the next request, however it looks.
func TestRefusedBodies(t *testing.T) {
	w := start(t, ok, blames, "stage: new")
	w.Write("policies/no.rego", "package no\nallow := false\n")
	w.Write("more.yaml", `
routes:
  - { id: guarded, match: /guarded, policy: no, backend: new, stage: new }
  - { id: limited, match: /limited, policy: public, backend: new, stage: new, rate_limit: { rate: 1/h, by: [client_ip] } }
`)
	gatewaytest.Await(t, "the routes", func() bool { return get(t, w.address, "/guarded") == "403" })
	if got := get(t, w.address, "/limited"); got != "200" {
		t.Fatalf("the first one: %s", got)
	}
	small := strings.Repeat(smuggled, 10)
	for name, tc := range map[string]struct{ target, head, want string }{
		"a policy":            {"/guarded", "", "403 200"},
		"a rate limit":        {"/limited", "", "429 200"},
		"too many headers":    {"/x", strings.Repeat("X: x\r\n", 200), "431 200"},
		"a target":            {"http:admin", "", "400"},
		"a policy, chunked":   {"/guarded", "Transfer-Encoding: chunked\r\n", "403"},
		"a policy, expecting": {"/guarded", "Expect: 100-continue\r\n", "403"},
		"a policy, endless":   {"/guarded", "Content-Length: 10000000\r\n", "403"},
	} {
		t.Run(name, func(t *testing.T) {
			head := "POST " + tc.target + " HTTP/1.1\r\nHost: h\r\n" + tc.head
			text := head + "\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(small), small)
			switch {
			case strings.Contains(head, "Content-Length"):
				text = head + "\r\n" + strings.Repeat(small, 10_000_000/len(small)+1)[:10_000_000]
			case !strings.Contains(head, "chunked"):
				text = head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(small), small)
			}
			if got := statuses(gatewaytest.Exchange(t, w.address, text+after, false)); got != tc.want {
				t.Errorf("answered %q, want %q", got, tc.want)
			}
		})
	}
	for _, seen := range w.new.take() {
		if strings.Contains(seen, "smuggled") || strings.HasPrefix(seen, "broken") {
			t.Errorf("the backend saw %q", seen)
		}
	}
	w.blamesNobody()
}

func (a attack) check(t *testing.T, w *world, number string) {
	text := a.send
	if !a.half {
		text += after
	}
	fill := strings.NewReplacer("{n}", number, "{l}", strconv.Itoa(len(smuggled)+1), "{smuggled}", strconv.Quote(strings.ReplaceAll(smuggled, "{n}", number)))
	got := statuses(gatewaytest.Exchange(t, w.address, fill.Replace(text), a.half))
	if got != a.want {
		t.Errorf("answered %q, want %q", got, a.want)
	}
	want := fill.Replace(a.seen)
	var seen string
	gatewaytest.Await(t, "the backend to be done", func() bool {
		seen = strings.Join(w.new.of(number), " | ")
		return seen == want || want == "broken" || len(seen) > len(want)
	})
	if want == "broken" { // and never whole: but it may not have begun either
		if parts := w.new.of(number); len(parts) > 1 || len(parts) == 1 && !strings.HasPrefix(parts[0], "broken: ") {
			t.Errorf("the backend saw %q", parts)
		}
	} else if seen != want {
		t.Errorf("the backend saw %q, want %q", seen, want)
	}
}

// of returns the requests with a number in the target.
func (o *origin) of(number string) (all []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, seen := range o.seen {
		if strings.Contains(seen, "/"+number) || strings.Contains(seen, "-"+number) {
			all = append(all, seen)
		}
	}
	return slices.Clip(all)
}
