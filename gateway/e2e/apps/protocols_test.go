package apps

import (
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quic-go/quic-go/http3"
)

// A front is how clients speak to the gateway.
type front struct {
	name   string
	secure bool
	proto  string // of the answers
	client func(*tls.Config) http.RoundTripper
}

var fronts = []front{
	{"HTTP/1.1", false, "HTTP/1.1", func(*tls.Config) http.RoundTripper { return speaking((*http.Protocols).SetHTTP1, nil) }},
	{"h2c", false, "HTTP/2.0", func(*tls.Config) http.RoundTripper { return speaking((*http.Protocols).SetUnencryptedHTTP2, nil) }},
	{"HTTP/1.1, TLS", true, "HTTP/1.1", func(c *tls.Config) http.RoundTripper { return speaking((*http.Protocols).SetHTTP1, c) }},
	{"HTTP/2, TLS", true, "HTTP/2.0", func(c *tls.Config) http.RoundTripper { return speaking((*http.Protocols).SetHTTP2, c) }},
	{"HTTP/3", true, "HTTP/3.0", func(c *tls.Config) http.RoundTripper {
		return &http3.Transport{TLSClientConfig: c, DisableCompression: true}
	}},
}

// speaking returns a transport that speaks one protocol.
func speaking(set func(*http.Protocols, bool), config *tls.Config) http.RoundTripper {
	protocols := new(http.Protocols)
	set(protocols, true)
	return &http.Transport{Protocols: protocols, TLSClientConfig: config, DisableCompression: true}
}

// asked are requests that each pair of protocols has to carry.
var asked = []struct{ method, path, body, field string }{
	{"GET", "/get?a=%20&b=;c", "", "Accept: text/*, */*;q=0.1"},
	{"HEAD", "/get", "", ""},
	{"POST", "/post?q=1", strings.Repeat("0123456789abcdef", 20_000), "Content-Type: text/plain"},
	{"PUT", "/anything/a%2Fb/%C3%A4", "{}", "Content-Type: application/json"},
	{"DELETE", "/delete", "", ""},
	{"PATCH", "/patch", "x", "Content-Type: text/plain"},
	{"GET", "/headers", "", "Cookie: a=b; c=d"},
	{"GET", "/status/418", "", ""},
	{"GET", "/status/204", "", ""},
	{"GET", "/etag/some", "", `If-None-Match: "some"`},
	{"GET", "/range/100000", "", "Range: bytes=1000-50000"},
	{"GET", "/gzip", "", "Accept-Encoding: gzip"},
	{"GET", "/redirect/2", "", ""},
	{"GET", "/cookies/set?a=1", "", ""},
	{"GET", "/stream/20", "", ""},
	{"GET", "/stream-bytes/100000?seed=1", "", ""},
	{"GET", "/sse?count=3&duration=20ms", "", "Accept: text/event-stream"},
	{"GET", "/trailers?a=1", "", "TE: trailers"},
	{"GET", "/response-headers?X-A=1&X-A=2&X-Empty=", "", ""},
	{"GET", "/nothing/here", "", ""},
}

