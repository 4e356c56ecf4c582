package pipeline

import (
	"strings"
	"testing"
	"time"

	"ficus/gateway/route"
)

// A request reaches the backend byte for byte, but for header order and case.
func TestRequestLineIsExact(t *testing.T) {
	legacy, got := rawBackend(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	g := newGateway(t, legacy, legacy)
	for _, line := range []string{
		"GET /a%2Fb/c|d/../e/;p=1//x?a=1;b=2&c=%zz HTTP/1.1",
		"GET / HTTP/1.1",
		"GET /? HTTP/1.1",
		"GET /x?? HTTP/1.1",
		"GET /x?a=%2&b HTTP/1.1",
		"GET /%7Euser/~user/%41 HTTP/1.1",
		"GET /caf\xc3\xa9/\"<>^`{}| HTTP/1.1",
		"GET //double//slash HTTP/1.1",
		"GET //double//a%2Fb HTTP/1.1",
		"GET /./a/../../b/. HTTP/1.1",
		"GET /%2e%2e/%2E/a HTTP/1.1",
		"GET /a:b@c,d;e=f$g+h!i*j'(k) HTTP/1.1",
		"GET /a#b HTTP/1.1",
		"GET /%01/%0d%0a HTTP/1.1",
		"GET /http://other/x HTTP/1.1",
		"BREW /pot HTTP/1.1",
	} {
		g.exchange(t, line+"\r\nHost: Shop.Example:81\r\nConnection: close\r\n\r\n")
		select {
		case head := <-got:
			if first, _, _ := strings.Cut(head, "\r\n"); first != line {
				t.Errorf("sent     %q\nreceived %q", line, first)
			}
			if !strings.Contains(head, "\r\nHost: Shop.Example:81\r\n") {
				t.Errorf("%q: the Host did not stay: %q", line, head)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%q did not arrive", line)
		}
	}
}

func TestTargetsThatAreRefused(t *testing.T) {
	legacy := newBackend(t, "legacy", nil)
	g := newGateway(t, legacy, legacy)
	for _, line := range []string{
		"CONNECT shop.example:443 HTTP/1.1",
		"GET http:admin HTTP/1.1",
		"GET ftp://shop.example/x HTTP/1.1",
		"GET //a%2Fb|c HTTP/1.1", // net/http would send /a/b%7Cc
		"PRI * HTTP/1.1",
		"GET * HTTP/1.1",
		"GET admin HTTP/1.1",
		"GET shop.example:80 HTTP/1.1",
		"GET ?a HTTP/1.1",
		"GET http:/admin HTTP/1.1",
		"GET http:///admin HTTP/1.1",
		"GET http://user@shop.example/admin HTTP/1.1",
		"GET http://sh%2Fop/admin HTTP/1.1",
		"GET http://shop.example:80:90/admin HTTP/1.1",
		"GET http://shop.example\\@other/admin HTTP/1.1",
		"GET /%00 HTTP/1.1",
		"GET /a%0 HTTP/1.1",
		"GET /%u0061dmin HTTP/1.1",
		"GET /a\x00b HTTP/1.1",
		"GET /a\tb HTTP/1.1",
		"GET /a b HTTP/1.1",
	} {
		answer := g.exchange(t, line+"\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 400 ") {
			t.Errorf("%s: %q", line, answer)
		}
	}
}

// TRACE is for a route that asks for it.
func TestTrace(t *testing.T) {
	legacy := newBackend(t, "legacy", nil)
	g := newGateway(t, legacy, legacy, route.Definition{ID: "trace", Match: "TRACE /trace"}, route.Definition{ID: "any", Match: "/any"})
	for path, want := range map[string]int{"/trace": 200, "/any": 405, "/": 405} {
		if answer := g.send(t, "TRACE", path, ""); answer.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
		}
	}
}

// One Host that is a name or an address, and nothing that two servers may read as two.
func TestHosts(t *testing.T) {
	legacy, got := rawBackend(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	g := newGateway(t, legacy, legacy)
	for _, host := range []string{
		"", "a, b", "a,b", "user@a", "a:80:90", "a:b", "a/b", "a?b", "a#b", "a;b", "a%2eb", "[::1", "::1", "[::1]a", "[a]", "a b", "a\tb", "\xff", strings.Repeat("a", 260),
	} {
		answer := g.exchange(t, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 400 ") {
			t.Errorf("Host %q: %q", host, answer)
		}
	}
	for _, lines := range []string{"", "Host: a\r\nHost: a\r\n", "Host: a\r\nhost: b\r\n", "Host : a\r\n", " Host: a\r\n", "X: a\r\n Host: b\r\n"} {
		answer := g.exchange(t, "GET / HTTP/1.1\r\n"+lines+"Connection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 400 ") {
			t.Errorf("%q: %q", lines, answer)
		}
	}
	for _, host := range []string{"a", "A.Example", "a.example.", "a_b", "192.0.2.1:81", "[2001:db8::1]:443", "[::1]", "xn--bcher-kva.example:8080"} {
		g.exchange(t, "GET / HTTP/1.1\r\nHost: "+host+"\r\nHOST_: other\r\nX-Host: other\r\nConnection: close\r\n\r\n")
		if head := <-got; strings.Count(strings.ToLower(head), "host") != 2 || !strings.Contains(head, "\r\nHost: "+host+"\r\n") {
			t.Errorf("Host %q: the backend got %q", host, head)
		}
	}
}

func TestAbsoluteTarget(t *testing.T) {
	legacy, got := rawBackend(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	g := newGateway(t, legacy, legacy)
	g.exchange(t, "GET http://other.example/a%2Fb|?q HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
	head := <-got
	if !strings.HasPrefix(head, "GET /a%2Fb|?q HTTP/1.1\r\nHost: other.example\r\n") {
		t.Errorf("received %q", head)
	}
}
