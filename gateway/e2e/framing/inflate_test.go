package framing

import (
	"bytes"
	"compress/gzip"
	"ficus/gateway/gatewaytest"
	"fmt"
	"strings"
	"testing"
)

// What is compressed passes as it is, whoever asked for it: a megabyte of nothing costs the
// gateway the kilobyte that it takes on the wire.
func TestNothingIsInflated(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	w := start(t, func(c *conversation) {
		c.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", packed.Len(), packed.String()))
	}, blames, "stage: new")
	for _, method := range []string{"GET", "POST"} {
		for _, asked := range []string{"", "Accept-Encoding: gzip\r\n", "Accept-Encoding: identity\r\n"} {
			head := method + " /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Encoding: gzip\r\n" + asked
			text, sent := head+"\r\n", ""
			if method == "POST" {
				text = fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, packed.Len(), packed.String())
				sent = fmt.Sprintf(" length %q", packed.String())
			}
			answer := gatewaytest.Exchange(t, w.address, text, false)
			got, body, _ := strings.Cut(answer, "\r\n\r\n")
			if body != packed.String() || !strings.Contains(got, "\r\nContent-Encoding: gzip") {
				t.Errorf("%s, %q: got %q and %d bytes", method, asked, got, len(body))
			}
			want := method + " /x"
			if _, coding, ok := strings.Cut(strings.TrimSpace(asked), ": "); ok {
				want += " accept-encoding " + coding
			}
			if seen := w.new.take(); len(seen) != 1 || seen[0] != want+sent {
				t.Errorf("the backend saw %q, want %q", seen, want+sent)
			}
		}
	}
	w.blamesNobody()
}
