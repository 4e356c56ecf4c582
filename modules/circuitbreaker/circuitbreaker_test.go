package circuitbreaker_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"go.uber.org/goleak"

	"ficus/gateway/gatewaytest"
)

// tests are all of them, after which the client's own connections are closed.
type tests struct{ *testing.M }

func (t tests) Run() int {
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return t.M.Run()
}

func TestMain(m *testing.M) {
	// Caddy's storage leaves one behind for some seconds.
	goleak.VerifyTestMain(tests{m}, goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"))
}

func adapt(t *testing.T, block string) []byte {
	t.Helper()
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte("http://127.0.0.1:8080 {\n"+block+"\n}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// site runs a site with a reverse_proxy of these upstreams and keys, and returns its URL.
func site(t *testing.T, upstreams, keys string) string {
	t.Helper()
	return "http://" + gatewaytest.RunCaddy(t, adapt(t, "reverse_proxy "+upstreams+" {\n"+keys+"\n}"))
}

// upstream answers what it is told, and counts.
type upstream struct {
	*httptest.Server
	status atomic.Int32
	asked  atomic.Int32
}

func newUpstream(t *testing.T, status int) *upstream {
	t.Helper()
	u := &upstream{}
	u.status.Store(int32(status))
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/up" {
			return
		}
		u.asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(int(u.status.Load()))
		_, _ = w.Write(body)
	}))
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) address() string { return u.Listener.Addr().String() }

func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func get(t *testing.T, url string) int {
	t.Helper()
	status, _ := ask(t, "GET", url, "")
	return status
}

// want asks some times, and fails where the answer is another one.
func want(t *testing.T, what, url string, times, status int) {
	t.Helper()
	for i := range times {
		if got := get(t, url); got != status {
			t.Fatalf("%s: status %d at request %d, want %d", what, got, i+1, status)
		}
	}
}

const quick = "transport circuit_breaker {\n min_requests 3\n open_for 1h\n}\n"

// Whatever the policy, requests go to the upstream whose breaker is closed: a POST, too,
// and with its body.
func TestNextUpstreamAnswers(t *testing.T) {
	for _, policy := range []string{"lb_policy round_robin\nlb_retries 1", "lb_policy first\nlb_retries 1\nfail_duration 1h", "lb_policy client_ip_hash\nlb_retries 1\nfail_duration 1h"} {
		t.Run(policy, func(t *testing.T) {
			bad, good := newUpstream(t, 200), newUpstream(t, 200)
			url := site(t, bad.address()+" "+good.address(), policy+"\n"+quick)
			want(t, "with both well", url, 1, 200)
			if good.asked.Load() > 0 {
				bad, good = good, bad // so that it is the one that the policy prefers
			}
			bad.status.Store(500)
			gatewaytest.Await(t, "three requests, of which two failed", func() bool { get(t, url); return bad.asked.Load() == 3 })
			for range 10 {
				if status, body := ask(t, "POST", url, "text"); status != 200 || body != "text" {
					t.Fatalf("%d %q", status, body)
				}
			}
			want(t, "with one upstream open", url, 10, 200)
			if n := bad.asked.Load(); n != 3 {
				t.Errorf("the open upstream was asked %d times, want 3", n)
			}
		})
	}
}

// Where there is no upstream left, the client gets 503, whatever the last one is asked.
func TestAllOpen(t *testing.T) {
	for _, keys := range []string{"", "lb_retries 3\n", "lb_policy round_robin\nlb_try_duration 20ms\nlb_try_interval 5ms\n"} {
		t.Run(keys, func(t *testing.T) {
			a, b := newUpstream(t, 500), newUpstream(t, 500)
			url := site(t, a.address()+" "+b.address(), keys+quick)
			gatewaytest.Await(t, "both open", func() bool { return get(t, url) == 503 && a.asked.Load() == 3 && b.asked.Load() == 3 })
			want(t, "with all open", url, 10, 503)
			if status, body := ask(t, "POST", url, "text"); status != 503 || body != "" {
				t.Errorf("a POST: %d %q", status, body)
			}
			if a.asked.Load() != 3 || b.asked.Load() != 3 {
				t.Errorf("asked %d and %d times, want 3", a.asked.Load(), b.asked.Load())
			}
		})
	}
}

