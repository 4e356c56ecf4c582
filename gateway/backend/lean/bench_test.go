package lean

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The backend's own work is in the figures of both.
func BenchmarkRoundTrip(b *testing.B) {
	text := strings.Repeat("x", 1024)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }))
	defer server.Close()
	plain := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 512}
	defer plain.CloseIdleConnections()
	lean := &Transport{Dial: new(net.Dialer).DialContext, Behind: plain, MaxIdle: 512, IdleFor: time.Minute, MaxHeader: 1 << 20}
	defer lean.Close()
	for name, transport := range map[string]http.RoundTripper{"net-http": plain, "lean": lean} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r, _ := http.NewRequestWithContext(b.Context(), "GET", server.URL, nil)
					answer, err := transport.RoundTrip(r)
					if err != nil {
						b.Fatal(err)
					}
					_, _ = io.Copy(io.Discard, answer.Body)
					_ = answer.Body.Close()
				}
			})
		})
	}
}
