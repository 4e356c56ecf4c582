package e2e

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ficus/gateway/gatewaytest"
)

// badSides are new sides that do all that a side at stage shadow may do: each is started
// once, by name, and lives until the test ends.
func badSides(t testing.TB) map[string]string {
	header := strings.Repeat("h", 1000)
	answers := map[string]func(net.Conn){
		"hangs":  func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"resets": func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) },
		"breaks off": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
		},
		"floods with a body": repeat("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", strings.Repeat("x", 32<<10)),
		"floods with headers": repeat("HTTP/1.1 200 OK\r\n",
			"X-Flood: "+header+"\r\n"),
		"floods with 1xx":    repeat("", "HTTP/1.1 103 Early Hints\r\nLink: </"+header+">\r\n\r\n"),
		"is no HTTP":         repeat("", "\x00\xff garbage\r\n"),
		"trickles":           trickle,
		"is 100 × slower":    slowly,
		"is 100 × too large": repeat("HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n", strings.Repeat("x", 32<<10)),
	}
	sides := map[string]string{"refuses": "http://" + gatewaytest.FreeAddress(t)}
	for name, answer := range answers {
		sides[name] = rawSide(t, answer)
	}
	return sides
}

// rawSide reads a request's header, and then answers on the bare connection.
func rawSide(t testing.TB, answer func(net.Conn)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	var ended bool
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		defer mu.Unlock()
		ended = true
		for c := range open {
			c.Close()
		}
	})
	serve := func(c net.Conn) {
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			c.Close()
			delete(open, c)
		}()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			answer(c)
		}
	}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			if open[c] = true; ended {
				c.Close()
			}
			mu.Unlock()
			go serve(c)
		}
	}()
	return "http://" + listener.Addr().String()
}

func repeat(first, then string) func(net.Conn) {
	return func(c net.Conn) {
		_, err := io.WriteString(c, first)
		for err == nil {
			_, err = io.WriteString(c, then)
		}
	}
}

// trickle sends a byte of its answer every 20 ms, and no end.
func trickle(c net.Conn) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	for err == nil {
		<-tick.C
		_, err = io.WriteString(c, "x")
	}
}

// slowly answers right, but after 100 ms; legacy takes less than one.
func slowly(c net.Conn) {
	timer := time.NewTimer(100 * time.Millisecond)
	defer timer.Stop()
	<-timer.C
	_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(shadowBody), shadowBody)
}

var shadowBody = strings.Repeat("x", 2048)

func shadowRoutes(stage, side string) string {
	return fmt.Sprintf(`backends: { other: { addresses: [%q], shadow_limit: { timeout: 300ms } } }
routes: [ { id: x, match: GET /x, backend: other, stage: %s, policy: public } ]
`, side, stage)
}

// Whatever the new side does at stage shadow, at 100 %: no request fails, all copies are
// accounted for, and memory and goroutines stay within their bounds.
func TestShadowCanNotHurt(t *testing.T) {
	legacy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, shadowBody) }))
	t.Cleanup(legacy.Close)
	sides := badSides(t)
	g := gatewaytest.Start(t, map[string]string{
		"legacy.yaml": fmt.Sprintf("backends: { legacy: { addresses: [%q] } }\n", legacy.URL),
		"x.yaml":      shadowRoutes("legacy", sides["hangs"]),
	})
	calm := shadowLoad(t, g)
	for _, name := range slices.Sorted(maps.Keys(sides)) {
		t.Run(name, func(t *testing.T) {
			g.WriteAndAwait("x.yaml", shadowRoutes("shadow", sides[name]))
			before := shadowCounts(g, "")
			result := fmt.Sprintf("ficus_shadow_total{result=%q,", wantResult[name])
			seen := shadowCounts(g, result)
			peak := shadowLoad(t, g)
			var after float64
			gatewaytest.Await(t, "all copies to be counted", func() bool { after = shadowCounts(g, "") - before; return after >= shadowRequests })
			if after != shadowRequests {
				t.Errorf("%v copies were counted, want %d", after, shadowRequests)
			}
			if shadowCounts(g, result) == seen {
				t.Errorf("no copy came to %s", wantResult[name])
			}
			if captured, _ := g.Metric("ficus_shadow_captured_bytes"); captured != "0" {
				t.Errorf("%s bytes are still captured", captured)
			}
			if peak.heap > calm.heap+64<<20 {
				t.Errorf("%d MiB of heap in use, %d without copies", peak.heap>>20, calm.heap>>20)
			}
			if peak.goroutines > calm.goroutines+16*8+100 { // 16 copies, and what serves them in this process
				t.Errorf("%d goroutines, %d without copies", peak.goroutines, calm.goroutines)
			}
		})
	}
	g.WriteAndAwait("x.yaml", shadowRoutes("legacy", sides["hangs"]))
	g.Await("the lanes to be gone", func() bool { return !strings.Contains(g.Metrics(), "ficus_shadow_in_flight{") })
}

// wantResult is what copies to the sides come to, if not all of them.
var wantResult = map[string]string{
	"hangs": "timeout", "resets": "error", "refuses": "error", "breaks off": "error", "is no HTTP": "error", "trickles": "timeout",
	"floods with a body": "too_large", "floods with headers": "error", "floods with 1xx": "error",
	"is 100 × slower": "match", "is 100 × too large": "header",
}

// shadowCounts is how many requests have been copied or dropped, of the series that begin
// so.
func shadowCounts(g *gatewaytest.Gateway, series string) (sum float64) {
	for line := range strings.Lines(g.Metrics()) {
		if strings.HasPrefix(line, series) && (strings.HasPrefix(line, "ficus_shadow_total{") || strings.HasPrefix(line, "ficus_shadow_dropped_total{")) {
			n, _ := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]), 64)
			sum += n
		}
	}
	return sum
}

type usage struct {
	heap       uint64 // bytes in use after a collection, the most that was seen
	goroutines int
}

const (
	shadowRounds, shadowClients, shadowEach = 4, 12, 5
	shadowRequests                          = shadowRounds * shadowClients * shadowEach
)

// shadowLoad sends requests, each of which has to succeed, and returns what this process
// used meanwhile.
func shadowLoad(t *testing.T, g *gatewaytest.Gateway) (peak usage) {
	t.Helper()
	for range shadowRounds {
		var wg sync.WaitGroup
		for range shadowClients {
			wg.Go(func() {
				for range shadowEach {
					response, err := g.Client().Get(g.URL + "/x")
					if err != nil {
						t.Error(err)
						return
					}
					body, err := io.ReadAll(response.Body)
					response.Body.Close()
					if err != nil || response.StatusCode != 200 || string(body) != shadowBody {
						t.Errorf("%d, %d bytes, %v", response.StatusCode, len(body), err)
					}
				}
			})
		}
		wg.Wait()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak.heap, peak.goroutines = max(peak.heap, m.HeapAlloc), max(peak.goroutines, runtime.NumGoroutine())
	}
	return peak
}
