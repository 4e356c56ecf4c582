package shadow

import (
	"errors"
	"net/http"
	"testing"

	"ficus/gateway/route"
)

// BenchmarkLive measures what copies cost the goroutine of the live request, for an answer
// of 2 KiB, where none is taken since the other side fails or hangs; and of one that is
// taken all that it costs, sent and compared, but for the network.
func BenchmarkLive(b *testing.B) {
	body := make([]byte, 2048)
	live := func(b *testing.B, bench *bench, r *http.Request, wait bool) {
		for b.Loop() {
			kept, reason := bench.lane.Capture(rules, 1<<18)
			if reason != "" {
				bench.route.ShadowDropped(string(reason))
				continue
			}
			kept.Begin(200, http.Header{"Content-Type": {"text/plain"}}, int64(len(body)))
			kept.Write(body)
			bench.lane.Send(&Copy{Request: r.Clone(b.Context()), Send: plainly, Count: bench.route}, kept)
			if wait {
				bench.workers.Wait()
			}
		}
	}
	answers := map[string]func(*http.Request) (*http.Response, error){
		"taken":   reply(200, string(body)),
		"failing": func(*http.Request) (*http.Response, error) { return nil, errors.New("reset") },
		"full":    hang,
	}
	for name, answer := range answers {
		b.Run(name, func(b *testing.B) {
			bench := newBench(b, route.ShadowLimit{}, answer)
			defer bench.Close()
			r := request(b)
			r.Header = http.Header{"Accept": {"*/*"}, "User-Agent": {"x"}, "Cookie": {"a=1; b=2"}, "Accept-Language": {"en"}}
			b.ReportAllocs()
			live(b, bench, r, name == "taken")
		})
	}
}
