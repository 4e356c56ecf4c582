package pipeline

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ficus/gateway/graphql"
	"ficus/gateway/route"
)

// moved is a route that takes some fields of /graphql to the new side.
func moved() route.Definition {
	d := at("moved", "/graphql", route.StageNew)
	d.When.GraphQL = route.GraphQL{Fields: []string{"products", "product"}, Persisted: []string{"ListProducts"}}
	return d
}

// arrival is a request as a backend got it.
type arrival struct {
	Backend, Method  string
	Length           int64
	TransferEncoding []string
	Body             string
	Trailer          http.Header
	Err              string // of reading the body
}

// graphQLGateway serves /graphql from two backends that hand over what they got.
func graphQLGateway(t *testing.T) (g *testGateway, got chan arrival) {
	t.Helper()
	got = make(chan arrival, 100)
	backend := func(name string) string {
		return newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
			a := arrival{Backend: name, Method: r.Method, Length: r.ContentLength, TransferEncoding: r.TransferEncoding}
			body, err := io.ReadAll(r.Body)
			if a.Body, a.Trailer = string(body), r.Trailer; err != nil {
				a.Err = err.Error()
			}
			got <- a
			_, _ = io.WriteString(w, name)
		})
	}
	return newGateway(t, backend("legacy"), backend("new"), moved()), got
}

// unmatched returns the counter of the requests that a GraphQL condition let pass, by
// route and reason.
func (g *testGateway) unmatched(t *testing.T) map[string]float64 {
	t.Helper()
	counts := map[string]float64{}
	families, err := g.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "ficus_graphql_unmatched_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			counts[labels["route"]+" "+labels["reason"]] = m.GetCounter().GetValue()
		}
	}
	return counts
}

const jsonType = "Content-Type: application/json\r\n"

// message writes a POST with a length.
func message(headers, body string) string {
	return fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s", headers, len(body), body)
}

