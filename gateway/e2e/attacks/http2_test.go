package attacks

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"ficus/gateway/gatewaytest"
)

// Over HTTP/2 there is one host, too: a header that names another makes no request
// (RFC 9113, 8.3.1). And a path that HTTP/1.1
// would not have carried does not come out of the gateway as something else.
func TestPseudoHeaders(t *testing.T) {
	legacy, last := recorder(t)
	g := gatewaytest.Start(t, routeFiles(legacy))
	for _, tc := range []struct {
		name   string
		fields [][2]string
		want   string // path and host at the backend; "" for none
	}{
		{"as usual", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "/files/a"}}, "/files/a shop.example"},
		{"another host", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "/files/a"}, {"host", "evil.example"}}, ""},
		{"host alone", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":path", "/files/a"}, {"host", "shop.example"}}, "/files/a shop.example"},
		{"no host", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":path", "/files/a"}}, ""},
		{"a list of hosts", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "a,b"}, {":path", "/files/a"}}, ""},
		{"a user", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "a@shop.example"}, {":path", "/files/a"}}, ""},
		{"two paths", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "/files/a"}, {":path", "/admin/x"}}, ""},
		{"absolute path", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "http://evil.example/admin/x"}}, ""},
		{"no slash", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "admin/x"}}, ""},
		{"blank in the path", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "/files/a HTTP/1.1"}}, ""},
		{"line end in the path", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "/files/a\r\nX: /admin/x"}}, ""},
		{"line end in a header", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "/files/a"}, {"x", "a\r\nx-original-url: /admin/x"}}, ""},
		{"blank in the method", [][2]string{{":method", "GET /admin/x HTTP/1.1"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "/files/a"}}, ""},
		{"the guarded tree", [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "shop.example"}, {":path", "/files/..%2fadmin/x"}}, ""},
	} {
		stream(t, strings.TrimPrefix(g.URL, "http://"), tc.fields)
		got := ""
		if r := last(); r != nil {
			got = r.RequestURI + " " + r.Host
		}
		if got != tc.want {
			t.Errorf("%s: the backend got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// stream sends one request in cleartext HTTP/2 and waits until it has ended, however.
func stream(t *testing.T, address string, fields [][2]string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, f := range fields {
		if err := encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			t.Fatal(err)
		}
	}
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true}); err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return // the gateway has closed the connection
		}
		switch frame := frame.(type) {
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return
		case *http2.HeadersFrame:
			if frame.StreamEnded() {
				return
			}
		case *http2.DataFrame:
			if frame.StreamEnded() {
				return
			}
		}
	}
}
