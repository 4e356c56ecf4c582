package pipeline

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Nothing is added to a request, and only what belongs to one connection is
// removed, along with forwarding headers of a client that is no trusted proxy.
func TestRequestHeaders(t *testing.T) {
	legacy, got := rawBackend(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	g := newGateway(t, legacy, legacy)
	g.exchange(t, "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nX-One: 2\r\nCookie: a=b; c=d\r\nAccept-Encoding: br\r\n"+
		"X-Forwarded-For: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n")
	want := []string{"GET / HTTP/1.1", "Host: a", "Accept-Encoding: br", "Cookie: a=b; c=d", "X-One: 1", "X-One: 2", "", ""}
	if diff := cmp.Diff(want, strings.Split(<-got, "\r\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Nothing is added to an answer or dropped from it, whatever it lacks.
func TestAnswersAreExact(t *testing.T) {
	for name, answer := range map[string]string{
		"bare":          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html>hi!",
		"full":          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/weird\r\nDate: yesterday\r\nServer: shopd\r\nVia: 1.0 x\r\n\r\nhi",
		"two cookies":   "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://a/b%7C|\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n\r\n",
		"empty value":   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Empty:\r\n\r\n",
		"no content":    "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
		"not modified":  "HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\n\r\n",
		"gzip as it is": "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
		"odd status":    "HTTP/1.1 299 Custom\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			legacy, _ := rawBackend(t, answer)
			g := newGateway(t, legacy, legacy)
			got := g.exchange(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			got = strings.Replace(got, "Connection: close\r\n", "", 1) // asked for above
			if diff := cmp.Diff(sortedHead(answer), sortedHead(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// An answer of no length that turns out to be empty gets none: neither one that ends with
// its last chunk nor one that ends with the connection.
func TestEmptyAnswersOfNoLength(t *testing.T) {
	const want = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	for _, answer := range []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"} {
		legacy, got := rawBackend(t, answer)
		g := newGateway(t, legacy, legacy)
		for range 50 { // it was a matter of chance
			if got := g.exchange(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); got != want {
				t.Errorf("%q has become %q", answer, got)
				break
			}
			<-got
		}
	}
}

// sortedHead takes an answer to its header lines, sorted, and its body; the reason
// phrase is net/http's own.
func sortedHead(answer string) []string {
	head, body, _ := strings.Cut(answer, "\r\n\r\n")
	status, fields, _ := strings.Cut(head, "\r\n")
	lines := strings.Split(strings.ReplaceAll(fields, ": ", ":"), "\r\n")
	slices.Sort(lines)
	return append(append([]string{status[:12]}, lines...), body)
}

func TestEarlyHintsPassAndAddNothing(t *testing.T) {
	legacy, _ := rawBackend(t, "HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	g := newGateway(t, legacy, legacy)
	got := g.exchange(t, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	want := "HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTrailersPass(t *testing.T) {
	legacy := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Announced")
		_, _ = w.Write(body)
		w.Header().Set("X-Announced", r.Trailer.Get("X-Sent"))
		w.Header().Set(http.TrailerPrefix+"X-Late", "2")
	})
	g := newGateway(t, legacy, legacy)
	r, _ := http.NewRequest("POST", g.server.URL, io.NopCloser(strings.NewReader("body")))
	r.Trailer = http.Header{"X-Sent": {"1"}}
	response, err := g.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if string(body) != "body" || response.Trailer.Get("X-Announced") != "1" || response.Trailer.Get("X-Late") != "2" {
		t.Errorf("body %q, trailers %v", body, response.Trailer)
	}
}

func TestEventsArriveAsTheyAreSent(t *testing.T) {
	next := make(chan string)
	legacy := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for event := range next {
			fmt.Fprintf(w, "data: %s\n\n", event)
			w.(http.Flusher).Flush()
		}
	})
	g := newGateway(t, legacy, legacy)
	go func() { next <- "first" }()
	response, err := http.Get(g.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for _, want := range []string{"first", "second", "third"} {
		if want != "first" {
			next <- want // only after the one before has arrived
		}
		if line, err := lines.ReadString('\n'); err != nil || line != "data: "+want+"\n" {
			t.Fatalf("got %q, %v, want %q", line, err, want)
		}
		_, _ = lines.ReadString('\n')
	}
	close(next)
}

func TestBodiesStreamBothWays(t *testing.T) {
	legacy := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.WriteHeader(200)
		_, _ = io.Copy(w, r.Body)
	})
	g := newGateway(t, legacy, legacy)
	const size = 20 << 20
	body := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	response, err := http.Post(g.server.URL, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, response.Body)
	if err != nil || n != size || !bytes.Equal(sum.Sum(nil), hashOf(body)) {
		t.Errorf("%d bytes came back changed: %v", n, err)
	}
}

func hashOf(b []byte) []byte { s := sha256.Sum256(b); return s[:] }

func TestUpgradeOpensATunnelAndOutlivesTheTable(t *testing.T) {
	legacy := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Mine: 1\r\n\r\n")
		_, _ = io.Copy(conn, buffered)
	})
	g := newGateway(t, legacy, legacy)
	conn, err := net.Dial("tcp", g.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	var head strings.Builder
	for line := ""; line != "\r\n"; head.WriteString(line) {
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if want := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Mine: 1\r\n\r\n"; head.String() != want {
		t.Errorf("got %q, want %q", head.String(), want)
	}
	for _, word := range []string{"before\n", "after\n"} {
		_, _ = io.WriteString(conn, word)
		if echo, err := r.ReadString('\n'); err != nil || echo != word {
			t.Fatalf("got %q, %v, want %q", echo, err, word)
		}
		elsewhere := newBackend(t, "elsewhere", nil)
		g.publish(t, elsewhere, elsewhere) // the next word still goes through
	}
	conn.Close()
	if x := <-g.last; x.Status != 101 {
		t.Errorf("recorded status %d", x.Status)
	}
}

// A backend that refuses before the body is asked for is heard at once; the body
// is never sent.
func TestExpectContinue(t *testing.T) {
	legacy := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(401)
			return
		}
		_, _ = io.Copy(w, r.Body)
	})
	g := newGateway(t, legacy, legacy)
	head := "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n"
	started := time.Now()
	if got := g.exchange(t, head+"\r\n"); !strings.HasPrefix(got, "HTTP/1.1 401 ") || time.Since(started) > 30*time.Second {
		t.Errorf("after %v, where a server that wants the body waits for a minute: %q", time.Since(started), got)
	}
	if got := g.exchange(t, head+"Authorization: x\r\n\r\nbody"); !strings.HasPrefix(got, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n") || !strings.HasSuffix(got, "body") {
		t.Errorf("got %q", got)
	}
}

func TestCutBodyStaysCut(t *testing.T) {
	legacy, _ := rawBackend(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
	g := newGateway(t, legacy, legacy)
	response, err := http.Get(g.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("a cut body arrived as if whole: %q", body)
	}
	if x := <-g.last; x.Status != 200 {
		t.Errorf("recorded status %d", x.Status)
	}
}