// chunkedMessage writes a POST in chunks of some bytes, with a trailer.
func chunkedMessage(headers, body string, size int) string {
	var b strings.Builder
	b.WriteString("POST /graphql HTTP/1.1\r\nHost: a\r\n" + headers + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n")
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	b.WriteString("0\r\nX-Sum: 7\r\n\r\n")
	return b.String()
}

func getMessage(target, headers string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + headers + "Connection: close\r\n\r\n"
}

func TestGraphQLChoosesTheBackend(t *testing.T) {
	g, got := graphQLGateway(t)
	for _, tc := range []struct{ name, request, backend, reason string }{
		{"a moved field", message(jsonType, `{"query":"{products{total}}"}`), "new", ""},
		{"two moved fields", message(jsonType, `{"query":"query A{products{total} p:product(id:1){...{name}}}"}`), "new", ""},
		{"in chunks", chunkedMessage(jsonType, `{"query":"{products{total}}"}`, 7), "new", ""},
		{"a document", message("Content-Type: application/graphql\r\n", `{products{total}}`), "new", ""},
		{"by GET", getMessage("/graphql?query={products{total}}", ""), "new", ""},
		{"by HEAD", strings.Replace(getMessage("/graphql?query={products{total}}", ""), "GET", "HEAD", 1), "new", ""},
		{"a listed document", message(jsonType, `{"id":"ListProducts"}`), "new", ""},
		{"a field that stays", message(jsonType, `{"query":"{orders{id}}"}`), "legacy", ""},
		{"introspection", message(jsonType, `{"query":"{__schema{types{name}}}"}`), "legacy", ""},
		{"__typename alone", message(jsonType, `{"query":"{__typename}"}`), "legacy", ""},
		{"a page", getMessage("/graphql", "Accept: text/html\r\n"), "legacy", ""},
		{"another method", "PUT" + message(jsonType, `{"query":"{products{total}}"}`)[4:], "legacy", ""},
		{"another path", strings.Replace(message(jsonType, `{"query":"{products{total}}"}`), "/graphql", "/graphql/", 1), "legacy", ""},

		{"mixed", message(jsonType, `{"query":"{products{total} orders{id}}"}`), "legacy", "mixed"},
		{"mixed with introspection", message(jsonType, `{"query":"{products{total} __type(name:\"X\"){name}}"}`), "legacy", "mixed"},
		{"mixed, skipped", message(jsonType, `{"query":"{products{total} orders@skip(if:true){id}}"}`), "legacy", "mixed"},
		{"mixed by GET", getMessage("/graphql?query={products{total}orders{id}}", ""), "legacy", "mixed"},
		{"a batch", message(jsonType, `[{"query":"{products{total}}"}]`), "legacy", "batch"},
		{"another stored document", message(jsonType, `{"id":"ListOrders"}`), "legacy", "persisted"},
		{"by hash", getMessage(`/graphql?extensions={"persistedQuery":{"version":1,"sha256Hash":"abc"}}`, ""), "legacy", "persisted"},
		{"two readings", message(jsonType, `{"query":"{products{total}}","Query":"{orders{id}}"}`), "legacy", "malformed"},
		{"no document", message(jsonType, `{}`), "legacy", "malformed"},
		{"an empty body", message(jsonType, ``), "legacy", "malformed"},
		{"GET with a body", getMessage("/graphql?query={products{total}}", "Content-Length: 1\r\n") + "x", "legacy", "malformed"},
		{"a form", message("Content-Type: application/x-www-form-urlencoded\r\n", `query={products{total}}`), "legacy", "content_type"},
		{"compressed", message(jsonType+"Content-Encoding: gzip\r\n", zipped(`{"query":"{products{total}}"}`)), "legacy", "encoded"},
		{"too large", message(jsonType, `{"query":"{products{total}}"}`+strings.Repeat(" ", graphql.MaxBody)), "legacy", "too_large"},
		{"too large in chunks", chunkedMessage(jsonType, `{"query":"{products{total}}"}`+strings.Repeat(" ", graphql.MaxBody), 4096), "legacy", "too_large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := g.unmatched(t)
			g.exchange(t, tc.request)
			if a := <-got; a.Backend != tc.backend {
				t.Errorf("went to %s, want %s", a.Backend, tc.backend)
			}
			<-g.last
			if tc.reason != "" {
				before["default "+tc.reason]++
			}
			if diff := cmp.Diff(before, g.unmatched(t)); diff != "" {
				t.Errorf("counted otherwise (-want +got)\n%s", diff)
			}
		})
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

// Where another route with a GraphQL condition takes it, nothing passed unseen.
func TestGraphQLCountsWhatNoConditionTook(t *testing.T) {
	backend := newBackend(t, "", nil)
	rest := at("rest", "/graphql", route.StageNew)
	rest.When.GraphQL.Type = route.Query
	narrow := moved()
	narrow.When.Query = map[string]route.Wanted{"v": "2"} // one more condition than the other
	g := newGateway(t, backend, backend, narrow, rest)
	g.exchange(t, strings.Replace(message(jsonType, `{"query":"{products{total} orders{id}}"}`), "/graphql", "/graphql?v=2", 1))
	if x := <-g.last; x.Entry.ID != "rest" {
		t.Errorf("route %s", x.Entry.ID)
	}
	if diff := cmp.Diff(map[string]float64{}, g.unmatched(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Every byte reaches the backend, framed as it was.
func TestGraphQLBodyArrivesAsItWasSent(t *testing.T) {
	g, got := graphQLGateway(t)
	small, padding := `{"query":"{products{total}}"}`, func(n int) string {
		return `{"query":"{products{total}}"}` + strings.Repeat(" ", n-len(`{"query":"{products{total}}"}`))
	}
	for name, tc := range map[string]struct{ headers, body, backend string }{
		"small":               {jsonType, small, "new"},
		"one below the cap":   {jsonType, padding(graphql.MaxBody - 1), "new"},
		"at the cap":          {jsonType, padding(graphql.MaxBody), "new"},
		"one above the cap":   {jsonType, padding(graphql.MaxBody + 1), "legacy"},
		"a megabyte":          {jsonType, padding(1 << 20), "legacy"},
		"malformed":           {jsonType, "\x00{{{", "legacy"},
		"compressed":          {jsonType + "Content-Encoding: gzip\r\n", zipped(small), "legacy"},
		"an upload":           {"Content-Type: multipart/form-data; boundary=b\r\n", "--b\r\n" + strings.Repeat("x", 300_000), "legacy"},
		"of no type":          {"", small, "legacy"},
		"a large application": {"Content-Type: application/graphql\r\n", "{products{total}}#" + strings.Repeat("x", 200_000), "new"},
	} {
		t.Run(name, func(t *testing.T) {
			want := arrival{Backend: tc.backend, Method: "POST", Length: int64(len(tc.body)), Body: tc.body}
			g.exchange(t, message(tc.headers, tc.body))
			if diff := cmp.Diff(want, <-got); diff != "" {
				t.Errorf("with a length (-want +got)\n%.500s", diff)
			}
			want.Length, want.TransferEncoding, want.Trailer = -1, []string{"chunked"}, http.Header{"X-Sum": {"7"}}
			g.exchange(t, chunkedMessage(tc.headers, tc.body, 1000))
			if diff := cmp.Diff(want, <-got); diff != "" {
				t.Errorf("in chunks (-want +got)\n%.500s", diff)
			}
		})
	}
}

// conversation is a client that sends in parts.
type conversation struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (g *testGateway) dial(t *testing.T) *conversation {
	t.Helper()
	conn, err := net.Dial("tcp", g.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &conversation{t, conn, bufio.NewReader(conn)}
}

func (c *conversation) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

// head reads one head of an answer, up to its empty line.
func (c *conversation) head() string {
	c.t.Helper()
	var b strings.Builder
	for line := ""; line != "\r\n"; b.WriteString(line) {
		var err error
		if line, err = c.r.ReadString('\n'); err != nil {
			c.t.Fatalf("%v after %q", err, b.String())
		}
	}
	return b.String()
}

// A body that comes slowly is awaited up to the cap, and beyond it streams.
func TestGraphQLSlowBodies(t *testing.T) {
	began := make(chan string, 1)
	backend := func(name string) string {
		return newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
			began <- name
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n)
		})
	}
	g := newGateway(t, backend("legacy"), backend("new"), moved())
	body := `{"query":"{products{total}}"}`

	c := g.dial(t)
	c.send("POST /graphql HTTP/1.1\r\nHost: a\r\n" + jsonType + "Transfer-Encoding: chunked\r\n\r\n")
	for i := range body {
		c.send("1\r\n" + body[i:i+1] + "\r\n")
	}
	select {
	case name := <-began:
		t.Errorf("%s got a request before the body was whole", name)
	default:
	}
	c.send("0\r\n\r\n")
	if name := <-began; name != "new" || !strings.HasPrefix(c.head(), "HTTP/1.1 200 ") {
		t.Errorf("went to %s", name)
	}

	c = g.dial(t)
	c.send("POST /graphql HTTP/1.1\r\nHost: a\r\n" + jsonType + "Transfer-Encoding: chunked\r\n\r\n")
	c.send(fmt.Sprintf("%x\r\n%s\r\n", graphql.MaxBody+1, strings.Repeat(" ", graphql.MaxBody+1)))
	if name := <-began; name != "legacy" { // while the client has more to send
		t.Errorf("went to %s", name)
	}
	c.send("3\r\nend\r\n0\r\n\r\n")
	c.head()
	if length, err := io.ReadAll(io.LimitReader(c.r, 6)); string(length) != fmt.Sprint(graphql.MaxBody+4) {
		t.Errorf("%s bytes arrived, %v", length, err)
	}
}

// A client that breaks off is no failure of a backend, whether its body had to be
// looked at or not; nor is one that breaks the framing.
func TestBodiesThatBreakOff(t *testing.T) {
	for _, tc := range []struct {
		name, path, request string
		status              int
		reaches             bool // a backend
	}{
		{"hangs up, looked at", "/graphql", "Content-Length: 100\r\n\r\n{\"query\":", 499, false},
		{"hangs up, in chunks, looked at", "/graphql", "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"query\":\r\n", 499, false},
		{"hangs up above the cap", "/graphql", fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", graphql.MaxBody+9, strings.Repeat(" ", graphql.MaxBody+9)), 499, true},
		{"hangs up", "/upload", "Content-Length: 100\r\n\r\n{\"query\":", 499, true},
		{"hangs up, in chunks", "/upload", "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"query\":\r\n", 499, true},
		{"broken chunk, looked at", "/graphql", "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"query\":\r\nnonsense\r\n", 400, false},
		{"broken chunk", "/upload", "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"query\":\r\nnonsense\r\n", 400, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			reached := make(chan struct{}, 1)
			backend := newBackend(t, "", func(_ http.ResponseWriter, r *http.Request) {
				reached <- struct{}{}
				if _, err := io.Copy(io.Discard, r.Body); err == nil {
					t.Error("the body arrived as if whole")
				}
			})
			g := newGateway(t, backend, backend, moved())
			c := g.dial(t)
			c.send("POST " + tc.path + " HTTP/1.1\r\nHost: a\r\n" + jsonType + tc.request)
			if tc.reaches {
				<-reached
			}
			if tc.status == 499 {
				c.Close()
			} else if head := c.head(); !strings.HasPrefix(head, "HTTP/1.1 400 ") || !strings.Contains(head, "Connection: close\r\n") {
				t.Errorf("answered %q", head)
			}
			if x := <-g.last; x.Status != tc.status || x.Side != route.Legacy {
				t.Errorf("recorded %d of side %s", x.Status, x.Side)
			}
			select {
			case <-reached:
				t.Error("a backend got a request that could not be whole")
			default:
			}
		})
	}
}

// Over HTTP/2, where a client gives up one stream of many.
func TestBodiesThatBreakOffOverHTTP2(t *testing.T) {
	for _, path := range []string{"/graphql", "/upload"} {
		reached := make(chan struct{}, 1)
		backend := newBackend(t, "", func(_ http.ResponseWriter, r *http.Request) {
			reached <- struct{}{}
			_, _ = io.Copy(io.Discard, r.Body)
		})
		g := newGateway(t, backend, backend, moved())
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		server := httptest.NewUnstartedServer(g.server.Config.Handler)
		server.Config.Protocols = &protocols
		server.Start()
		t.Cleanup(server.Close)
		client := &http.Transport{Protocols: &protocols}
		t.Cleanup(client.CloseIdleConnections)

		ctx, giveUp := context.WithCancel(t.Context())
		body, part := io.Pipe()
		r, _ := http.NewRequestWithContext(ctx, "POST", server.URL+path, body)
		r.Header.Set("Content-Type", "application/json")
		go func() {
			_, _ = io.WriteString(part, `{"query":`)
			if path == "/upload" {
				<-reached
			}
			giveUp()
		}()
		if response, err := client.RoundTrip(r); err == nil {
			response.Body.Close()
			t.Errorf("%s: answered %d", path, response.StatusCode)
		}
		if x := <-g.last; x.Status != 499 {
			t.Errorf("%s: recorded %d", path, x.Status)
		}
	}
}

func TestStatusOfABrokenBody(t *testing.T) {
	for _, tc := range []struct {
		err   error
		http1 bool
		want  int
	}{
		{io.ErrUnexpectedEOF, true, 499},
		{&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}, true, 499},
		{errors.New("malformed chunked encoding"), true, 400},
		{errors.New("client disconnected"), false, 499},
		{fmt.Errorf("as Caddy has it: %w", &http.MaxBytesError{Limit: 1}), true, 413},
		{&net.OpError{Op: "read", Err: timeout{}}, true, 408},
	} {
		b := clientBody{from: io.NopCloser(failing{tc.err}), http1: tc.http1}
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, tc.err) {
			t.Errorf("%v became %v", tc.err, err)
		}
		if got := failureStatus(b.Failure()); got != tc.want {
			t.Errorf("%v: %d, want %d", tc.err, got, tc.want)
		}
	}
	for _, harmless := range []error{io.EOF, http.ErrBodyReadAfterClose} {
		b := clientBody{from: io.NopCloser(failing{harmless})}
		_, _ = b.Read(make([]byte, 1))
		if err := b.Failure(); err != nil {
			t.Errorf("%v counts as a failure", harmless)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type timeout struct{}

func (timeout) Error() string        { return "i/o timeout" }
func (timeout) Timeout() bool        { return true }
func (timeout) Is(target error) bool { return target.Error() == "i/o timeout" }

// A client that waits for 100 Continue is told once, by whoever needs the body: the
// gateway where it has to look, else the backend, which may refuse without it.
func TestGraphQLExpectContinue(t *testing.T) {
	backend := newBackend(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Expect") == "" {
			t.Error("the backend was not told what the client expects")
		}
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(401)
			return
		}
		_, _ = io.Copy(w, r.Body)
	})
	g := newGateway(t, backend, backend, moved())
	body := `{"query":"{products{total}}"}`
	head := func(kind string) string {
		return fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n", kind, len(body))
	}
	upload := "Content-Type: multipart/form-data; boundary=b\r\n"

	c := g.dial(t)
	c.send(head(jsonType) + "Authorization: x\r\n\r\n")
	if got := c.head(); got != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("got %q", got)
	}
	c.send(body)
	if got := c.head(); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("after the body: %q, want no second 100", got)
	}
	if echo, err := io.ReadAll(c.r); string(echo) != body || err != nil {
		t.Errorf("got %q, %v", echo, err)
	}

	c = g.dial(t)
	c.send(head(upload) + "\r\n")
	if got := c.head(); !strings.HasPrefix(got, "HTTP/1.1 401 ") {
		t.Errorf("a body that nobody has to look at: %q", got)
	}

	c = g.dial(t)
	c.send(head(upload) + "Authorization: x\r\n\r\n")
	if got := c.head(); got != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("from the backend: %q", got)
	}
	c.send(body)
	if got := c.head(); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("got %q", got)
	}
}