// An upstream that can't be reached is 502 until its breaker is open.
func TestUnreachable(t *testing.T) {
	url := site(t, gatewaytest.FreeAddress(t), quick)
	want(t, "before", url, 3, 502)
	want(t, "after", url, 3, 503)
}

// An upstream that is well again gets all requests where no other answers, and no client
// sees the ramp of one among several.
func TestComesBack(t *testing.T) {
	const keys = "transport circuit_breaker {\n min_requests 3\n open_for 100ms\n ramp 1h\n}\n"
	t.Run("alone", func(t *testing.T) {
		u := newUpstream(t, 500)
		url := site(t, u.address(), keys)
		gatewaytest.Await(t, "open", func() bool { return get(t, url) == 503 })
		u.status.Store(200)
		gatewaytest.Await(t, "closed", func() bool { return get(t, url) == 200 })
		want(t, "when it is back", url, 50, 200)
	})
	t.Run("one of two", func(t *testing.T) {
		a, b := newUpstream(t, 500), newUpstream(t, 200)
		url := site(t, a.address()+" "+b.address(), "lb_policy random\nlb_retries 1\n"+keys)
		gatewaytest.Await(t, "open", func() bool { get(t, url); return a.asked.Load() >= 3 })
		a.status.Store(200)
		before := a.asked.Load()
		gatewaytest.Await(t, "asked again", func() bool { get(t, url); return a.asked.Load() > before })
		before, others := a.asked.Load(), b.asked.Load()
		want(t, "while it ramps", url, 200, 200)
		// Half of the requests choose it; a twentieth of them passes, and half of the others
		// choose it a second time.
		if a, b := a.asked.Load()-before, b.asked.Load()-others; a+b != 200 || a > 80 {
			t.Errorf("of 200 requests %d went to the one that comes back, and %d to the other", a, b)
		}
	})
}

// The last try of a request is not refused because of a ramp, whatever the one before met.
func TestRampAfterAnError(t *testing.T) {
	u := newUpstream(t, 500)
	url := site(t, gatewaytest.FreeAddress(t)+" "+u.address(), "lb_policy round_robin\nlb_retries 1\ntransport circuit_breaker {\n min_requests 3\n open_for 100ms\n ramp 1h\n}\n")
	gatewaytest.Await(t, "open", func() bool { return get(t, url) == 503 && u.asked.Load() >= 3 })
	u.status.Store(200)
	gatewaytest.Await(t, "closed", func() bool { return get(t, url) == 200 })
	want(t, "while it ramps", url, 50, 200)
}

// What is known of an upstream outlives a reload, unless the transport's settings change.
func TestReloadKeepsState(t *testing.T) {
	u := newUpstream(t, 500)
	url := site(t, u.address(), quick)
	want(t, "before it is open", url, 3, 500)
	u.status.Store(200)
	for i := range 3 {
		config := adapt(t, fmt.Sprintf("header Load %d\nreverse_proxy %s {\n%s\n}", i, u.address(), quick))
		want(t, "after a reload", "http://"+gatewaytest.ReloadCaddy(t, config), 3, 503)
	}
	if n := u.asked.Load(); n != 3 {
		t.Errorf("the upstream was asked %d times, want 3", n)
	}
	other := adapt(t, "reverse_proxy "+u.address()+" {\n"+strings.Replace(quick, "1h", "30m", 1)+"\n}")
	want(t, "with other settings", "http://"+gatewaytest.ReloadCaddy(t, other), 3, 200)
}

func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		method, body string
		status       int
		asked        int32
	}{
		{"GET", "", 200, 2},
		{"DELETE", "", 200, 2},
		{"PUT", "text", 503, 1},
		{"POST", "", 503, 1},
		{"POST", "text", 503, 1},
	} {
		t.Run(tt.method+" "+tt.body, func(t *testing.T) {
			var asked atomic.Int32
			u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) == 1 {
					w.WriteHeader(503)
				}
			}))
			t.Cleanup(u.Close)
			url := site(t, u.Listener.Addr().String(), "transport circuit_breaker {\n retry {\n wait 1ms\n }\n}\n")
			if status, _ := ask(t, tt.method, url, tt.body); status != tt.status || asked.Load() != tt.asked {
				t.Errorf("status %d, asked %d times; want %d, %d", status, asked.Load(), tt.status, tt.asked)
			}
		})
	}
}

