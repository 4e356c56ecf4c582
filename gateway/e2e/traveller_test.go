package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// exchange is what a client saw of one request.
type exchange struct {
	Step    string
	Status  int
	Header  http.Header
	Body    string
	Chunked bool // no Content-Length
	Trailer http.Header
}

// traveller is one visitor of the shop: it keeps cookies, finds the CSRF token of
// the page before, and notes each exchange. The host it asks for is always the same,
// wherever it connects to.
type traveller struct {
	t       *testing.T
	address string // host:port to connect to
	client  *http.Client
	cookies map[string]string
	token   string // CSRF
	seen    []exchange

	// afterWrite is called after requests other than GET and HEAD; may be nil.
	afterWrite func(v *traveller)
}

const shopHost = "shop.example"

func newTraveller(t *testing.T, address string) *traveller {
	t.Helper()
	v := &traveller{t: t, address: strings.TrimPrefix(address, "http://"), cookies: map[string]string{}}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", v.address)
		},
		DisableCompression: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	v.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}
	return v
}

// request is one to make; body may be nil, headers are "Name: value".
type request struct {
	method, path string
	body         io.Reader
	headers      []string
}

// do makes a request and notes the exchange.
func (v *traveller) do(step string, r request) exchange {
	v.t.Helper()
	response := v.send(step, r)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatalf("%s: reading the answer: %v", step, err)
	}
	if m := csrfField.FindSubmatch(body); m != nil {
		v.token = string(m[1])
	}
	if v.afterWrite != nil && r.method != http.MethodGet && r.method != http.MethodHead {
		v.afterWrite(v)
	}
	return v.note(step, response, string(body))
}

var csrfField = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

func (v *traveller) send(step string, r request) *http.Response {
	v.t.Helper()
	out, err := http.NewRequest(r.method, "http://"+shopHost+r.path, r.body)
	if err != nil {
		v.t.Fatalf("%s: %v", step, err)
	}
	for _, h := range r.headers {
		name, value, _ := strings.Cut(h, ": ")
		out.Header.Set(name, value)
	}
	for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
		out.AddCookie(&http.Cookie{Name: name, Value: v.cookies[name]})
	}
	response, err := v.client.Do(out)
	if err != nil {
		v.t.Fatalf("%s: %v", step, err)
	}
	for _, c := range response.Cookies() {
		v.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
	}
	return response
}

func (v *traveller) note(step string, response *http.Response, body string) exchange {
	x := exchange{
		Step: step, Status: response.StatusCode, Header: response.Header, Body: body,
		Chunked: slices.Contains(response.TransferEncoding, "chunked"), Trailer: response.Trailer,
	}
	v.seen = append(v.seen, x)
	return x
}

func (v *traveller) get(path string, headers ...string) exchange {
	v.t.Helper()
	return v.do("GET "+path, request{method: "GET", path: path, headers: headers})
}

// form posts a form with the CSRF token of the page seen last.
func (v *traveller) form(path string, pairs ...string) exchange {
	v.t.Helper()
	values := url.Values{"csrf_token": {v.token}}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return v.do("POST "+path, request{
		method: "POST", path: path, body: strings.NewReader(values.Encode()),
		headers: []string{"Content-Type: application/x-www-form-urlencoded"},
	})
}

func (v *traveller) json(method, path, body string) exchange {
	v.t.Helper()
	return v.do(method+" "+path+" "+body, request{
		method: method, path: path, body: strings.NewReader(body), headers: []string{"Content-Type: application/json"},
	})
}

func (v *traveller) graphql(query string) exchange {
	v.t.Helper()
	text, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		v.t.Fatal(err)
	}
	return v.json("POST", "/graphql", string(text))
}

// upload posts a file, streamed without a length.
func (v *traveller) upload(path, field, name string, content []byte) exchange {
	v.t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	if err := parts.SetBoundary("a-boundary-that-is-always-the-same"); err != nil {
		v.t.Fatal(err)
	}
	_ = parts.WriteField("csrf_token", v.token)
	file, err := parts.CreateFormFile(field, name)
	if err != nil {
		v.t.Fatal(err)
	}
	_, _ = file.Write(content)
	_ = parts.Close()
	return v.do("upload "+path, request{
		method: "POST", path: path, body: io.MultiReader(&body), headers: []string{"Content-Type: " + parts.FormDataContentType()},
	})
}

// events opens an event stream, calls act once the first event has come, and notes
// the first n events.
func (v *traveller) events(path string, n int, act func()) {
	v.t.Helper()
	response := v.send("events "+path, request{method: "GET", path: path, headers: []string{"Accept: text/event-stream"}})
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	var body strings.Builder
	for got := 0; got < n; {
		line, err := lines.ReadString('\n')
		if err != nil {
			v.t.Fatalf("events %s: %v after %q", path, err, body.String())
		}
		if strings.HasPrefix(line, ":") { // a heartbeat comes when it comes
			continue
		}
		body.WriteString(line)
		if line == "\n" && body.Len() > 1 {
			if got++; got == 1 {
				act()
			}
		}
	}
	v.note("events "+path, response, body.String())
}

// chat opens the support websocket, asks, and notes what is answered.
func (v *traveller) chat(questions ...string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	header := http.Header{"Origin": {"http://" + shopHost}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
		header.Add("Cookie", name+"="+v.cookies[name])
	}
	conn, response, err := websocket.Dial(ctx, "ws://"+shopHost+"/ws/support", &websocket.DialOptions{HTTPClient: v.client, HTTPHeader: header})
	if err != nil {
		v.t.Fatalf("websocket: %v", err)
	}
	defer conn.CloseNow() //nolint:errcheck // it was closed in order before
	read := func() string {
		_, text, err := conn.Read(ctx)
		if err != nil {
			v.t.Fatalf("websocket: %v", err)
		}
		return string(text) + "\n"
	}
	body := read()
	for i, q := range questions {
		text := fmt.Sprintf(`{"id":"%d","text":%q}`, i, q)
		if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			v.t.Fatalf("websocket: %v", err)
		}
		body += read()
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		v.t.Errorf("websocket: closing: %v", err)
	}
	response.Header.Del("Sec-Websocket-Accept") // follows the key, which is random
	v.note("websocket", response, body)
}