// A backend that says 100 Continue unasked is passed on.
func TestGraphQLUnaskedContinue(t *testing.T) {
	backend, _ := rawBackend(t, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	g := newGateway(t, backend, backend, moved())
	if got := g.exchange(t, message(jsonType, `{"query":"{products{total}}"}`)); !strings.HasPrefix(got, "HTTP/1.1 100 Continue\r\n") {
		t.Errorf("got %q", got)
	}
}

// A websocket's messages nobody sees: it goes to the route without the condition.
func TestGraphQLWebsocket(t *testing.T) {
	legacy := newBackend(t, "", func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(conn, buffered)
	})
	g := newGateway(t, legacy, newBackend(t, "new", nil), moved())
	c := g.dial(t)
	c.send("GET /graphql?query={products{total}} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if head := c.head(); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Fatal(head)
	}
	c.send("{}\n")
	if echo, err := c.r.ReadString('\n'); echo != "{}\n" {
		t.Errorf("got %q, %v", echo, err)
	}
	c.Close()
	<-g.last
	if diff := cmp.Diff(map[string]float64{"default upgrade": 1}, g.unmatched(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Without a GraphQL condition on its way, no body is looked at.
func TestOtherBodiesAreNotLookedAt(t *testing.T) {
	began := make(chan struct{})
	backend := newBackend(t, "", func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		_, _ = io.Copy(io.Discard, r.Body)
	})
	g := newGateway(t, backend, backend, moved())
	c := g.dial(t)
	c.send("POST /other HTTP/1.1\r\nHost: a\r\n" + jsonType + "Content-Length: 2\r\n\r\n{")
	<-began // before the body is whole
	c.send("}")
	c.head()
}