// A tunnel passes in both directions.
func TestWebsocket(t *testing.T) {
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close()
		fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
		line, _ := buffered.ReadString('\n')
		fmt.Fprintf(connection, "echo %s", line)
	}))
	t.Cleanup(u.Close)
	url := site(t, u.Listener.Addr().String(), "transport circuit_breaker {\n retry\n}\n")
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != 101 {
		t.Fatalf("%+v, %v", response, err)
	}
	fmt.Fprint(connection, "hello\n")
	if line, err := reader.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

// With https upstreams all is as with the transport http: TLS, and the Host that it sends.
func TestHTTPS(t *testing.T) {
	u := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, " ", r.Host, " ", r.TLS != nil)
	}))
	u.EnableHTTP2 = true
	u.StartTLS()
	t.Cleanup(u.Close)
	const skip = "transport http {\n tls_insecure_skip_verify\n}\n"
	plain := site1(t, "https://"+u.Listener.Addr().String(), skip)
	guarded := site1(t, "https://"+u.Listener.Addr().String(), "transport circuit_breaker {\n"+skip+"}\n")
	if want := "HTTP/2.0 " + u.Listener.Addr().String() + " true"; plain != want || guarded != want {
		t.Errorf("http says %q, circuit_breaker %q, want %q", plain, guarded, want)
	}
	// Without the name of the transport within, too, and then the certificate is not trusted.
	t.Run("checked", func(t *testing.T) {
		want(t, "an untrusted certificate", site(t, "https://"+u.Listener.Addr().String(), "transport circuit_breaker"), 1, 502)
	})
}

func TestH2C(t *testing.T) {
	u := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	u.Config.Protocols = new(http.Protocols)
	u.Config.Protocols.SetUnencryptedHTTP2(true)
	u.Start()
	t.Cleanup(u.Close)
	if got := site1(t, "h2c://"+u.Listener.Addr().String(), "transport circuit_breaker"); got != "HTTP/2.0" {
		t.Errorf("got %q", got)
	}
}

// site1 runs a site for one request, and returns what it answers.
func site1(t *testing.T, upstreams, keys string) (body string) {
	t.Helper()
	t.Run(upstreams, func(t *testing.T) { _, body = ask(t, "GET", site(t, upstreams, keys), "") })
	return body
}

// Health checks ask the upstream though its breaker is open, and close nothing.
func TestHealthChecksPassBy(t *testing.T) {
	var checks atomic.Int32
	u := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/up" {
			checks.Add(1)
			return
		}
		w.WriteHeader(500)
	}))
	t.Cleanup(u.Close)
	url := site(t, u.Listener.Addr().String(), "health_uri /up\nhealth_interval 5ms\n"+quick)
	gatewaytest.Await(t, "open", func() bool { return get(t, url) == 503 })
	before := checks.Load()
	gatewaytest.Await(t, "more checks", func() bool { return checks.Load() > before+3 })
	want(t, "after them", url, 3, 503)
}

var block = regexp.MustCompile("(?ms)^```caddyfile site\n(.*?)^```")

// The manual's site as it is printed, with the addresses of two upstreams.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile("../../docs/CIRCUIT_BREAKER.md")
	if err != nil {
		t.Fatal(err)
	}
	found := block.FindSubmatch(manual)
	if found == nil {
		t.Fatal("the manual shows no site")
	}
	bad, good := newUpstream(t, 503), newUpstream(t, 200)
	text := strings.NewReplacer("127.0.0.1:9001", bad.address(), "127.0.0.1:9002", good.address()).Replace(string(found[1]))
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), nil)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	url := "http://" + gatewaytest.RunCaddy(t, config)
	gatewaytest.Await(t, "the breaker is open", func() bool {
		before := bad.asked.Load()
		for range 4 {
			get(t, url)
		}
		return before > 0 && bad.asked.Load() == before
	})
	want(t, "with one upstream open", url, 20, 200)
	if n := bad.asked.Load(); n < 20 || n > 40 {
		t.Errorf("until it was open, the upstream was asked %d times; 20 are needed, and few are retries", n)
	}
}