// Each protocol in front carries the same requests and answers as each one behind, and
// what is carried is what a client sees that asks the application directly.
func TestProtocols(t *testing.T) {
	behinds := startBehinds(t)
	refused := withoutCertificate(behinds[len(behinds)-1])
	plain, secure := startFronts(t, append(slices.Clone(behinds), refused))
	client := fronts[0].client(nil)
	r, err := http.NewRequestWithContext(t.Context(), "GET", plain+"/get", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = refused.host
	if x := roundTrip(t, client, r); x.Status != http.StatusBadGateway {
		t.Errorf("a backend that wants a certificate and gets none: %d", x.Status)
	}
	closeClient(client)
	want := map[string][]exchange{}
	for _, b := range behinds {
		want[b.host] = ask(t, b.directly, b.url, b.host)
		b.protos() // those of the gateway begin here
	}
	same := map[string]int{}
	for _, f := range fronts {
		t.Run(f.name, func(t *testing.T) {
			client, url := f.client(&tls.Config{InsecureSkipVerify: true, ServerName: "127.0.0.1"}), plain
			if f.secure {
				url = secure
			}
			t.Cleanup(func() { closeClient(client) })
			for _, b := range behinds {
				got := ask(t, client, url, b.host)
				same[f.name+" "+b.name] = compareProtocols(t, f, b, want[b.host], got)
			}
		})
	}
	if !t.Failed() && len(same) == len(fronts)*len(behinds) {
		checkPart(t, "protocols", protocolsTable(behinds, same))
	}
}

func closeClient(client http.RoundTripper) {
	switch client := client.(type) {
	case *http3.Transport:
		_ = client.Close()
	case *http.Transport:
		client.CloseIdleConnections()
	}
}

// compareProtocols returns how many exchanges are the same.
func compareProtocols(t *testing.T, f front, b *behind, want, got []exchange) (same int) {
	t.Helper()
	for i := range want {
		w, g := want[i], got[i]
		if g.Reason != f.proto {
			t.Errorf("%s: the answer came by %s", g.Step, g.Reason)
		}
		g.Reason, w.Reason = "", ""
		if f.secure { // says that there is HTTP/3
			drop("Alt-Svc")(&g)
		}
		w, g = httpbin.level(w, g, -1)
		if diff := cmp.Diff(shortened(w, g)); diff != "" {
			t.Errorf("%s in front, %s behind, %s (-direct +through the gateway)\n%s", f.name, b.name, w.Step, diff)
			continue
		}
		same++
	}
	if protos := b.protos(); !slices.Equal(protos, []string{b.proto}) {
		t.Errorf("%s was asked by %v", b.name, protos)
	}
	return same
}

// ask makes all requests of a host. The protocol of an answer stands in its reason.
func ask(t *testing.T, client http.RoundTripper, url, host string) []exchange {
	t.Helper()
	var all []exchange
	for _, a := range asked {
		var body io.Reader
		if a.body != "" {
			body = strings.NewReader(a.body)
		}
		r, err := http.NewRequestWithContext(t.Context(), a.method, url+a.path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("User-Agent", "tests")
		if name, value, ok := strings.Cut(a.field, ": "); ok {
			r.Header.Set(name, value)
		}
		all = append(all, roundTrip(t, client, r))
	}
	return all
}

// roundTrip returns what net/http knows of an exchange.
func roundTrip(t *testing.T, client http.RoundTripper, r *http.Request) exchange {
	t.Helper()
	step := fmt.Sprintf("%s %s of %s", r.Method, r.URL.RequestURI(), r.Host)
	var response *http.Response
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		response, err = client.RoundTrip(r)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%s: no answer within a minute", step)
	}
	if err != nil {
		t.Fatalf("%s: %v", step, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: the body: %v", step, err)
	}
	return exchange{
		Step: step, Status: response.StatusCode, Reason: response.Proto, Body: string(body),
		Fields: sorted(response.Header), Trailer: sorted(response.Trailer),
	}
}

func sorted(h http.Header) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			all = append(all, name+": "+value)
		}
	}
	return all
}

func protocolsTable(behinds []*behind, same map[string]int) string {
	var b strings.Builder
	b.WriteString("| behind \\ in front |")
	for _, f := range fronts {
		b.WriteString(" " + f.name + " |")
	}
	b.WriteString(" in the route file |\n|" + strings.Repeat(" --- |", len(fronts)+2) + "\n")
	for _, x := range behinds {
		b.WriteString("| " + x.name + " |")
		for _, f := range fronts {
			fmt.Fprintf(&b, " %d |", same[f.name+" "+x.name])
		}
		b.WriteString(" `" + x.written + "` |\n")
	}
	return b.String()
}
